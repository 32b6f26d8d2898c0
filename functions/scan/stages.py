"""The ledger of scan stages: by (job, stage), so that no stage is worked on, or paid for, twice.

Two round trips a stage at most, claim and store, shared with other jobs' under load. The stored output is the
truth from which a lost event, a lost stream and the final result are made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

from eventing.batch import Batch
from functions.runtime.errors import Reject, Retry
from functions.runtime.ledger import LEASE_MARGIN_S, Claim, Ledger, State
from functions.runtime.telemetry import spent_usd
from functions.runtime.text import identifier
from functions.scan.jobs import Jobs
from functions.scan.pipeline import STAGES, after
from functions.scan.progress import ScanProgress

if TYPE_CHECKING:
    from eventing.cloudevent import CloudEvent
    from functions.runtime.database import Database, Row
    from functions.runtime.declaration import EventFunction
    from functions.runtime.resources import Resources

PACE_S = 0.004  # claims and outputs of 4 ms share a statement: a commit costs more than they do
REDRIVEN = "redrive"  # extension of an event that was replayed from the dead letters


class Stages(Ledger):
    """Stages of scan jobs: claimed, stored, and told to the user."""

    def __init__(self, database: Database, worker: int, jobs: Jobs, progress: ScanProgress) -> None:
        self.database, self.worker, self.jobs, self.progress = database, worker, jobs, progress
        self._claims: Batch[_Asked, Row | None] = Batch(self._claim_all, pace_s=PACE_S, whole=(Retry,))
        self._outputs: Batch[_Output, Row | None] = Batch(self._store_all, pace_s=PACE_S, whole=(Retry,))

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Stages claimed by this process's worker, whose liveness guards its claims."""
        return cls(
            await resources.database(),
            await resources.worker(),
            await resources.get(Jobs),
            await resources.get(ScanProgress),
        )

    async def claim(self, function: EventFunction, event: CloudEvent) -> Claim:
        """Take the stage unless it is done, being worked on, overtaken or its job is over."""
        stage = STAGES[function.stage or ""]
        following = after(stage)
        if REDRIVEN in event.extensions:
            await self.jobs.reopen(event.subject or "")
        asked = _Asked(
            _job_id(event),
            stage.name,
            following.name if following else "",
            event.id,
            function.timeout_s + LEASE_MARGIN_S,
        )
        row = await self._claims.add(asked)
        if row is None:
            return Claim(State.ENDED)  # the job was deleted with its user
        attempt, output, overtaken, active = row
        if attempt is not None:
            await self.progress.started(event.subject or "", stage)
            return Claim(State.CLAIMED, attempt=attempt)
        if not active or overtaken:
            return Claim(State.ENDED)
        if output is None:
            return Claim(State.BUSY)
        await self.progress.completed(event.subject or "", stage)
        return Claim(State.DONE, bytes(output))

    async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:
        """Store the stage's output; what another worker stored first counts."""
        stage = STAGES[function.stage or ""]
        row = await self._outputs.add(_Output(_job_id(event), stage.name, output or b"", spent_usd()))
        stored, active = row or (None, False)
        if not active or stored is None:
            return Claim(State.ENDED)
        await self.progress.completed(event.subject or "", stage)
        return Claim(State.DONE, bytes(stored))

    async def release(self, function: EventFunction, event: CloudEvent) -> None:
        """Hand the stage back."""
        await self.database.run(_RELEASE, (spent_usd(), event.subject, function.stage, self.worker))

    async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:  # noqa: ARG002
        """End the job here and tell the user; an event of no job is left to the quarantine."""
        return await self.jobs.fail(event.subject or "", code)

    async def _claim_all(self, asked: Sequence[_Asked]) -> Sequence[Row | None]:
        return await self._by_number(_CLAIM, asked)

    async def _store_all(self, outputs: Sequence[_Output]) -> Sequence[Row | None]:
        return await self._by_number(_COMPLETE, outputs)

    async def _by_number(self, sql: str, rows: Sequence[NamedTuple]) -> Sequence[Row | None]:
        columns = {f"c{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))}
        found = {row[0]: row[1:] for row in await self.database.all(sql, {**columns, "worker": self.worker})}
        return [found.get(number) for number in range(1, len(rows) + 1)]


class _Asked(NamedTuple):
    job: UUID
    stage: str
    next: str
    event_id: str
    lease_s: float


class _Output(NamedTuple):
    job: UUID
    stage: str
    output: bytes
    cost_usd: float


def _job_id(event: CloudEvent) -> UUID:
    job_id = identifier(event.subject or "")
    if job_id is None:
        raise Reject("EVENT_SUBJECT_INVALID", "The event's subject is no id of a job.")
    return job_id


# A job that is over, a stage that is done, overtaken (the next one has begun) or in living hands is not claimed.
# Many stages in one statement; the same one twice in it is refused as a whole and then asked for one by one.
_CLAIM = """
WITH asked AS (
    SELECT * FROM unnest(%(c0)s::uuid[], %(c1)s::text[], %(c2)s::text[], %(c3)s::text[], %(c4)s::float8[])
        WITH ORDINALITY AS a (job, stage, next, event_id, lease_s, number)
), job AS (
    SELECT a.*, j.status = 'active' AS active,
           EXISTS (SELECT FROM scan.stage_results n WHERE (n.job_id, n.stage) = (a.job, a.next)) AS overtaken
    FROM asked a JOIN scan.jobs j ON j.id = a.job
), claimed AS (
    INSERT INTO scan.stage_results AS s (job_id, stage, event_id, worker, lease_until)
    SELECT job, stage, event_id, %(worker)s, now() + make_interval(secs => lease_s)
    FROM job WHERE active ORDER BY job, stage
    ON CONFLICT (job_id, stage) DO UPDATE
        SET worker = excluded.worker, lease_until = excluded.lease_until, attempt = s.attempt + 1
        WHERE s.output IS NULL
          AND (s.worker IS NULL OR s.lease_until < now() OR pg_try_advisory_xact_lock(s.worker))
    RETURNING job_id, stage, attempt
)
SELECT job.number, claimed.attempt, done.output, job.overtaken, job.active
FROM job
LEFT JOIN claimed ON (claimed.job_id, claimed.stage) = (job.job, job.stage)
LEFT JOIN scan.stage_results done ON (done.job_id, done.stage) = (job.job, job.stage)
"""
_COMPLETE = """
WITH made AS (
    SELECT * FROM unnest(%(c0)s::uuid[], %(c1)s::text[], %(c2)s::bytea[], %(c3)s::float8[])
        WITH ORDINALITY AS m (job, stage, output, cost, number)
    ORDER BY job, stage
), stored AS (
    UPDATE scan.stage_results s
    SET output = made.output, finished_at = now(), worker = NULL, cost_usd = cost_usd + made.cost
    FROM made
    WHERE (s.job_id, s.stage) = (made.job, made.stage) AND s.worker = %(worker)s AND s.output IS NULL
    RETURNING s.job_id, s.stage, s.output
)
SELECT made.number, coalesce(stored.output, earlier.output), j.status = 'active'
FROM made
JOIN scan.jobs j ON j.id = made.job
LEFT JOIN stored ON (stored.job_id, stored.stage) = (made.job, made.stage)
LEFT JOIN scan.stage_results earlier ON (earlier.job_id, earlier.stage) = (made.job, made.stage)
"""
_RELEASE = """
UPDATE scan.stage_results SET worker = NULL, lease_until = now(), cost_usd = cost_usd + %s
WHERE (job_id, stage) = (%s, %s) AND worker = %s AND output IS NULL
"""
