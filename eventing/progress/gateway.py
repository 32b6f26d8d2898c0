"""The gateway streams a job's progress as server-sent events: everything so far, then what comes live.

A stream subscribes first and reads the job's history then, so that nothing falls between the two; what it has
sent it drops by seq. Whenever it may have missed something – a reconnect, a hole in the numbers, too many arrivals
at once, silence – it reads the history again.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sse_starlette import ServerSentEvent

from eventing.progress import keys
from eventing.progress.arrivals import Arrivals
from eventing.progress.channels import Channels
from eventing.progress.events import ProgressEntry, now
from eventing.progress.record import History, Record
from eventing.progress.stream_span import StreamSpan

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEEPALIVE_S = 15.0
_SUBSCRIBE_PATIENCE_S = 1.0  # without Pub/Sub a stream begins with what the history has
_RETRY_S = 1.0  # when Redis and the truth are both out of reach
_ASK_TRUTH_EVERY = 2  # keepalives: an end that never reached Redis is found within 30 s
UNAUTHORIZED = "로그인이 만료되었어요. 다시 로그인해 주세요."


class Gateway:
    """The open event streams of one domain in one process. `streams` and `pubsub` are clients that return bytes."""

    def __init__(
        self, streams: Redis, pubsub: Redis, domain: str, *, keepalive_s: float = KEEPALIVE_S
    ) -> None:
        self.domain = domain
        self.keepalive_s = keepalive_s
        self._open: set[_Stream] = set()
        self.channels = Channels(pubsub)
        self.record = Record(streams, domain)

    @property
    def open_streams(self) -> int:
        """The number of streams that are followed now."""
        return len(self._open)

    def stop(self) -> None:
        """End all streams: their clients reconnect, to another process."""
        for stream in self._open:
            stream.ended = True
            stream.arrivals.subscribed()  # wakes it

    def end_login(self, session: str) -> None:
        """End the streams of a login that was ended, each with `error` `unauthorized`."""
        for stream in self._open:
            if stream.session == session:
                stream.expires_at = 0.0
                stream.arrivals.subscribed()  # wakes it

    async def ended(self, job_id: str, after: int, history: History) -> bool:
        """Whether the job's last event has seq `after` or below, so that there is nothing more to follow."""
        return (await self.record.after(job_id, after, (), history)).ended

    async def close(self) -> None:
        """Drop the Pub/Sub connection. The clients are the caller's to close."""
        await self.channels.close()

    async def follow(
        self,
        job_id: str,
        *,
        after: int | None,
        history: History,
        expires_at: float | None = None,
        session: str | None = None,
        trace: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[ServerSentEvent]:
        """The job's events with seq above `after`, ending with `done` or `error`.

        With `after` at or beyond the job's end: nothing, and it ends. `expires_at` is when the login ends (epoch
        seconds); then `error` `unauthorized` ends the stream, as it does when `end_login` is called with its `session`.
        `trace` is where the job's trace goes on: there lies the stream's span.
        """
        stream = _Stream(self, job_id, after or 0, history, expires_at, session)
        channel = keys.channel(job_id).encode()
        recorded = StreamSpan(self.domain, job_id, after, trace or {})
        self._open.add(stream)
        self.channels.join(channel, stream.arrivals)
        try:
            await stream.arrivals.wait(_SUBSCRIBE_PATIENCE_S)
            stream.arrivals.behind = True
            while not stream.ended:
                with recorded.current():
                    events = await stream.step()
                for sent in events:
                    recorded.count(sent.event)
                    yield sent
        finally:
            recorded.end(by_us=stream.ended)
            self._open.discard(stream)
            self.channels.leave(channel, stream.arrivals)


@dataclass(slots=True, eq=False)
class _Stream:
    """An open stream: where one client is in one job. `quiet` counts keepalives since the last event."""

    gateway: Gateway
    job_id: str
    last: int
    history: History
    expires_at: float | None
    session: str | None
    arrivals: Arrivals = field(default_factory=Arrivals)
    ended: bool = False
    ask_truth: bool = False
    quiet: int = 0
    quiet_since: float = field(default_factory=time.monotonic)

    async def step(self) -> list[ServerSentEvent]:
        """Do the next thing that is due, waiting for one, and return the events to send."""
        if self.expires_at is not None and time.time() >= self.expires_at:
            self.ended = True
            return [_unauthorized(self.job_id)]
        if self.arrivals.behind:
            return await self._catch_up()
        if self.arrivals.pending:
            return self._live()
        due = self.quiet_since + self.gateway.keepalive_s - time.monotonic()
        if due <= 0:
            return [self._keepalive()]
        if self.expires_at is not None:
            due = min(due, self.expires_at - time.time())
        await self.arrivals.wait(due)
        return []

    async def _catch_up(self) -> list[ServerSentEvent]:
        self.arrivals.behind = False
        ask_truth, self.ask_truth = self.ask_truth, False
        missed = await self.gateway.record.after(
            self.job_id, self.last, self.arrivals.take(), self.history, ask_truth=ask_truth
        )
        if missed.ended:
            self.ended = True
            return []
        if missed.unknown:
            await self.arrivals.wait(_RETRY_S)
            self.arrivals.behind = True
        return self._send(missed.entries)

    def _live(self) -> list[ServerSentEvent]:
        entry = ProgressEntry.parse(self.arrivals.pending[0])
        if entry.seq > self.last + 1:
            self.arrivals.behind = (
                True  # a hole: the history has what is missing, this one stays among the arrivals
            )
            return []
        del self.arrivals.pending[0]
        if entry.seq <= self.last:
            self.ended = entry.terminal
            return []
        return self._send([entry])

    def _send(self, entries: list[ProgressEntry]) -> list[ServerSentEvent]:
        sent: list[ServerSentEvent] = []
        for entry in entries:
            sent.append(_sent(entry.stage, entry.data, str(entry.seq)))
            self.last = entry.seq
            if entry.terminal:
                self.ended = True
                break
        if sent:
            self.quiet, self.quiet_since = 0, time.monotonic()
        return sent

    def _keepalive(self) -> ServerSentEvent:
        self.quiet += 1
        self.quiet_since = time.monotonic()
        self.ask_truth = self.quiet % _ASK_TRUTH_EVERY == 0
        self.arrivals.behind = True
        return _sent("keepalive", json.dumps({"timestamp": now()}))


def _unauthorized(job_id: str) -> ServerSentEvent:
    data = {
        "job_id": job_id,
        "stage": "error",
        "status": "failed",
        "ts": now(),
        "type": "error",
        "error": "unauthorized",
        "message": UNAUTHORIZED,
    }
    return _sent("error", json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def _sent(event: str, data: str, id: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(data, event=event, id=id, sep="\n")
