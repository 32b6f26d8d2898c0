"""The span of an event stream: in the trace of its job, as long as a client follows it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from process import tracing

_LAST = ("done", "error")


class StreamSpan:
    """The span of one open stream, linked with the request that opened it. Nothing where nothing is recorded."""

    def __init__(self, domain: str, job_id: str, after: int | None, trace: Mapping[str, str]) -> None:
        self._span = tracing.apart(
            f"stream {domain}",
            trace,
            lambda: {"eco2.job_id": job_id, "eco2.stream.after": after or 0},
        )
        self._sent = 0
        self._last = ""

    def current(self) -> AbstractContextManager[object]:
        """Reads of the block belong to the stream."""
        return tracing.within(self._span)

    def count(self, event: str | None) -> None:
        """An event is sent; keepalives are no events."""
        if event != "keepalive":
            self._sent += 1
            self._last = event or ""

    def end(self, *, by_us: bool) -> None:
        """The stream is over: after the job's last event, because the process stops, or because the client left."""
        early = "stopped" if by_us else "left"
        self._span.set_attribute("eco2.stream.events", self._sent)
        self._span.set_attribute("eco2.stream.end", self._last if self._last in _LAST else early)
        self._span.end()
