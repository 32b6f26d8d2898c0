"""W3C Trace Context, level 2: where in a trace this process is. https://www.w3.org/TR/trace-context-2/"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MEMBER = re.compile(
    r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MAX_MEMBERS = 32
_MAX_TRACESTATE = 512
_KNOWN_FLAGS = 0x03  # sampled, random; what we do not know we must not pass on


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of a trace: ids in lower-case hex (32 and 16 digits), flags 0x01 = sampled."""

    trace_id: str
    span_id: str
    flags: int = 1
    tracestate: str | None = None

    @property
    def traceparent(self) -> str:
        """The header, version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    @property
    def sampled(self) -> bool:
        """Whether the caller records this trace."""
        return bool(self.flags & 1)

    def child(self) -> TraceContext:
        """A new span below this one."""
        return TraceContext(self.trace_id, _span_id(), self.flags, self.tracestate)


current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def parse(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The caller's span; None when the header is absent or malformed, and then a trace begins anew.

    A malformed `tracestate` is dropped without dropping the trace, as the recommendation says.
    """
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceContext(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS, _tracestate(tracestate))


def new(*, sampled: bool = True) -> TraceContext:
    """The first span of a new trace."""
    return TraceContext(secrets.token_hex(16), _span_id(), 0x03 if sampled else 0x02)


def resumed(trace_id: str) -> TraceContext:
    """A new span of a trace that was stored by its id alone."""
    return TraceContext(trace_id, _span_id())


def _span_id() -> str:
    return secrets.token_hex(8)


def _tracestate(header: str | None) -> str | None:
    if not header:
        return None
    members = [member.strip(" \t") for member in header.split(",")]
    members = [member for member in members if member]  # empty members are allowed and mean nothing
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MAX_MEMBERS or len(keys) != len(members):
        return None
    if not all(_MEMBER.fullmatch(member) for member in members):
        return None
    while members and len(",".join(members)) > _MAX_TRACESTATE:
        members.pop()  # the oldest entry is the last
    return ",".join(members) or None
