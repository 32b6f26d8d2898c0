"""Publishes the keys that verify our tokens, as a JSON Web Key Set (RFC 7517)."""

from __future__ import annotations

from starlette.responses import JSONResponse

from functions.auth.answers import KeySet
from functions.auth.tokens import Tokens
from functions.runtime import http_function


@http_function("GET /api/v1/auth/.well-known/jwks.json", public=True, answers={200: KeySet})
async def jwks(tokens: Tokens) -> JSONResponse:
    """Public keys: the current one and the next one, so that verifiers know it before it is used."""
    return JSONResponse(tokens.keys().jwks(), headers={"cache-control": "public, max-age=300"})


new = jwks.new
