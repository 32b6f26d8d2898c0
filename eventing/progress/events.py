"""Progress events: as a value, as the entry that travels through Redis, and as a server-sent event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

TERMINAL = frozenset(("done", "error"))


@dataclass(frozen=True, slots=True)
class Progress:
    """A progress event: `stage` of job `job_id` has reached `status`; `progress` in percent, `seq` from 1.

    `ts` is RFC 3339.

    Stage `done` ends the job well, stage `error` badly; an error carries its code (`error`), the stage that
    failed (`failed_stage`) and a message for the user. `result` is any JSON value; `more` are the fields that only
    this stage has, such as a token's `content`.
    """

    job_id: str
    stage: str
    status: str
    progress: int | None = None
    message: str = ""
    result: object | None = None
    trace_id: str | None = None
    ts: str = ""
    seq: int = 0
    error: str | None = None
    failed_stage: str | None = None
    more: Mapping[str, object] | None = None

    @property
    def terminal(self) -> bool:
        """Whether the job's stream ends with this event."""
        return self.stage in TERMINAL

    def numbered(self, seq: int) -> Progress:
        """The same event with its place in the job."""
        return replace(self, seq=seq)

    def data(self) -> str:
        """The JSON a client gets, without `seq`, which only Redis or the truth can give."""
        fields: dict[str, Any] = {
            "job_id": self.job_id,
            "stage": self.stage,
            "status": self.status,
            "ts": self.ts or now(),
            "progress": self.progress,
            "message": self.message,
            "result": self.result,
            "trace_id": self.trace_id,
            **(self.more or {}),
        }
        if self.stage == "error":
            fields |= {
                "type": "error",
                "error": self.error or "failed",
                "stage": self.failed_stage or "error",
            }
        return to_json(fields).decode()


@dataclass(frozen=True, slots=True)
class ProgressEntry:
    """A numbered event as it travels: `<seq> <stage>\\n<json>`, so that no one on the way parses JSON."""

    seq: int
    stage: str
    data: str

    @property
    def terminal(self) -> bool:
        """Whether the job's stream ends with this entry."""
        return self.stage in TERMINAL

    @classmethod
    def parse(cls, raw: bytes) -> ProgressEntry:
        """The entry that the bytes are. Raises ValueError when they are none."""
        head, _, data = raw.decode().partition("\n")
        seq, _, stage = head.partition(" ")
        if not stage or not data.startswith("{"):
            raise ValueError("no progress entry")
        return cls(int(seq), stage, data)

    @classmethod
    def of(cls, progress: Progress) -> ProgressEntry:
        """The entry of an event that already has its number (from the truth)."""
        return cls(progress.seq, progress.stage, f'{{"seq":{progress.seq},{progress.data()[1:]}')


def now() -> str:
    """The current time by RFC 3339 with milliseconds, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def in_order(entries: Iterable[ProgressEntry], *, after: int) -> list[ProgressEntry]:
    """The entries with a seq above `after`, ascending, each seq once; of two with one seq the first given stays."""
    found: dict[int, ProgressEntry] = {}
    for entry in entries:
        if entry.seq > after:
            found.setdefault(entry.seq, entry)
    return [found[seq] for seq in sorted(found)]
