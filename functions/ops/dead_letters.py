"""The quarantine of dead letters: stored once, listed, and sent into the Broker again by a person or when due.

Table ops.quarantine has one row a (source, id, trigger). A redriven event carries the extension `redrive`, the
number of times it was sent again; by it a letter that failed once more is told from a letter delivered twice.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

from eventing.cloudevent import CloudEvent, InvalidCloudEvent
from eventing.errors import PublishFailed
from eventing.ids import index_key
from eventing.outbox import Outbox
from functions.runtime.ledger import Quarantine

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

_log = logging.getLogger(__name__)
REDRIVE_LIMIT = 5
REDRIVE_DELAY_S = 300.0
FAILURES_IN_A_ROW = 3
_ERROR_EXTENSIONS = ("knativeerrordest", "knativeerrorcode", "knativeerrordata")
State = Literal["held", "redriven", "exhausted", "discarded"]
Publish = Callable[[CloudEvent], Awaitable[None]]

_COLUMNS = (
    "id, source, event_id, trigger, type, subject, error_code, error_data, state, redrives, due_at, "
    "first_seen_at, last_seen_at"
)
_STORE = """
WITH held AS (INSERT INTO ops.quarantine AS held
    (source, event_id, trigger, type, subject, attributes, data, error_code, error_data, redrives, state, due_at)
VALUES (%(source)s, %(event_id)s, %(trigger)s, %(type)s, %(subject)s, %(attributes)s::jsonb, %(data)s,
    %(error_code)s, %(error_data)s, %(redrives)s, %(state)s,
    now() + make_interval(secs => %(delay_s)s::float8))
ON CONFLICT (source, event_id, trigger) DO UPDATE SET
    error_code = excluded.error_code, error_data = excluded.error_data, redrives = excluded.redrives,
    state = excluded.state, due_at = excluded.due_at, last_seen_at = now()
WHERE excluded.redrives > held.redrives OR (excluded.redrives = held.redrives AND held.state = 'redriven')
RETURNING id
), told AS (
    INSERT INTO ops.outbox (id, event)
    SELECT %(outbox_id)s::uuid, %(outbox_event)s FROM held WHERE %(outbox_id)s::uuid IS NOT NULL
    ON CONFLICT (id) DO NOTHING
)
SELECT id FROM held
"""
_LIST = f"""
SELECT {_COLUMNS} FROM ops.quarantine
WHERE (%(state)s::text IS NULL OR state = %(state)s) AND (%(type)s::text IS NULL OR type = %(type)s)
    AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608 - constants only
_SHOW = f"SELECT {_COLUMNS}, attributes, data FROM ops.quarantine WHERE id = %s"  # noqa: S608
_COUNTS = "SELECT state, count(*) FROM ops.quarantine GROUP BY state"
_CLAIM = "SELECT attributes, data, redrives FROM ops.quarantine WHERE id = %s FOR UPDATE"
_CLAIM_DUE = """
SELECT id, attributes, data, redrives FROM ops.quarantine WHERE state = 'held' AND due_at <= now()
ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_REDRIVEN = """
UPDATE ops.quarantine SET state = 'redriven', redrives = redrives + 1, due_at = NULL, last_seen_at = now()
WHERE id = %s
"""
# Behind the others; not counted, for it was the broker that did not take it.
_LATER = """
UPDATE ops.quarantine SET due_at = now() + make_interval(secs => %s), last_seen_at = now() WHERE id = %s
"""
_NEVER = "UPDATE ops.quarantine SET state = 'exhausted', due_at = NULL, last_seen_at = now() WHERE id = %s"
_DISCARD = """
UPDATE ops.quarantine SET state = 'discarded', due_at = NULL, last_seen_at = now()
WHERE id = ANY(%s) AND state <> 'discarded' RETURNING id
"""


class UnknownDeadLetter(LookupError):
    """No dead letter has this id."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter without its event; `error_data` is Base64 as the broker wrote it."""

    id: int
    source: str
    event_id: str
    trigger: str
    type: str
    subject: str | None
    error_code: int | None
    error_data: str | None
    state: State
    redrives: int
    due_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def reason(self) -> str:
        """The beginning of what the subscriber answered; empty where that is not known."""
        try:
            return base64.b64decode(self.error_data or "", validate=True).decode("utf-8", "replace")
        except ValueError:
            return ""


