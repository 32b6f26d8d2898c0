"""Event streams of jobs as functions give them: from the last event that a client has, as long as its login holds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, ClassVar, Self
from uuid import UUID

from functions.runtime.logins import EndedLogins, ended_logins
from functions.runtime.request import User
from functions.runtime.resources import Service
from functions.runtime.shares import Place, Shares

if TYPE_CHECKING:
    from sse_starlette import ServerSentEvent
    from starlette.requests import Request

    from eventing.progress.gateway import Gateway
    from eventing.progress.record import History
    from functions.runtime.resources import Resources


class JobStreams(Service):
    """The streams of one domain's jobs: one gateway a process, and the places that each user has for them."""

    domain: ClassVar[str]

    def __init__(self, gateway: Gateway, logins: EndedLogins, shares: Shares, most: int) -> None:
        self.gateway, self.logins, self.shares, self._most = gateway, logins, shares, most

    @classmethod
    @abstractmethod
    def most(cls, resources: Resources) -> int:
        """How many streams one user may have open at once."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A gateway over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), cls.domain)
        resources.on_stop(gateway.stop)
        resources.on_close(gateway.close)
        logins = await ended_logins(resources)
        logins.on_end(gateway.end_login)
        return cls(gateway, logins, await resources.get(Shares), cls.most(resources))

    async def place(self, user_id: str) -> Place:
        """A place for one more stream of the user. Raises TooMany."""
        return await self.shares.stream(f"{self.domain}-streams", user_id, self._most)

    async def follow(
        self, job_id: UUID, user: User, *, after: int | None, history: History, trace: Mapping[str, str]
    ) -> AsyncGenerator[ServerSentEvent] | None:
        """The job's events with seq above `after`; None when that was the last one. Raises TooMany."""
        job = str(job_id)
        if after is not None and await self.gateway.ended(job, after, history):
            return None  # 204: a browser that asks again and again stops
        place = await self.place(user.id)
        # The login may have ended since the check.
        expires_at = 0.0 if self.logins.ended(user.session) else user.expires_at
        events = self.gateway.follow(
            job, after=after, history=history, expires_at=expires_at, session=user.session, trace=trace
        )
        return self.shares.during(place, events)


def last_seq(request: Request) -> int | None:
    """The number in `Last-Event-ID`; None where there is none."""
    told = request.headers.get("last-event-id", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else None
