"""Sign-ins that have begun: what is remembered under the state while a person is with the identity provider.

The state works once – reading it deletes it – for BROWSER_TTL_S, and in the browser that began alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from functions.auth.cookies import BROWSER_TTL_S
from functions.runtime.errors import Unavailable
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.resources import Resources

MAX_STATE = 128


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that has begun. `browser` is a digest of the secret in the browser's cookie."""

    provider: str
    verifier: str
    redirect_uri: str
    frontend: str
    device_id: str | None
    browser: str

    def began_in(self, secrets: Iterable[str]) -> bool:
        """Whether one of the browser's cookies is that of the browser which began."""
        return any(hmac.compare_digest(self.browser, digest(secret)) for secret in secrets)


def digest(secret: str) -> str:
    """What is stored of a browser's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class PendingSignIns(Service):
    """Pending sign-ins in the Redis of the role `state`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over Redis."""
        return cls(await resources.redis("state"))

    async def remember(self, state: str, pending: PendingSignIn) -> None:
        """Keep it for BROWSER_TTL_S. Raises Unavailable."""
        from redis.exceptions import RedisError

        try:
            await self._redis.set(_key(state), json.dumps(asdict(pending)), ex=BROWSER_TTL_S)
        except (RedisError, OSError) as error:
            raise Unavailable("Sign-in can't begin at the moment; try again.") from error

    async def take(self, state: str) -> PendingSignIn | None:
        """What is remembered, which is forgotten by this; None for a state that is unknown, old or used."""
        if not 1 <= len(state) <= MAX_STATE:
            return None
        found = await self._redis.getdel(_key(state))
        return PendingSignIn(**json.loads(found)) if found else None


def _key(state: str) -> str:
    return f"oauth:state:{state}"
