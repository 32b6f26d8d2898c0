"""The sweeper, which heals what the broker lost: jobs without movement are emitted again, late ones end."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from eventing.catalogue import derived_id, to_event
from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed
from functions.runtime import telemetry
from functions.runtime.resources import Service
from functions.scan.events import ScanRequested
from functions.scan.jobs import Jobs, requested
from functions.scan.outgoing import ScanOutgoing
from functions.scan.pipeline import STAGES
from functions.scan.settings import ScanSettings

if TYPE_CHECKING:
    from eventing.publisher import Publisher
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
BATCH = 200


@dataclass(frozen=True, slots=True)
class Sweeper(Service):
    """The sweeper: one sweep looks at a bounded number of jobs; the next one takes what is left."""

    database: Database
    jobs: Jobs
    outgoing: ScanOutgoing
    publisher: Publisher
    overdue_s: float

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A sweeper over the database and the Broker."""
        return cls(
            await resources.database(),
            await resources.get(Jobs),
            await resources.get(ScanOutgoing),
            resources.publisher(),
            resources.settings(ScanSettings).scan_overdue_s,
        )

    async def sweep(self) -> None:
        """Relay unsent events, end late jobs, emit overdue ones again."""
        relayed = await self.outgoing.relay()
        late = await self.database.all(_LATE, (BATCH,))
        for (job_id,) in late:
            await self.jobs.fail(str(job_id), "DEADLINE_EXCEEDED")
        overdue = await self.database.all(_OVERDUE, {"overdue_s": self.overdue_s, "limit": BATCH})
        emitted = 0
        for row in overdue:
            try:
                await self.publisher.publish(emitted_again(row))
                emitted += 1
            except PublishFailed as error:
                log.warning("%d jobs wait for the next sweep: %s", len(overdue) - emitted, error)
                break
        swept = telemetry.metrics().swept
        for action, count in (("ended", len(late)), ("emitted", emitted)):
            swept.labels(action).inc(count)
        if late or emitted:
            log.info("swept: %d ended, %d emitted again, %d relayed", len(late), emitted, relayed)


def emitted_again(row: tuple[Any, ...]) -> CloudEvent:
    """The last event of a job, equal to the one that was lost: same id, same data.

    From (id, user_id, image_url, user_input, model, region, traceparent, stage, event_id, output) of the last finished
    stage; it goes on in the job's trace.
    """
    job_id, user_id, image_url, user_input, model, region, traceparent, stage, event_id, output = row
    if stage is None:
        event = requested(
            ScanRequested(
                job_id=job_id,
                user_id=user_id,
                image_url=image_url,
                user_input=user_input,
                model=model,
                region=region,
            )
        )
    else:
        source = f"/eco2/scan/{stage}"
        event = to_event(
            STAGES[stage].emits.model_validate_json(bytes(output)),
            source=source,
            subject=str(job_id),
            id=derived_id(event_id, source),
            userid=user_id,
        )
    if traceparent is None:
        return event
    return replace(event, extensions={**event.extensions, "traceparent": traceparent})


_LATE = """
SELECT id FROM scan.jobs WHERE status = 'active' AND deadline_at < now() ORDER BY created_at LIMIT %s
"""
# Overdue: nothing has moved for a while and nobody alive is on it. A stage that was handed back has moved: the broker
# tries it again, and emitting it meanwhile would double the attempts. What is emitted again is the output of the
# last finished stage, or the request itself.
_OVERDUE = """
WITH overdue AS (
    SELECT j.id FROM scan.jobs j
    WHERE j.status = 'active'
      AND greatest(j.created_at, j.swept_at) < now() - make_interval(secs => %(overdue_s)s)
      AND NOT EXISTS (
          SELECT FROM scan.stage_results s WHERE s.job_id = j.id
            AND (greatest(s.started_at, s.finished_at) > now() - make_interval(secs => %(overdue_s)s)
                 OR s.output IS NULL AND s.worker IS NULL
                    AND s.lease_until > now() - make_interval(secs => %(overdue_s)s)
                 OR s.worker IS NOT NULL AND s.lease_until > now() AND NOT pg_try_advisory_xact_lock(s.worker)))
    ORDER BY j.created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE scan.jobs j SET swept_at = now()
FROM overdue LEFT JOIN LATERAL (
    SELECT stage, event_id, output FROM scan.stage_results s
    WHERE s.job_id = overdue.id AND s.output IS NOT NULL ORDER BY s.finished_at DESC LIMIT 1
) AS last ON true
WHERE j.id = overdue.id
RETURNING j.id, j.user_id, j.image_url, j.user_input, j.model, j.region, j.traceparent,
          last.stage, last.event_id, last.output
"""
