"""The catalogue of event types: one class for each, which is its schema, and conversion between data and event.

Declaring the class registers the type:

    class ScanRequested(EventData):
        type: ClassVar[str] = "eco2.scan.requested"
        job_id: UUID
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from eventing import booleans, strictjson
from eventing.attributes import is_json
from eventing.cloudevent import CloudEvent
from eventing.errors import InvalidCloudEvent, InvalidEventData
from eventing.ids import SHARDS, derived_id, shard_of

__all__ = [
    "EventData",
    "InvalidEventData",
    "derived_id",
    "from_event",
    "registered",
    "shard_of",
    "to_event",
]

_TYPE = re.compile(r"eco2\.(?P<domain>[a-z]+)(\.[a-z]+)+")
_types: dict[str, type[EventData]] = {}
Data = TypeVar("Data", bound="EventData")


class EventData(BaseModel):
    """The data of one event type. Unknown fields are ignored, so that adding one keeps the type.

    `domain` follows from the type; `version` counts additive changes and is part of `dataschema`. A breaking
    change is a new type beside the old one.
    """

    # Validators are built at first use: a cold start pays only for what its function touches.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)

    type: ClassVar[str]
    domain: ClassVar[str]
    version: ClassVar[int] = 1
    dataschema: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        name = cls.__dict__.get("type")
        if name is None:
            return  # shared fields of several types
        match = _TYPE.fullmatch(name)
        if match is None:
            raise TypeError(f"{name!r} is no event type: eco2.<domain>.<subject>.<past participle>")
        known = _types.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{name} is declared by {known.__qualname__} and by {cls.__qualname__}")
        cls.domain = match["domain"]
        cls.dataschema = f"urn:eco2:schema:{name}:{cls.version}"
        _types[name] = cls


def registered() -> Mapping[str, type[EventData]]:
    """The event types that this process has declared so far, by name."""
    return dict(sorted(_types.items()))


def to_event(
    data: EventData,
    *,
    source: str,
    subject: str | None = None,
    id: str | None = None,
    userid: str | None = None,
    expirytime: str | None = None,
    extensions: Mapping[str, str] | None = None,
) -> CloudEvent:
    """The event whose data is `data`. Give `id` (derived_id) where the event follows from another event.

    `time` is now, `id` random when not given. An event with a subject carries the subject's `shard`, by which
    several Triggers can share the events of one type. Raises InvalidCloudEvent.
    """
    shard = None if subject is None else str(shard_of(subject, SHARDS))
    named = {"userid": userid, "shard": shard, "expirytime": expirytime}
    return CloudEvent(
        id=id or str(uuid.uuid4()),
        source=source,
        type=data.type,
        subject=subject,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        datacontenttype="application/json",
        dataschema=data.dataschema,
        extensions={
            **(extensions or {}),
            **{name: value for name, value in named.items() if value is not None},
        },
        data=data.model_dump_json(by_alias=True).encode(),
    )


def from_event(cls: type[Data], event: CloudEvent) -> Data:
    """The data of an event of type `cls`. Raises InvalidEventData with all findings."""
    if event.type != cls.type:
        raise InvalidEventData({"type": [f"is {event.type}, not {cls.type}"]})
    if event.datacontenttype is not None and not is_json(event.datacontenttype):
        raise InvalidEventData({"datacontenttype": [f"is {event.datacontenttype}, not application/json"]})
    if strictjson.holds_nul(event.data):
        raise InvalidEventData({"data": ["holds the character U+0000, which can't be stored"]})
    try:
        told = event.json()
        made = cls.model_validate(told)
    except InvalidCloudEvent as invalid:
        raise InvalidEventData(invalid.findings) from invalid
    except ValidationError as invalid:
        findings: dict[str, list[str]] = {}
        for error in invalid.errors(include_url=False, include_input=False, include_context=False):
            where = ".".join(str(part) for part in error["loc"]) or "data"
            findings.setdefault(where, []).append(error["msg"])
        raise InvalidEventData(findings) from invalid
    if wrong := booleans.taken_for_numbers(told, made):
        raise InvalidEventData({".".join(where): [booleans.REASON] for where in wrong})
    return made
