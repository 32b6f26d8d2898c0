"""Scan jobs: accepted once, ended once, readable for ever. Table `scan.jobs`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

from pydantic_core import to_json

from eventing.catalogue import to_event
from eventing.cloudevent import CloudEvent
from eventing.tracing import traced
from functions.runtime.errors import Conflict, NotFound, TooMany, Unprocessable
from functions.runtime.resources import Service
from functions.runtime.shares import Place, Shares
from functions.runtime.text import identifier
from functions.scan.events import Completed, ScanRequested
from functions.scan.outcomes import Result, Running, Scanned, without_result
from functions.scan.outgoing import ScanOutgoing
from functions.scan.pipeline import STAGES
from functions.scan.progress import ScanProgress
from functions.scan.settings import ScanSettings
from process import tracing

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from eventing.progress.events import Progress
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
SOURCE = "/eco2/scan/submit"
CACHE_S = 3600
RETRY_S = 5  # when to ask again for a share that is used up
FATAL_ATTEMPTS = 3  # a stage whose workers died so often is not tried again


class Jobs(Service):
    """Jobs: stored, and what became of them told."""

    def __init__(
        self,
        database: Database,
        cache: Redis,
        told: ScanProgress,
        outgoing: ScanOutgoing,
        shares: Shares,
        resources: Resources,
    ) -> None:
        self._database, self._cache, self._progress, self._shares = database, cache, told, shares
        self._outgoing, self._resources = outgoing, resources

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database, the result cache and the progress streams."""
        database = await resources.database()
        told, outgoing = await resources.get(ScanProgress), await resources.get(ScanOutgoing)
        shares = await resources.get(Shares)
        return cls(database, await resources.redis("cache"), told, outgoing, shares, resources)

    async def submit(
        self,
        user_id: str,
        image_url: str,
        user_input: str,
        model: str,
        key: str | None,
        region: str | None = None,
    ) -> UUID:
        """Accept a job and its event in one statement; the job of an equal request with the same key again.

        Raises Unprocessable for a key that was used for something else, Conflict for a twin at this moment, TooMany
        when the user has as many jobs under way as one may.
        """
        job_id = uuid4()
        place = self._place(user_id, str(job_id))
        if not await self._shares.hold(place) and not await self._known(user_id, key):
            raise TooMany(
                "TOO_MANY_SCANS",
                f"{place.most} scans of yours are under way; wait until one is done.",
                policy=place.kind,
                after_s=RETRY_S,
            )
        wanted = ScanRequested(
            job_id=job_id,
            user_id=user_id,
            image_url=image_url,
            user_input=user_input,
            model=model,
            region=region,
        )
        event = traced(requested(wanted))  # a relay from the outbox belongs to this trace, too
        digest = hashlib.sha256(
            to_json([image_url, user_input, model, *([region] if region else [])])
        ).digest()
        row = await self._database.one(
            _SUBMIT,
            {
                "id": job_id,
                "user": user_id,
                "image": image_url,
                "input": user_input,
                "model": model,
                "region": region,
                "key": key,
                "hash": digest,
                "trace": tracing.trace_id(),
                "traceparent": event.extensions.get("traceparent"),
                "deadline_s": self._resources.settings(ScanSettings).scan_deadline_s,
                "event": event.to_structured(),
            },
        )
        created, earlier, earlier_digest = row or (None, None, None)
        if created is None:
            await self._shares.release(place)
            if earlier is None:
                raise Conflict(
                    "REQUEST_IN_PROGRESS", "The same request is being accepted; ask again in a moment."
                )
            if bytes(earlier_digest) != digest:
                raise Unprocessable(
                    "IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request."
                )
            return UUID(str(earlier))
        await self._progress.queued(str(job_id))
        await self._outgoing.send(event)
        return job_id

    def _place(self, user_id: str, job_id: str) -> Place:
        """The user's place for a job that is under way; it ends with the job, at the latest when that must have."""
        settings = self._resources.settings(ScanSettings)
        most, for_s = settings.scan_user_jobs, settings.scan_deadline_s + 60
        return Place("scan-jobs", user_id, job_id, most, for_s)

    async def _known(self, user_id: str, key: str | None) -> bool:
        """Whether a job has the key, so that the request will be answered with it instead of a new one."""
        return key is not None and await self._database.one(_KNOWN, (user_id, key)) is not None

    async def result(self, user_id: str, job_id: UUID) -> bytes | Running:
        """The job's result as JSON, or how far the job is. Raises NotFound for unknown and foreign jobs."""
        cached = await self._cached(job_id)
        if cached:
            owner, _, body = cached.partition(b"\n")
            if owner.decode() != user_id:
                raise unknown()
            return body
        row = await self._database.one(_RESULT, (job_id, user_id))
        if row is None:
            raise unknown()
        outcome, stage, finished = row
        if outcome is not None:
            body = to_json(outcome)
            await self._remember(job_id, user_id, body)
            return body
        if stage is None:
            return Running("queued", 0)
        at = STAGES[stage]
        return Running(stage, at.percent if finished else at.percent - STAGES["vision"].percent)

    async def owned(self, user_id: str, job_id: UUID) -> dict[str, str]:
        """Check that the job is this user's; gives where its trace goes on (`traceparent`). Raises NotFound."""
        row = await self._database.one(_OWNED, (job_id, user_id))
        if row is None:
            raise unknown()
        return {"traceparent": row[0]} if row[0] else {}

    async def history(
        self, user_id: str, limit: int, before: tuple[datetime, UUID] | None
    ) -> Sequence[Scanned]:
        """The user's jobs, newest first, those before (created_at, id) if given."""
        rows = await self._database.all(
            _HISTORY,
            {"user": user_id, "limit": limit, "at": before and before[0], "id": before and before[1]},
        )
        return [Scanned(*row) for row in rows]

    async def complete(self, event: Completed) -> None:
        """End a job with its result: store it, then tell. Repeating it changes nothing."""
        from functions.scan.rules import rule_document

        result = Result(
            task_id=event.job_id,
            status="completed",
            message="분석을 마쳤어요.",
            pipeline_result={
                "classification_result": event.vision.model_dump(mode="json"),
                "disposal_rules": rule_document(event.match.key) if event.match else None,
                "final_answer": event.answer.model_dump(mode="json"),
                "models": event.models(),
                **event.model_dump(mode="json", include=set(event.in_result)),
            },
            reward=event.reward,
        )
        await self._end(str(event.job_id), "completed", result)

    async def fail(self, job_id: str, code: str) -> bool:
        """End a job without a result, unless it has ended before; False when there is no such job."""
        if identifier(job_id) is None:
            return False
        return await self._end(job_id, "failed", without_result(job_id, "failed", code))

    async def cancel(self, user_id: str, job_id: UUID) -> None:
        """End the user's job now; workers on it are told by the database and stop. Raises NotFound."""
        await self.owned(user_id, job_id)
        await self._end(str(job_id), "cancelled", without_result(str(job_id), "cancelled", "CANCELLED"))

    async def given_up(self, job_id: str, stage: str, *, answered: bool) -> bool:
        """Whether its function handed the stage back (and answered so), or whoever began it died again and again."""
        values = {"id": job_id, "stage": stage, "answered": answered, "fatal": FATAL_ATTEMPTS}
        return await self._database.one(_GIVEN_UP, values) is not None

    async def reopen(self, job_id: str) -> None:
        """Give a job that failed another chance, because its dead letter was replayed."""
        deadline_s = self._resources.settings(ScanSettings).scan_deadline_s
        if await self._database.one(_REOPEN, (deadline_s, job_id)):
            await self._progress.forget(job_id)
            await self._forget_result(job_id)

    async def _end(self, job_id: str, status: str, result: Result) -> bool:
        body = to_json(result).decode()
        row = await self._database.one(_END, {"id": job_id, "status": status, "outcome": body})
        user_id, outcome, last, finished, _ = row or ("", None, None, False, 0)
        if outcome is None or outcome["status"] != status:
            return row is not None  # gone, or it ended in another way before
        await self._shares.release(self._place(user_id, job_id))
        # Also when it had ended before: the first delivery may have died between storing and telling.
        await self._remember(UUID(job_id), user_id, to_json(outcome))
        if status == "completed":
            await self._progress.done(job_id, outcome)
        else:
            error = outcome["error"]
            await self._progress.failed(
                job_id, last and STAGES[last], finished, error["code"], error["message"]
            )
        return True

    async def story(self, job_id: UUID) -> list[Progress]:
        """Every progress event of a job, told again from the database (see `pipeline.Stage.first_seq`)."""
        from functions.scan.story import retell

        rows = await self._database.all(_STORY, (job_id,))
        return retell(str(job_id), rows)

    async def _cached(self, job_id: UUID) -> bytes | None:
        from redis.exceptions import RedisError

        try:
            cached = await self._cache.get(f"scan:result:{job_id}")
        except (RedisError, OSError):
            return None  # a cache that is down is an empty cache
        return cached if isinstance(cached, bytes) else None

    async def _forget_result(self, job_id: str) -> None:
        from redis.exceptions import RedisError

        try:
            await self._cache.delete(f"scan:result:{job_id}")
        except (RedisError, OSError):
            log.warning("result not removed from the cache; it expires")

    async def _remember(self, job_id: UUID, user_id: str, body: bytes) -> None:
        from redis.exceptions import RedisError

        try:
            await self._cache.set(f"scan:result:{job_id}", user_id.encode() + b"\n" + body, ex=CACHE_S)
        except (RedisError, OSError):
            log.warning("result not cached")


