"""Tells the edge who is calling, for every request that needs a login (Envoy ext_authz, HTTP protocol).

Source: envoy.extensions.filters.http.ext_authz.v3.HttpService: the check keeps the method and the path of the
request; 200 lets it pass with the headers of this answer, anything else goes to the client as it is. Nothing is
read from a database or Redis on the way: what was revoked is in memory.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from functions.auth.cookies import access_tokens
from functions.auth.revocations import Revocations
from functions.auth.tokens import Tokens
from functions.runtime import http_function


@http_function("ANY /*", public=True, timeout=2)
async def authorize(request: Request, tokens: Tokens, revocations: Revocations) -> Response:
    """Identify the caller by headers of a 200. Raises TokenRefused (401), or Unavailable where that can't be told."""
    claims = await revocations.alive(tokens.verified(access_tokens(request.headers), "access"))
    return Response(
        headers={
            "x-user-id": claims.user_id,
            "x-auth-provider": claims.provider,
            "x-auth-expires-at": str(claims.expires_at),
            "x-auth-session": claims.session,
        },
    )


new = authorize.new
