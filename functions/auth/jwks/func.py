"""GET /api/v1/auth/.well-known/jwks.json: the public keys that verify our tokens."""

from __future__ import annotations

from functions.auth.tokens import Tokens
from functions.runtime import Reply, http_function


@http_function("GET /api/v1/auth/.well-known/jwks.json", public=True)
async def jwks(tokens: Tokens) -> Reply:
    """The current key and the next one, so that verifiers know it before it is used."""
    return Reply.json(tokens.keys.jwks(), headers={"cache-control": "public, max-age=300"})


new = jwks.new