def requested(data: ScanRequested) -> CloudEvent:
    """The event that starts a job; its id is the job's, so emitting it again makes no second one."""
    return to_event(data, source=SOURCE, subject=str(data.job_id), id=str(data.job_id), userid=data.user_id)


def unknown() -> NotFound:
    """The answer for jobs that don't exist and for other users' alike."""
    return NotFound("JOB_NOT_FOUND", "There is no such scan of yours.")


# The event leaves with the job: what the broker can't take now, the sweeper sends.
_SUBMIT = """
WITH job AS (
    INSERT INTO scan.jobs (id, user_id, image_url, user_input, model, region, idempotency_key, request_hash,
                           trace_id, traceparent, deadline_at)
    VALUES (%(id)s, %(user)s, %(image)s, %(input)s, %(model)s, %(region)s, %(key)s, %(hash)s, %(trace)s,
            %(traceparent)s,
            now() + make_interval(secs => %(deadline_s)s))
    ON CONFLICT (user_id, idempotency_key) DO NOTHING
    RETURNING id
), event AS (
    INSERT INTO scan.outbox (id, event) SELECT id, %(event)s FROM job
)
SELECT (SELECT id FROM job), earlier.id, earlier.request_hash
FROM (SELECT 1) AS one
LEFT JOIN scan.jobs earlier ON (earlier.user_id, earlier.idempotency_key) = (%(user)s, %(key)s)
"""
_LAST_STAGE = """
LEFT JOIN LATERAL (
    SELECT stage, finished_at IS NOT NULL AS finished FROM scan.stage_results s
    WHERE s.job_id = j.id ORDER BY started_at DESC LIMIT 1
) AS last ON true
"""
_RESULT = f"""
SELECT j.outcome, last.stage, last.finished FROM scan.jobs j {_LAST_STAGE} WHERE (j.id, j.user_id) = (%s, %s)
"""  # noqa: S608 - put together from constants
_KNOWN = "SELECT 1 FROM scan.jobs WHERE (user_id, idempotency_key) = (%s, %s)"
_OWNED = "SELECT traceparent FROM scan.jobs WHERE id = %s AND user_id = %s"
_HISTORY = """
SELECT id, CASE status WHEN 'active' THEN 'processing' ELSE status END, created_at, image_url, outcome
FROM scan.jobs
WHERE user_id = %(user)s AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
# Whoever works on a job that ended without a result stops: what is still asked of a provider would be paid in vain.
_END = f"""
WITH ended AS (
    UPDATE scan.jobs SET status = %(status)s, outcome = %(outcome)s::json, ended_at = now()
    WHERE id = %(id)s AND status = 'active' RETURNING id, outcome
)
SELECT j.user_id, coalesce((SELECT outcome FROM ended), j.outcome), last.stage, last.finished,
       (SELECT count(pg_notify('eco2_cancel', id::text)) FROM ended WHERE %(status)s <> 'completed')
FROM scan.jobs j {_LAST_STAGE} WHERE j.id = %(id)s
"""  # noqa: S608 - put together from constants
_GIVEN_UP = """
SELECT 1 FROM scan.stage_results
WHERE (job_id, stage) = (%(id)s, %(stage)s) AND output IS NULL
  AND (worker IS NULL AND %(answered)s OR attempt >= %(fatal)s AND pg_try_advisory_xact_lock(worker))
"""
_REOPEN = """
UPDATE scan.jobs SET status = 'active', outcome = NULL, ended_at = NULL,
                     deadline_at = now() + make_interval(secs => %s)
WHERE id = %s AND status = 'failed' RETURNING 1
"""
_STORY = """
SELECT j.status, j.outcome, j.trace_id, j.created_at, j.ended_at, s.stage, s.started_at, s.finished_at
FROM scan.jobs j LEFT JOIN scan.stage_results s ON s.job_id = j.id
WHERE j.id = %s ORDER BY s.started_at
"""
