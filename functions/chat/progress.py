"""The progress of turns, told to their users: stages, tokens, what is needed, and the end.

Branches run in parallel, so events are numbered as they come. Redis may be down: then nothing is told, and no turn is
lost by it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from eventing.progress import keys
from eventing.progress.events import Progress, ProgressEntry
from eventing.progress.streams import ProgressStreams
from functions.chat.wording import STAGES
from functions.runtime.resources import Service
from process import tracing

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
DOMAIN = "chat"
ATTEMPT_SEQS = 10_000
"""Numbers for the events of one attempt; the next begins above them, also where Redis has lost the numbers."""
LAST_SEQ = 1_000_000
"""The number of an end that is told by somebody who does not know what was told before."""


class ChatProgress(Service):
    """A publisher of turns' progress."""

    def __init__(self, streams: ProgressStreams) -> None:
        self._streams = streams

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the streams Redis."""
        return cls(ProgressStreams(await resources.redis("streams"), DOMAIN))

    async def publish(self, events: Sequence[Progress], floor: int) -> int | None:
        """Tell events of a turn with numbers of `floor` or above; gives the last number, None when none was told."""
        from redis.exceptions import RedisError

        try:
            given = await self._streams.publish_all(events, floor=floor)
        except (RedisError, OSError) as failure:
            log.warning("progress not published: %s", type(failure).__name__)
            return None
        return max(filter(None, given), default=None)

    async def said(self, job_id: str) -> str:
        """The text of the tokens that were told so far; empty where Redis knows nothing (any more)."""
        import json

        from redis.exceptions import RedisError

        try:
            raw: Any = await keys.command(
                self._streams.streams, "LRANGE", keys.history(DOMAIN, job_id), 0, -1
            )
        except (RedisError, OSError):
            return ""
        entries = [ProgressEntry.parse(entry) for entry in raw]
        return "".join(
            json.loads(entry.data).get("content", "") for entry in entries if entry.stage == "token"
        )


class Telling:
    """What one attempt at a turn tells its user, in order, without keeping the turn waiting.

    Events are told behind the turn's back: what comes while others are on their way to Redis waits, and goes together.
    `all_told` waits for all, and `drop` gives up what is left.
    """

    def __init__(self, progress: ChatProgress, job_id: str, attempt: int) -> None:
        self._progress, self._job_id = progress, job_id
        self._last = (attempt - 1) * ATTEMPT_SEQS
        self._waiting: list[Progress] = []
        self._telling: asyncio.Task[None] | None = None

    @property
    def next_seq(self) -> int:
        """The number that the next event has at least."""
        return self._last + 1

    def started(self, stage: str) -> None:
        """Tell that a stage has begun."""
        self._tell(step(self._job_id, stage, "started"))

    def completed(self, stage: str, *, failed: bool = False) -> None:
        """Tell that a stage is done, or could not be."""
        self._tell(step(self._job_id, stage, "failed" if failed else "completed"))

    def token(self, content: str, node: str = "answer") -> None:
        """Tell a piece of the answer; with the piece before it where that still waits for its round trip."""
        if self._waiting and (before := self._waiting[-1].more or {}).get("node") == node:
            self._waiting.pop()
            content = f"{before['content']}{content}"
        self._tell(
            Progress(
                self._job_id,
                "token",
                "streaming",
                trace_id=tracing.trace_id(),
                more={"content": content, "node": node},
            )
        )

    def needs_input(self, kind: str, message: str, timeout_s: float) -> None:
        """Tell what the turn waits for."""
        more = {"input_type": kind, "timeout": round(timeout_s)}
        self._tell(
            Progress(
                self._job_id,
                "needs_input",
                "waiting",
                message=message,
                trace_id=tracing.trace_id(),
                more=more,
            )
        )

    async def all_told(self) -> None:
        """Wait until everything was told, or could not be."""
        while self._telling and not self._telling.done():
            await asyncio.shield(self._telling)

    def drop(self) -> None:
        """Tell nothing more of what waits."""
        self._waiting.clear()
        if self._telling:
            self._telling.cancel()

    def _tell(self, progress: Progress) -> None:
        self._waiting.append(progress)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_waiting(), name=f"tell {self._job_id}")

    async def _tell_waiting(self) -> None:
        while self._waiting:
            events, self._waiting = self._waiting, []
            given = await self._progress.publish(events, self.next_seq)
            if given is not None:
                self._last = max(self._last, given)


def step(job_id: str, stage: str, status: str) -> Progress:
    """A stage that has begun, is done or has failed."""
    told = STAGES[stage]
    percent = told.begins if status == "started" else told.ends
    return Progress(
        job_id, stage, status, progress=percent, message=told.words(status), trace_id=tracing.trace_id()
    )


def done(job_id: str, result: Mapping[str, Any]) -> Progress:
    """The end of a turn that was answered."""
    return Progress(
        job_id,
        "done",
        "completed",
        progress=100,
        message="답변이 완성됐어요",
        result=dict(result),
        trace_id=tracing.trace_id(),
    )


def error(job_id: str, status: str, code: str, message: str) -> Progress:
    """The end of a turn without an answer."""
    return Progress(
        job_id,
        "error",
        status,
        message=message,
        trace_id=tracing.trace_id(),
        error=code.lower(),
        failed_stage="answer",
    )
