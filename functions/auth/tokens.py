"""Access and refresh tokens, verified: JWT signed with RS256, by PyJWT (RFC 7519; rules of RFC 8725).

A verified token is remembered by its exact text until it expires, so that a busy client costs one signature
check instead of one a request; its time is checked every time. What was revoked `functions.auth.revocations` knows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from functions.auth.claims import LEEWAY_S, Claims, Kind
from functions.auth.errors import (
    SigningKeysError,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenRefused,
)
from functions.auth.keys import KeyFolder, SigningKeys
from functions.auth.settings import AuthSettings
from functions.runtime.errors import Unavailable
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
ALGORITHM = "RS256"
REQUIRED = ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "type", "provider", "sid"]
MAX_CHARS = 4096
REMEMBERED = 4096


class Tokens(Service):
    """Verifies tokens of one issuer for one audience. `keys` gives those of the moment."""

    def __init__(
        self,
        keys: Callable[[], SigningKeys],
        *,
        issuer: str,
        audience: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self.issuer, self.audience, self.now = issuer, audience, now
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Tokens by the keys of the configured folder. Raises Unavailable, so that checks fail closed."""
        settings = resources.settings(AuthSettings)
        try:
            folder = await asyncio.to_thread(_load, settings.signing_keys)
        except SigningKeysError as error:
            log.exception("signing keys")
            raise Unavailable(
                "Sign-in can't be checked at the moment; try again.", code="NOT_CONFIGURED"
            ) from error
        return cls(folder.keys, issuer=settings.issuer, audience=settings.audience)

    def verify(self, text: str, kind: Kind) -> Claims:
        """The claims of a token that is good now, revoked or not. Raises TokenInvalid or TokenExpired."""
        claims = self._verified.get(text)
        if claims is None:
            claims = self._check(text)
            self._verified[text] = claims
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        if claims.expires_at + LEEWAY_S <= self.now():
            del self._verified[text]
            raise TokenExpired
        if claims.kind != kind:
            raise TokenInvalid
        return claims

    def verified(self, texts: Sequence[str], kind: Kind) -> list[Claims]:
        """The claims of the good ones among the tokens that a client sent, the newest first. Raises TokenRefused."""
        if good := self.good(texts, kind):
            return good
        if not texts:
            raise TokenMissing
        return [self.verify(texts[0], kind)]  # to say why it is none

    def good(self, texts: Sequence[str], kind: Kind) -> list[Claims]:
        """The claims of those tokens that are good now, the newest first."""
        found = []
        for text in texts:
            with suppress(TokenRefused):
                found.append(self.verify(text, kind))
        return sorted(found, key=lambda claims: claims.issued_at, reverse=True)

    def _check(self, text: str) -> Claims:
        """The claims of a token that was not seen before. Raises TokenInvalid or TokenExpired."""
        import jwt

        # One text a token: PyJWT forgives padding.
        if len(text) > MAX_CHARS or not text.isascii() or "=" in text:
            raise TokenInvalid
        try:
            key = self.keys().public[jwt.get_unverified_header(text)["kid"]]
            payload = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
            return _claims(payload)
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, KeyError, ValueError):
            raise TokenInvalid from None


def _load(folder: str) -> KeyFolder:
    if not folder:
        raise SigningKeysError("ECO2_SIGNING_KEYS is not set: the folder with the keys that sign tokens")
    keys = KeyFolder(Path(folder))
    __import__("jwt")  # 0.2 s of imports, here in a thread instead of in the first request
    return keys


def _claims(payload: dict[str, Any]) -> Claims:
    """Claims from a verified payload. Raises ValueError where claims of our own have another form."""
    kind = payload["type"]
    texts = [payload[name] for name in ("jti", "sub", "provider", "sid")]
    # They become header values.
    if not all(isinstance(text, str) and text and text.isascii() and text.isprintable() for text in texts):
        raise ValueError("claims of the wrong form")
    if kind not in get_args(Kind):
        raise ValueError("a token of another kind")
    jti, user_id, provider, session = texts
    return Claims(jti, kind, user_id, provider, session, int(payload["iat"]), int(payload["exp"]))
