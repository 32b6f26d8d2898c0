"""GET /api/v1/auth/.well-known/jwks.json: the public keys that verify our tokens."""

from __future__ import annotations

from starlette.responses import JSONResponse

from functions.auth.tokens import Tokens
from functions.runtime import http_function


@http_function("GET /api/v1/auth/.well-known/jwks.json", public=True)
async def jwks(tokens: Tokens) -> JSONResponse:
    """The current key and the next one, so that verifiers know it before it is used."""
    return JSONResponse(tokens.keys.jwks(), headers={"cache-control": "public, max-age=300"})


new = jwks.new