class DeadLetters(Quarantine):
    """The quarantine; at most `redrive_limit` times a letter is due, after `redrive_delay_s`·2ⁿ each."""

    def __init__(
        self,
        database: Database,
        *,
        redrive_limit: int = REDRIVE_LIMIT,
        redrive_delay_s: float = REDRIVE_DELAY_S,
    ) -> None:
        self.database = database
        self.redrive_limit = redrive_limit
        self.redrive_delay_s = redrive_delay_s

    @classmethod
    async def open(cls, resources: Resources) -> DeadLetters:
        """The quarantine in the process's database."""
        return cls(await resources.database())

    async def store(self, event: CloudEvent, told: CloudEvent | None = None) -> bool:
        """Store a dead letter as the broker delivers it; whether it is new or failed again, not a repeat.

        `told` is what announces it: it lies in the outbox then, and is the caller's to send.
        """
        redrives = _redrives(event)
        state: State = "held" if redrives < self.redrive_limit else "exhausted"
        delay_s = self.redrive_delay_s * 2.0**redrives if state == "held" else None
        return await self._hold(
            event,
            trigger=failed_at(event),
            code=error_code(event),
            error_data=event.extensions.get("knativeerrordata"),
            state=state,
            delay_s=delay_s,
            told=told,
        )

    async def refused(self, event: CloudEvent, *, trigger: str, code: int, reason: str) -> None:
        """Store an event that a function can never take (a broker drops it after a 4xx); it is never due by itself."""
        error_data = base64.b64encode(reason.encode()[:768]).decode()
        await self._hold(event, trigger=trigger, code=code, error_data=error_data, state="held", delay_s=None)

    async def list(
        self,
        *,
        state: State | None = None,
        type: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[DeadLetter]:
        """Dead letters, the newest first; `before` an id continues an earlier list."""
        rows = await self.database.all(
            _LIST, {"state": state, "type": type, "before": before, "limit": limit}
        )
        return [DeadLetter(*row) for row in rows]

    async def show(self, id: int) -> tuple[DeadLetter, CloudEvent]:
        """A dead letter and its event as it was before it failed. Raises UnknownDeadLetter."""
        row = await self.database.one(_SHOW, (id,))
        if row is None:
            raise UnknownDeadLetter(f"no dead letter {id}")
        *columns, attributes, data = row
        return DeadLetter(*columns), CloudEvent.of(attributes, data)

    async def replay(self, publish: Publish, *ids: int) -> None:
        """Send these dead letters again now, whatever their state.

        Raises UnknownDeadLetter and PublishFailed; those before the failing one are sent.
        """
        for id in ids:
            async with self._transaction() as connection:
                row = await (await connection.execute(_CLAIM, (id,))).fetchone()
                if row is None:
                    raise UnknownDeadLetter(f"no dead letter {id}")
                await self._send(connection, publish, id, *row)

    async def redrive_due(self, publish: Publish, *, at_most: int = 100) -> int:
        """Send what is due, oldest first, until `at_most` or until the Broker took none of three; how many were sent.

        What it does not take is due again later, what it never will is exhausted: neither holds up those behind it.
        Expired events are discarded. Safe to run several times at once.
        """
        sent = failed = 0
        for _ in range(at_most):
            async with self._transaction() as connection:
                row = await (await connection.execute(_CLAIM_DUE)).fetchone()
                if row is None or failed == FAILURES_IN_A_ROW:
                    break
                id, attributes, data, redrives = row
                if _expired(attributes):
                    await connection.execute(_DISCARD, ([id],))
                    continue
                try:
                    await self._send(connection, publish, id, attributes, data, redrives)
                except (InvalidCloudEvent, PublishFailed) as failure:
                    _log.warning("dead letter %d was not taken: %s", id, failure)
                    if isinstance(failure, PublishFailed) and failure.retryable:
                        await connection.execute(_LATER, (self.redrive_delay_s, id))
                        failed += 1
                    else:
                        await connection.execute(_NEVER, (id,))
                    continue
                sent, failed = sent + 1, 0
        return sent

    async def counts(self) -> dict[State, int]:
        """How many letters are in each state, 0 included."""
        found = {state: int(count) for state, count in await self.database.all(_COUNTS)}
        return {state: found.get(state, 0) for state in get_args(State)}

    async def discard(self, *ids: int) -> int:
        """Mark dead letters that shall never be sent again; how many were not discarded before."""
        return len(await self.database.all(_DISCARD, (list(ids),)))

    async def _hold(
        self,
        event: CloudEvent,
        *,
        trigger: str,
        code: int | None,
        error_data: str | None,
        state: State,
        delay_s: float | None,
        told: CloudEvent | None = None,
    ) -> bool:
        original = without_errors(event)
        values = {
            "source": index_key(event.source),
            "event_id": index_key(event.id),
            "trigger": index_key(trigger),
            "type": event.type,
            "subject": event.subject,
            "attributes": json.dumps(original.attributes(), ensure_ascii=False),
            "data": event.data,
            "error_code": code,
            "error_data": error_data,
            "redrives": _redrives(event),
            "state": state,
            "delay_s": delay_s,
            **(Outbox.row(UUID(told.id), told) if told else {"outbox_id": None, "outbox_event": None}),
        }
        return await self.database.one(_STORE, values) is not None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        pool = await self.database.pool()
        async with pool.connection() as connection, connection.transaction():
            yield connection

    async def _send(
        self,
        connection: AsyncConnection[Any],
        publish: Publish,
        id: int,
        attributes: Mapping[str, str],
        data: bytes,
        redrives: int,
    ) -> None:
        # The row stays locked while the event is under way: should it fail again at once, storing it waits.
        await publish(CloudEvent.of({**attributes, "redrive": str(redrives + 1)}, data))
        await connection.execute(_REDRIVEN, (id,))


def _expired(attributes: Mapping[str, str]) -> bool:
    """Whether the event's time is over; also at times that Python does not know, such as the year 0."""
    expiry = attributes.get("expirytime")
    if not expiry:
        return False
    try:
        return datetime.fromisoformat(re.sub(r":60(?=[.Zz+-])", ":59", expiry.upper())) <= datetime.now(UTC)
    except ValueError:
        return True


def failed_at(event: CloudEvent) -> str:
    """The name of the subscriber that failed: the function's name, which is the first label of the host in its URL."""
    destination = event.extensions.get("knativeerrordest", "")
    host = urlsplit(destination if "//" in destination else f"//{destination}").hostname or ""
    return host if host.replace(".", "").isdigit() else host.partition(".")[0]


def without_errors(event: CloudEvent) -> CloudEvent:
    """The event without the attributes that a broker added about its failure."""
    attributes = {name: value for name, value in event.attributes().items() if name not in _ERROR_EXTENSIONS}
    return CloudEvent.of(attributes, event.data)


def _redrives(event: CloudEvent) -> int:
    count = event.extensions.get("redrive", "0")
    return int(count) if re.fullmatch(r"[0-9]{1,5}", count) else 0


def error_code(event: CloudEvent) -> int | None:
    """The status that a dead letter's subscriber answered with, -1 without an answer; None where it is not told."""
    code = event.extensions.get("knativeerrorcode", "")
    return int(code) if re.fullmatch(r"-?[0-9]{1,5}", code) else None
