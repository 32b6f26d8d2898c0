"""Logins: who signed in where, and the one refresh token that is good for each. Tables of schema `auth`.

A refresh token works once. Using one again means that two parties hold it, so the whole session ends (RFC 9700,
section 4.14.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from starlette.requests import Request

from eventing.catalogue import EventData, to_event
from eventing.cloudevent import CloudEvent
from functions.auth.endings import Endings, Reason
from functions.auth.errors import TokenRevoked
from functions.auth.events import SessionOpened, UserRegistered
from functions.auth.outgoing import AuthOutgoing
from functions.auth.tokens import Claims, Tokens
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

SOURCE = "/eco2/auth/sessions"
MAX_TEXT = 512


@dataclass(frozen=True, slots=True)
class Person:
    """A person as an identity provider describes them."""

    provider: str
    provider_user_id: str
    username: str
    email: str | None = None
    profile_image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """The device that somebody signs in from."""

    ip: str
    user_agent: str
    device_id: str | None = None

    @classmethod
    def of(cls, request: Request, device_id: str | None) -> Self:
        """The device of a request, by the name that its client gave it when it began to sign in.

        The first address of X-Forwarded-For is the one that the edge itself saw; proxies behind it add theirs.
        """
        direct = request.client.host if request.client else ""
        ip = request.headers.get("x-forwarded-for", "").partition(",")[0].strip() or direct
        agent = request.headers.get("user-agent", "")
        named = "".join(character for character in device_id or "" if character.isprintable())
        return cls(ip[:MAX_TEXT], agent[:MAX_TEXT], named[:MAX_TEXT] or None)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The access and the refresh token of one session, just issued."""

    access: str
    refresh: str


class Sessions(Service):
    """Sessions of users: opened, renewed and ended."""

    def __init__(self, tokens: Tokens, database: Database, outgoing: AuthOutgoing, endings: Endings) -> None:
        self._tokens, self._database = tokens, database
        self._outgoing, self._endings = outgoing, endings

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database, with the signing keys."""
        tokens, outgoing = await resources.get(Tokens), await resources.get(AuthOutgoing)
        return cls(tokens, await resources.database(), outgoing, await resources.get(Endings))

    async def sign_in(self, person: Person, device: Device) -> TokenPair:
        """Open a session for a person, who becomes a user at the first time; two round trips."""
        user_id = str(uuid4())
        now = datetime.now(UTC)
        registered = UserRegistered(
            user_id=user_id,
            provider=person.provider,
            provider_user_id=person.provider_user_id,
            username=person.username,
            email=person.email,
            profile_image_url=person.profile_image_url,
            at=now,
        )
        first = _event(registered, user_id)
        row = await self._database.one(
            _IDENTIFY,
            {
                "provider": person.provider,
                "person": person.provider_user_id,
                "user": user_id,
                "id": first.id,
                "event": first.to_structured(),
            },
        )
        assert row
        known, user_id = str(row[0]) != user_id, str(row[0])
        session = str(uuid4())
        access, access_claims = self._tokens.issue("access", user_id, person.provider, session)
        refresh, refresh_claims = self._tokens.issue("refresh", user_id, person.provider, session)
        again = _event(SessionOpened(user_id=user_id, provider=person.provider, at=now), user_id)
        await self._database.run(
            _OPEN,
            {
                "session": session,
                "user": user_id,
                "provider": person.provider,
                "refresh": refresh_claims.id,
                "access": access_claims.id,
                "ttl_s": self._tokens.lifetime_s["refresh"],
                "device": device.device_id,
                "agent": device.user_agent,
                "ip": device.ip,
                "known": known,
                "id": again.id,
                "event": again.to_structured(),
            },
        )
        await self._outgoing.send(again if known else first)
        return TokenPair(access, refresh)

    async def renew(self, texts: Sequence[str]) -> TokenPair:
        """Exchange a refresh token, which is used up, for new tokens. Raises TokenRefused.

        Of several that a browser sends, an older cookie may hold one that was used: only when none works, using one
        again ends its session.
        """
        good = self._tokens.verified(texts, "refresh")
        for claims in good:
            if pair := await self._exchange(claims):
                return pair
        await self._end(good, "reuse")
        raise TokenRevoked

    async def _exchange(self, claims: Claims) -> TokenPair | None:
        kept = claims.user_id, claims.provider, claims.session
        refresh, refresh_claims = self._tokens.issue("refresh", *kept)
        renewed = {
            "session": claims.session,
            "used": claims.id,
            "next": refresh_claims.id,
            "ttl_s": self._tokens.lifetime_s["refresh"],
        }
        if await self._database.one(_RENEW, renewed) is None:
            return None
        return TokenPair(self._tokens.issue("access", *kept)[0], refresh)

    async def end(self, access: Sequence[str], refresh: Sequence[str]) -> None:
        """End the sessions that good tokens name; bad ones have nothing to end."""
        await self._end(self._tokens.good(refresh, "refresh") + self._tokens.good(access, "access"), "logout")

    async def relay(self, *, grace_s: float = 6.0) -> int:
        """Publish events that could not be published at once; returns how many events the broker took.

        What was revoked is forgotten when every token of it has expired.
        """
        await self._database.run(_FORGET)
        return await self._outgoing.relay(grace_s=grace_s)

    async def _end(self, named: Sequence[Claims], reason: Reason) -> None:
        for session, user_id in {(claims.session, claims.user_id) for claims in named}:
            known_by = [claims for claims in named if claims.session == session]
            await self._endings.end(session, user_id, reason, known_by)


def _event(data: EventData, user_id: str) -> CloudEvent:
    return to_event(data, source=SOURCE, subject=user_id, userid=user_id)


# The event leaves with the row that it tells of; a person who is known keeps the id of the first time.
_IDENTIFY = """
WITH identity AS (
    INSERT INTO auth.identities AS i (provider, provider_user_id, user_id)
    VALUES (%(provider)s, %(person)s, %(user)s)
    ON CONFLICT (provider, provider_user_id) DO UPDATE SET last_login_at = now()
    RETURNING user_id
), event AS (
    INSERT INTO auth.outbox (id, event) SELECT %(id)s, %(event)s FROM identity WHERE user_id = %(user)s
)
SELECT user_id FROM identity
"""
_OPEN = """
WITH session AS (
    INSERT INTO auth.sessions (id, user_id, provider, refresh_jti, device_id, user_agent, expires_at)
    VALUES (%(session)s, %(user)s, %(provider)s, %(refresh)s, %(device)s, %(agent)s,
            now() + make_interval(secs => %(ttl_s)s))
), audit AS (
    INSERT INTO auth.login_audits (user_id, provider, jti, ip, user_agent)
    VALUES (%(user)s, %(provider)s, %(access)s, %(ip)s, %(agent)s)
)
INSERT INTO auth.outbox (id, event) SELECT %(id)s, %(event)s WHERE %(known)s
"""
_RENEW = """
UPDATE auth.sessions
SET refresh_jti = %(next)s, renewed_at = now(), expires_at = now() + make_interval(secs => %(ttl_s)s)
WHERE id = %(session)s AND refresh_jti = %(used)s AND ended_at IS NULL AND expires_at > now()
RETURNING id
"""
_FORGET = "DELETE FROM auth.revocations WHERE expires_at < now()"
