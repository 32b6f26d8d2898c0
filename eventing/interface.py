"""The interface that the CloudEvents SDK asks of an event, so that its functions take ours as they are.

Source: cloudevents 1.x, `cloudevents.abstract.CloudEvent`; 2.x, `cloudevents.core.base.BaseCloudEvent`. Nothing of
the SDK is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from eventing import attributes, strictjson

SPECVERSION = "1.0"
REQUIRED = ("id", "source", "type")
OPTIONAL = ("subject", "time", "datacontenttype", "dataschema")


class EventInterface:
    """What can be asked of an event; attributes have their canonical string form."""

    __slots__ = ()

    id: str
    source: str
    type: str
    subject: str | None
    time: str | None
    datacontenttype: str | None
    dataschema: str | None
    extensions: Mapping[str, str]
    data: bytes

    def attributes(self) -> dict[str, str]:
        """All context attributes that are set, by CloudEvents name, `specversion` and extensions included."""
        found = {"specversion": SPECVERSION, "id": self.id, "source": self.source, "type": self.type}
        for name in OPTIONAL:
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        found.update(self.extensions)
        return found

    def get_attributes(self) -> dict[str, str]:
        """The same, as both versions of the SDK call it."""
        return self.attributes()

    def get_data(self) -> dict[str, Any] | bytes | None:
        """A JSON object as dict, any other data as the bytes it is – which the SDK writes unchanged –, or None."""
        if self.data and attributes.is_json(self.datacontenttype or ""):
            with suppress(strictjson.NotStrictJson):
                if isinstance(value := strictjson.loads(self.data), dict):
                    return value
        return self.data or None

    # Version 1.x: a mapping of attributes

    def get(self, key: str, default: Any = None) -> Any:
        """One attribute."""
        return self.attributes().get(key, default)

    def __getitem__(self, key: str) -> str:
        return self.attributes()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.attributes())

    def __contains__(self, key: object) -> bool:
        return key in self.attributes()

    def __len__(self) -> int:
        return len(self.attributes())

    # Version 2.x: a method an attribute

    def get_specversion(self) -> str:
        """Always 1.0."""
        return SPECVERSION

    def get_id(self) -> str:
        """The id."""
        return self.id

    def get_source(self) -> str:
        """The source."""
        return self.source

    def get_type(self) -> str:
        """The type."""
        return self.type

    def get_subject(self) -> str | None:
        """The subject."""
        return self.subject

    def get_datacontenttype(self) -> str | None:
        """The media type of the data."""
        return self.datacontenttype

    def get_dataschema(self) -> str | None:
        """The schema of the data."""
        return self.dataschema

    def get_time(self) -> datetime | None:
        """The time, to the microsecond; a leap second is the second before, because datetime has none."""
        if self.time is None:
            return None
        time = self.time.upper()
        return datetime.fromisoformat(f"{time[:17]}59{time[19:]}" if time[17:19] == "60" else time)

    def get_extension(self, extension_name: str) -> str | None:
        """One extension attribute."""
        return self.extensions.get(extension_name)
