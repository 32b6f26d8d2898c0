"""The progress of scans, told to their users. Redis may be down: then nothing is told, and no job is lost by it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from eventing.progress.events import Progress
from eventing.progress.streams import ProgressStreams
from functions.runtime.resources import Service
from functions.scan.pipeline import (
    DONE_MESSAGE,
    DONE_SEQ,
    ERROR_SEQ,
    QUEUED,
    Stage,
    before,
)
from process import tracing

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
DOMAIN = "scan"


class ScanProgress(Service):
    """A publisher of scans' progress, each step once however often it is published."""

    def __init__(self, streams: ProgressStreams) -> None:
        self._streams = streams

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the streams Redis."""
        return cls(ProgressStreams(await resources.redis("streams"), DOMAIN))

    async def queued(self, job_id: str) -> None:
        """Tell that the job was accepted."""
        await self._publish(started(job_id, QUEUED), QUEUED.first_seq)

    async def started(self, job_id: str, stage: Stage) -> None:
        """Tell that a stage has begun; with the first one the job waits no longer."""
        begun = self._publish(started(job_id, stage), stage.first_seq)
        if before(stage):
            await begun
        else:
            await asyncio.gather(self.completed(job_id, QUEUED), begun)  # in one round trip, in this order

    async def completed(self, job_id: str, stage: Stage) -> None:
        """Tell that a stage is done."""
        await self._publish(completed(job_id, stage), stage.first_seq + 1)

    async def done(self, job_id: str, body: dict[str, Any]) -> None:
        """Tell that the job is done; `body` is what GET result answers."""
        await self._publish(done(job_id, body), DONE_SEQ)

    async def failed(self, job_id: str, last: Stage | None, finished: bool, code: str, message: str) -> None:
        """Tell that the job ended without a result, in (or, if that was finished, after) its last stage."""
        for step, seq in ending(job_id, last, finished, code, message):
            await self._publish(step, seq)

    async def forget(self, job_id: str) -> None:
        """Drop what was told, because the job goes on after it had failed; streams are told from the database."""
        from redis.exceptions import RedisError

        try:
            await self._streams.forget(job_id)
        except (RedisError, OSError) as failure:
            log.warning("progress not forgotten: %s", type(failure).__name__)

    async def _publish(self, progress: Progress, number: int) -> None:
        from redis.exceptions import RedisError

        try:
            await self._streams.publish(progress, number=number)
        except (RedisError, OSError) as failure:
            log.warning("progress not published: %s", type(failure).__name__)


def started(job_id: str, stage: Stage) -> Progress:
    """The event `started` of a stage; the percentage is what the stages before it have reached."""
    earlier = before(stage)
    return _progress(job_id, stage.name, "started", earlier.percent if earlier else 0, stage.started)


def completed(job_id: str, stage: Stage) -> Progress:
    """The event `completed` of a stage."""
    return _progress(job_id, stage.name, "completed", stage.percent, stage.completed)


def done(job_id: str, body: dict[str, Any]) -> Progress:
    """The event `done`, the last of a job with a result."""
    return _progress(job_id, "done", "completed", 100, DONE_MESSAGE, body)


def ending(
    job_id: str, last: Stage | None, finished: bool, code: str, message: str
) -> list[tuple[Progress, int]]:
    """The last events of a job without a result, numbered: its stage `failed` or `cancelled`, then `error`."""
    status = "cancelled" if code == "CANCELLED" else "failed"
    steps: list[tuple[Progress, int]] = []
    at = last or QUEUED
    if not finished:
        steps.append((_progress(job_id, at.name, status, None, message), at.first_seq + 1))
    error = replace(
        _progress(job_id, "error", status, None, message), error=code.lower(), failed_stage=at.name
    )
    return [*steps, (error, ERROR_SEQ)]


def _progress(
    job_id: str, stage: str, status: str, percent: int | None, message: str, result: object | None = None
) -> Progress:
    return Progress(
        job_id=job_id,
        stage=stage,
        status=status,
        progress=percent,
        message=message,
        result=result,
        trace_id=tracing.trace_id(),
        ts=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
