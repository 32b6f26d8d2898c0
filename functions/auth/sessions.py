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

from eventing.catalogue import EventData, to_event
from eventing.cloudevent import CloudEvent
from functions.auth.claims import Claims
from functions.auth.endings import Endings
from functions.auth.errors import TokenExpired, TokenRevoked
from functions.auth.events import SessionOpened, UserRegistered
from functions.auth.issuing import Issuing
from functions.auth.outgoing import AuthOutgoing
from functions.auth.person import Device, Person
from functions.auth.tokens import Tokens
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

SOURCE = "/eco2/auth/sessions"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The access and the refresh token of one session, just issued."""

    access: str
    refresh: str


class Sessions(Service):
    """Sessions of users: opened and renewed."""

    def __init__(
        self,
        tokens: Tokens,
        issuing: Issuing,
        database: Database,
        outgoing: AuthOutgoing,
        endings: Endings,
    ) -> None:
        self._tokens, self._issuing, self._database = tokens, issuing, database
        self._outgoing, self._endings = outgoing, endings

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database, with the signing keys."""
        tokens, issuing = await resources.get(Tokens), await resources.get(Issuing)
        outgoing, endings = await resources.get(AuthOutgoing), await resources.get(Endings)
        return cls(tokens, issuing, await resources.database(), outgoing, endings)

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
                "name": person.username,
                "email": person.email,
                "image": person.profile_image_url,
                "user": user_id,
                "id": first.id,
                "event": first.to_structured(),
            },
        )
        assert row
        known, user_id = str(row[0]) != user_id, str(row[0])
        session = str(uuid4())
        access, access_claims = self._issuing.issue("access", user_id, person.provider, session)
        refresh, refresh_claims = self._issuing.issue("refresh", user_id, person.provider, session)
        again = _event(SessionOpened(user_id=user_id, provider=person.provider, at=now), user_id)
        await self._database.run(
            _OPEN,
            {
                "session": session,
                "user": user_id,
                "provider": person.provider,
                "refresh": refresh_claims.id,
                "access": access_claims.id,
                "ttl_s": self._issuing.lifetime_s["refresh"],
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
        over = await self._database.all(_OVER, ([claims.session for claims in good],))
        used = [claims for claims in good if (claims.session,) not in over]
        await self._endings.end_named(used, "reuse")
        raise TokenRevoked if used else TokenExpired

    async def _exchange(self, claims: Claims) -> TokenPair | None:
        kept = claims.user_id, claims.provider, claims.session
        refresh, refresh_claims = self._issuing.issue("refresh", *kept)
        renewed = {
            "session": claims.session,
            "used": claims.id,
            "next": refresh_claims.id,
            "ttl_s": self._issuing.lifetime_s["refresh"],
            "most": self._issuing.login_days,
        }
        if await self._database.one(_RENEW, renewed) is None:
            return None
        return TokenPair(self._issuing.issue("access", *kept)[0], refresh)


def _event(data: EventData, user_id: str) -> CloudEvent:
    return to_event(data, source=SOURCE, subject=user_id, userid=user_id)


# The event leaves with the row that it tells of; a person who is known keeps the id of the first time.
_IDENTIFY = """
WITH identity AS (
    INSERT INTO auth.identities AS i (provider, provider_user_id, user_id, username, email, profile_image_url)
    VALUES (%(provider)s, %(person)s, %(user)s, %(name)s, %(email)s, %(image)s)
    ON CONFLICT (provider, provider_user_id) DO UPDATE
        SET last_login_at = now(), username = excluded.username, email = excluded.email,
            profile_image_url = excluded.profile_image_url
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
SET refresh_jti = %(next)s, renewed_at = now(),
    expires_at = least(now() + make_interval(secs => %(ttl_s)s), issued_at + make_interval(days => %(most)s))
WHERE id = %(session)s AND refresh_jti = %(used)s AND ended_at IS NULL AND expires_at > now()
RETURNING id
"""
# A login that was renewed for as long as one may be; its last refresh token may look good for longer.
_OVER = "SELECT id::text FROM auth.sessions WHERE id = ANY(%s::uuid[]) AND ended_at IS NULL AND expires_at <= now()"
