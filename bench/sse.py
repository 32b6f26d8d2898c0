"""Reads server-sent events and checks the whole stream of one scan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

STAGES = ("vision", "rule", "answer", "reward")
EXPECTED = frozenset({("done", "completed")} | {(s, t) for s in STAGES for t in ("started", "completed")})


class EventParser:
    """A parser from bytes in pieces of any size to (event, id, data); comments and unnamed fields are dropped."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, piece: bytes) -> Iterator[tuple[str, str, bytes]]:
        pending = self._pending + piece
        if b"\r" in pending:
            pending = pending.replace(b"\r\n", b"\n")
        *blocks, self._pending = pending.split(b"\n\n")
        for block in blocks:
            name = number = ""
            data: list[bytes] = []
            for line in block.split(b"\n"):
                key, _, value = line.partition(b":")
                value = value.removeprefix(b" ")
                if key == b"data":
                    data.append(value)
                elif key == b"event":
                    name = value.decode()
                elif key == b"id":
                    number = value.decode()
            if data:
                yield name or "message", number, b"\n".join(data)


@dataclass(slots=True)
class ScanStream:
    """The stream of one job, followed; `feed` is True at the terminal event, then `finding()` is final."""

    job_id: str
    last_seq: int = 0
    result: Any = None
    ended: bool = False
    _finding: str | None = None
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _parser: EventParser = field(default_factory=EventParser)

    def feed(self, piece: bytes) -> bool:
        for name, number, data in self._parser.feed(piece):
            if name != "keepalive":
                self._event(name, number, data)
        return self.ended

    def finding(self) -> str | None:
        """None for a whole stream, otherwise the first thing that was wrong with it."""
        if self._finding is None and not self.ended:
            return "stream closed early"
        if self._finding is None and (missing := EXPECTED - self._seen):
            stage, status = min(missing)
            return f"stream without {stage} {status}"
        return self._finding

    def _event(self, name: str, number: str, data: bytes) -> None:
        if self.ended:
            self._wrong("stream goes on after its end")
        try:
            progress = json.loads(data)
            stage, status, seq = progress["stage"], progress["status"], int(progress["seq"])
        except (ValueError, KeyError, TypeError):
            if name == "error":  # its contract asks for no seq
                self._end_with_error(data)
            else:
                self._wrong("stream event without stage, status or seq")
            return
        if seq == self.last_seq or (name, status) in self._seen:
            self._wrong("stream repeats an event")
        elif seq < self.last_seq:
            self._wrong("stream out of order")
        elif seq > self.last_seq + 1:
            self._wrong("stream misses a seq")
        if name not in (stage, "error"):  # an error names the stage that failed
            self._wrong("stream event named otherwise than its stage")
        if not number:
            self._wrong("stream event without id")
        if progress.get("job_id") != self.job_id:
            self._wrong("stream of another job")
        self.last_seq = max(seq, self.last_seq)
        self._seen.add((name, status))
        if name == "error":
            self._end_with_error(data)
        elif name == "done":
            self.ended, self.result = True, progress.get("result")

    def _end_with_error(self, data: bytes) -> None:
        self.ended = True
        try:
            kind = json.loads(data)["error"]
        except (ValueError, KeyError, TypeError):
            kind = "?"
        self._wrong(f"stream error {kind}")

    def _wrong(self, finding: str) -> None:
        if self._finding is None:
            self._finding = finding
