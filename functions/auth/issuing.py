"""Access and refresh tokens, issued. Functions whose code reaches this module are given the private keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import uuid4

from functions.auth.claims import Claims, Kind
from functions.auth.errors import SigningKeysError
from functions.auth.settings import AuthSettings
from functions.auth.tokens import ALGORITHM, Tokens
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources


class Issuing(Service):
    """Signs tokens that `tokens` verifies."""

    def __init__(
        self,
        tokens: Tokens,
        *,
        access_ttl_s: int = 1800,
        refresh_ttl_s: int = 1_209_600,
        login_days: int = 180,
    ) -> None:
        self._tokens, self.login_days = tokens, login_days
        self.lifetime_s: dict[Kind, int] = {"access": access_ttl_s, "refresh": refresh_ttl_s}

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Tokens that live as long as configured. Raises Unavailable where there are no keys."""
        settings = resources.settings(AuthSettings)
        return cls(
            await resources.get(Tokens),
            access_ttl_s=settings.access_ttl_s,
            refresh_ttl_s=settings.refresh_ttl_s,
            login_days=settings.login_days,
        )

    def issue(self, kind: Kind, user_id: str, provider: str, session: str) -> tuple[str, Claims]:
        """A new token and its claims. Raises SigningKeysError where only public keys are."""
        import jwt

        keys = self._tokens.keys()
        if keys.private is None:
            raise SigningKeysError(f"no private key for {keys.kid}: this process can't sign")
        now = int(self._tokens.now())
        claims = Claims(str(uuid4()), kind, user_id, provider, session, now, now + self.lifetime_s[kind])
        payload = {
            "iss": self._tokens.issuer,
            "aud": self._tokens.audience,
            "sub": user_id,
            "jti": claims.id,
            "type": kind,
            "iat": now,
            "nbf": now,
            "exp": claims.expires_at,
            "provider": provider,
            "sid": session,
        }
        text = jwt.encode(payload, keys.private, ALGORITHM, headers={"kid": keys.kid})
        return text, claims
