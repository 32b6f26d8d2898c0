"""The ledger of scan stages: by (job, stage), so that no stage is worked on, or paid for, twice.

Two round trips a stage: claim and store. The stored output is the truth from which a lost event, a lost
stream and the final result are made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.runtime.ledger import LEASE_MARGIN_S, Claim, State
from functions.runtime.telemetry import spent_usd
from functions.scan.jobs import Jobs
from functions.scan.pipeline import STAGES, after
from functions.scan.progress import ScanProgress

if TYPE_CHECKING:
    from eventing.cloudevent import CloudEvent
    from functions.runtime.database import Database
    from functions.runtime.declaration import EventFunction
    from functions.runtime.resources import Resources

REDRIVEN = "redrive"  # extension of an event that was replayed from the dead letters


@dataclass(frozen=True, slots=True)
class Stages:
    """Claims and stores stages of scan jobs, and tells the user of it."""

    database: Database
    worker: int
    jobs: Jobs
    progress: ScanProgress

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """With this process's worker, whose liveness guards its claims."""
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
        row = await self.database.one(
            _CLAIM,
            {
                "job": event.subject,
                "stage": stage.name,
                "next": following.name if following else "",
                "event": event.id,
                "worker": self.worker,
                "lease_s": function.timeout_s + LEASE_MARGIN_S,
            },
        )
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
        row = await self.database.one(
            _COMPLETE,
            {
                "job": event.subject,
                "stage": stage.name,
                "worker": self.worker,
                "output": output,
                "cost": spent_usd(),
            },
        )
        stored, active = row or (None, False)
        if not active or stored is None:
            return Claim(State.ENDED)
        await self.progress.completed(event.subject or "", stage)
        return Claim(State.DONE, bytes(stored))

    async def release(self, function: EventFunction, event: CloudEvent) -> None:
        """Hand the stage back."""
        await self.database.run(_RELEASE, (spent_usd(), event.subject, function.stage, self.worker))

    async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:  # noqa: ARG002
        """The job ends here and the user is told; an event of no job is left to the quarantine."""
        return await self.jobs.fail(event.subject or "", code)


# A job that is over, a stage that is done, overtaken (the next one has begun) or in living hands is not claimed.
_CLAIM = """
WITH job AS (
    SELECT id, status = 'active' AS active,
           EXISTS (SELECT FROM scan.stage_results n WHERE n.job_id = j.id AND n.stage = %(next)s) AS overtaken
    FROM scan.jobs j WHERE id = %(job)s
), claimed AS (
    INSERT INTO scan.stage_results AS s (job_id, stage, event_id, worker, lease_until)
    SELECT id, %(stage)s, %(event)s, %(worker)s, now() + make_interval(secs => %(lease_s)s)
    FROM job WHERE active
    ON CONFLICT (job_id, stage) DO UPDATE
        SET worker = excluded.worker, lease_until = excluded.lease_until, attempt = s.attempt + 1
        WHERE s.output IS NULL
          AND (s.worker IS NULL OR s.lease_until < now() OR pg_try_advisory_xact_lock(s.worker))
    RETURNING attempt
)
SELECT (SELECT attempt FROM claimed),
       (SELECT output FROM scan.stage_results WHERE (job_id, stage) = (job.id, %(stage)s)),
       overtaken, active
FROM job
"""
_COMPLETE = """
WITH stored AS (
    UPDATE scan.stage_results
    SET output = %(output)s, finished_at = now(), worker = NULL, cost_usd = cost_usd + %(cost)s
    WHERE (job_id, stage) = (%(job)s, %(stage)s) AND worker = %(worker)s AND output IS NULL
    RETURNING output
)
SELECT coalesce((SELECT output FROM stored),
                (SELECT output FROM scan.stage_results WHERE (job_id, stage) = (%(job)s, %(stage)s))),
       status = 'active'
FROM scan.jobs WHERE id = %(job)s
"""
_RELEASE = """
UPDATE scan.stage_results SET worker = NULL, cost_usd = cost_usd + %s
WHERE (job_id, stage) = (%s, %s) AND worker = %s AND output IS NULL
"""
