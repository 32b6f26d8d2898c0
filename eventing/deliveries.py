"""Records of what a Broker delivered, for whoever may watch: in a bounded Redis stream, several in one entry.

A record is one attempt to deliver an event, or the arrival of an event at the Broker (`trigger` is empty). Records
are for looking at: where Redis is down some are lost, and nothing waits for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from eventing.cloudevent import CloudEvent

if TYPE_CHECKING:
    from redis.asyncio import Redis

STREAM = "ops:deliveries"
MOST_ENTRIES = 1_000
KEPT_S = 3_600
"""How long the last records stay when nothing comes after them."""
SHOWN_BYTES = 2_048
"""Of an event's data, and of the reason of a failure a quarter of it."""
_FIELD = b"r"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt: what was delivered where, how it ended (`status` is HTTP's, -1 without an answer, 0 an arrival).

    `at` is when it ended, in seconds since 1970; `data` and `error` are the beginnings of what there was.
    """

    at: float
    id: str
    type: str
    source: str
    subject: str
    trigger: str
    attempt: int
    status: int
    ms: float
    error: str
    trace: str
    data: str

    @property
    def failed(self) -> bool:
        """Whether the subscriber did not take the event."""
        return self.status != 0 and not 200 <= self.status < 300


def delivery(
    event: CloudEvent,
    *,
    at: float,
    trigger: str = "",
    attempt: int = 0,
    status: int = 0,
    ms: float = 0.0,
    error: bytes = b"",
) -> Delivery:
    """The record of `event`."""
    return Delivery(
        at=round(at, 3),
        id=event.id,
        type=event.type,
        source=event.source,
        subject=event.subject or "",
        trigger=trigger,
        attempt=attempt,
        status=status,
        ms=round(ms, 1),
        error=error[: SHOWN_BYTES // 4].decode("utf-8", "replace"),
        trace=event.extensions.get("traceparent", "")[3:35],
        data=event.data[:SHOWN_BYTES].decode("utf-8", "replace"),
    )


async def write(redis: Redis, records: Iterable[Delivery]) -> None:
    """Add records as one entry. Raises RedisError."""
    lines = "\n".join(json.dumps(asdict(record), ensure_ascii=False) for record in records)
    pipeline = redis.pipeline(transaction=False)
    pipeline.xadd(STREAM, {_FIELD: lines}, maxlen=MOST_ENTRIES, approximate=True)
    pipeline.expire(STREAM, KEPT_S)
    await pipeline.execute()


async def recent(redis: Redis, entries: int = 200) -> tuple[str, list[Delivery]]:
    """The latest records, oldest first, and the place after them. Raises RedisError."""
    found: Any = await redis.xrevrange(STREAM, count=entries)
    place = _text(found[0][0]) if found else "0-0"
    return place, [record for _, entry in reversed(found) for record in _read(entry)]


async def after(redis: Redis, place: str, wait_ms: int) -> tuple[str, list[Delivery]]:
    """The records after `place`, waiting for some so long, and the place after them. Raises RedisError."""
    answered: Any = await redis.xread({STREAM: place}, count=100, block=wait_ms)
    entries = [entry for _, found in _streams(answered) for entry in found]
    records = [record for _, entry in entries for record in _read(entry)]
    return (_text(entries[-1][0]) if entries else place), records


def _streams(answered: Any) -> Iterable[tuple[Any, Any]]:
    """RESP2 answers with pairs, RESP3 with a map (in which a stream's entries are in a list of their own)."""
    if isinstance(answered, dict):
        return ((name, found[0] if found else ()) for name, found in answered.items())
    return answered or ()


def _read(entry: dict[Any, Any]) -> Iterable[Delivery]:
    lines = entry.get(_FIELD) or entry.get(_FIELD.decode()) or b""
    for line in _text(lines).splitlines():
        told = json.loads(line)
        yield masked(Delivery(**{name: told[name] for name in _NAMES}))


_NAMES = tuple(field.name for field in fields(Delivery))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


_SECRET = re.compile(
    r'("[^"]*(?:phone|email|token|secret|password|cookie|authorization|signature)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?)',
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\d-])(?:\+?82[- .]?)?0?1[016789][- .]?\d{3,4}[- .]?\d{4}(?![\w-])")
_SIGNED = re.compile(r"(X-Amz-[A-Za-z]+=)[^&\"\s]+")


def masked(record: Delivery) -> Delivery:
    """The record without what nobody shall read over a shoulder: secrets, addresses of mail, phone numbers."""
    values = asdict(record)
    for name in ("data", "error"):
        values[name] = mask(values[name])
    return Delivery(**values)


def mask(text: str) -> str:
    """The text, a JSON document or the beginning of one, with such values replaced."""
    return _PHONE.sub("…", _SIGNED.sub(r"\1…", _SECRET.sub(r'\1"…"', text)))
