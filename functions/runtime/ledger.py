"""What makes an event function idempotent: claim before the work, complete after it.

A claim belongs to a worker (a process). A worker that dies gives up its claims at once, because what shows it
alive is an advisory lock held by its own database connection; `lease_s` is the bound where that can't be seen.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Self

from eventing.ids import index_key
from functions.runtime.declaration import EventFunction
from functions.runtime.resources import Resources, Service

if TYPE_CHECKING:
    from eventing.cloudevent import CloudEvent
    from functions.runtime.database import Database

LEASE_MARGIN_S = 5.0


class State(Enum):
    """The outcome of a claim."""

    CLAIMED = "claimed"  # ours: do the work
    BUSY = "busy"  # another worker is on it: 409, the broker tries again
    DONE = "done"  # finished before: answer with the stored output, do not work again
    ENDED = "ended"  # nothing more to do for this event: acknowledge


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: its outcome, the stored output (`DONE`; JSON of the emitted data or None), this attempt's number."""

    state: State
    output: bytes | None = None
    attempt: int = 1


class Ledger(Service):
    """A ledger of the events (or stages of a job) that were handled, with their output."""

    __slots__ = ()

    @abstractmethod
    async def claim(self, function: EventFunction, event: CloudEvent) -> Claim:
        """Take the event for this worker, or say what became of it."""

    @abstractmethod
    async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:
        """Store the output; `DONE` with what counts (another worker's, if it was first) or `ENDED`."""

    @abstractmethod
    async def release(self, function: EventFunction, event: CloudEvent) -> None:
        """Hand the claim back so that the next delivery may work at once."""

    @abstractmethod
    async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:
        """Record that the event can never succeed; False where only the quarantine can keep it."""


class Quarantine(Service):
    """A place for events that a function refuses for good."""

    __slots__ = ()

    @abstractmethod
    async def refused(self, event: CloudEvent, *, trigger: str, code: int, reason: str) -> None:
        """Keep the event with what refused it and why."""


@dataclass(frozen=True, slots=True)
class Inbox(Ledger):
    """The inbox: a ledger by (function, source, id), table `ops.inbox`."""

    database: Database
    worker: int

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """An inbox of this process's worker, whose liveness guards its claims."""
        return cls(await resources.database(), await resources.worker())

    async def claim(self, function: EventFunction, event: CloudEvent) -> Claim:
        """One round trip."""
        lease = function.timeout_s + LEASE_MARGIN_S
        key = _key(function, event)
        row = await self.database.one(_CLAIM, (*key, self.worker, lease, *key))
        claimed, done, output = row or (None, False, None)
        if claimed is not None:
            return Claim(State.CLAIMED, attempt=claimed)
        return Claim(State.DONE, output) if done else Claim(State.BUSY)

    async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:
        """One round trip."""
        await self.database.run(_COMPLETE, (output, *_key(function, event), self.worker))
        return Claim(State.DONE, output)

    async def release(self, function: EventFunction, event: CloudEvent) -> None:
        """One round trip."""
        await self.database.run(_RELEASE, (*_key(function, event), self.worker))

    async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:  # noqa: ARG002
        """The claim is given up; a replay may succeed after a correction."""
        await self.release(function, event)
        return False


def _key(function: EventFunction, event: CloudEvent) -> tuple[str, str, str]:
    return function.name, index_key(event.source), index_key(event.id)


_CLAIM = """
WITH claimed AS (
    INSERT INTO ops.inbox AS i (function, source, id, worker, lease_until)
    VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s))
    ON CONFLICT (function, source, id) DO UPDATE
        SET worker = excluded.worker, lease_until = excluded.lease_until, attempt = i.attempt + 1
        WHERE i.done_at IS NULL
          AND (i.worker IS NULL OR i.lease_until < now() OR pg_try_advisory_xact_lock(i.worker))
    RETURNING attempt)
SELECT (SELECT attempt FROM claimed), done.done_at IS NOT NULL, done.output
FROM (SELECT 1) AS one LEFT JOIN ops.inbox AS done ON (done.function, done.source, done.id) = (%s, %s, %s)
"""
_COMPLETE = """
UPDATE ops.inbox SET done_at = now(), output = %s, worker = NULL
WHERE (function, source, id, worker) = (%s, %s, %s, %s) AND done_at IS NULL
"""
_RELEASE = """
UPDATE ops.inbox SET worker = NULL WHERE (function, source, id, worker) = (%s, %s, %s, %s) AND done_at IS NULL
"""
