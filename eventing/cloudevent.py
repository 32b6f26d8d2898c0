"""A CloudEvents 1.0 event as a frozen value, and its two HTTP forms, binary and structured (JSON).

An invalid event cannot exist: building one and decoding one run the same checks and raise the same
InvalidCloudEvent, which holds every finding at once. Source: CloudEvents spec, JSON format and HTTP
protocol binding, all 1.0.2.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from eventing import attributes, strictjson
from eventing.errors import InvalidCloudEvent
from eventing.interface import OPTIONAL, REQUIRED, SPECVERSION, EventInterface

__all__ = ["MAX_EVENT_BYTES", "CloudEvent", "InvalidCloudEvent", "decode", "is_cloudevent"]

MAX_EVENT_BYTES = 65_536
"""The largest event on its whole way – ingress, function, reply –, without its attributes: what CloudEvents 1.0
asks every consumer to take. What every part takes is refused at the door, not half-way."""
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch"
ATTRIBUTES_BUDGET = 8192  # characters of all context attributes together; proxies refuse larger headers
_CORE = frozenset((*REQUIRED, *OPTIONAL, "specversion"))
_NO_EXTENSIONS: Mapping[str, str] = MappingProxyType({})
_CHECKS = (
    ("source", attributes.uri_reference_finding),
    ("subject", attributes.text_finding),
    ("time", attributes.time_finding),
    ("datacontenttype", attributes.content_type_finding),
    ("dataschema", attributes.uri_finding),
)


@dataclass(frozen=True, slots=True)
class CloudEvent(EventInterface):
    """A CloudEvents 1.0 event. `data` is bytes of media type `datacontenttype`; `time` is RFC 3339.

    `extensions` holds extension attributes in their canonical string form. Two deliveries of one event have
    the same (source, id). Raises InvalidCloudEvent when anything is not as the specification says.
    """

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: Mapping[str, str] = field(default_factory=lambda: _NO_EXTENSIONS)
    data: bytes = b""

    def __post_init__(self) -> None:
        findings: dict[str, list[str]] = {}
        for name in REQUIRED:
            if reason := attributes.text_finding(getattr(self, name)):
                findings[name] = [reason]
        for name, finding in _CHECKS:
            value = getattr(self, name)
            if value is not None and name not in findings and (reason := finding(value)):
                findings[name] = [reason]
        if self.extensions is not _NO_EXTENSIONS:
            for name, value in self.extensions.items():
                if reason := attributes.extension_finding(name, value):
                    findings[name] = [reason]
                elif name in _CORE:
                    findings[name] = ["is a core attribute, not an extension"]
            object.__setattr__(self, "extensions", MappingProxyType(dict(self.extensions)))
        if findings:
            raise InvalidCloudEvent(findings)

    def __hash__(self) -> int:
        return hash((self.source, self.id))

    @classmethod
    def of(cls, attributes: Mapping[str, str], data: bytes) -> CloudEvent:
        """The event that has these `attributes()` and this data. Raises InvalidCloudEvent."""
        extensions = dict(attributes)
        extensions.pop("specversion", None)
        core: dict[str, Any] = {name: extensions.pop(name, "") for name in REQUIRED}
        core |= {name: extensions.pop(name, None) for name in OPTIONAL}
        return cls(**core, extensions=extensions, data=data)

    @classmethod
    def create(cls, attributes: Mapping[str, Any], data: Any = None) -> CloudEvent:
        """The event of attributes by CloudEvents name and of data as a value, as the SDK creates events.

        Nothing is invented: `specversion` and `id` are needed as well. None means unset; a time may be a datetime. Data
        that is neither bytes nor text of another media type becomes JSON. Raises InvalidCloudEvent.
        """
        findings: dict[str, list[str]] = {}
        found = {name: value for name, value in attributes.items() if value is not None}
        if isinstance(found.get("time"), datetime):
            found["time"] = found["time"].isoformat()
        raw = isinstance(data, bytes | bytearray)
        return _built(found, bytes(data) if raw else _encoded(data, found, findings), findings)

    def to_binary(self) -> tuple[dict[str, str], bytes]:
        """The HTTP headers (lower-case names) and the body in binary content mode."""
        found = self.attributes()
        content_type = found.pop("datacontenttype", None)
        headers = {f"ce-{name}": attributes.percent_encode(value) for name, value in found.items()}
        if content_type is not None:
            headers["content-type"] = content_type
        return headers, self.data

    def to_structured(self) -> bytes:
        """The event as one JSON document, to be sent as `application/cloudevents+json`."""
        document: dict[str, str] = self.attributes()
        raw = b""
        if self.data:
            media_type = self.datacontenttype or ""
            if attributes.is_json(media_type) and strictjson.is_embeddable(self.data):
                raw = self.data  # verbatim, so that a number keeps its digits
            elif media_type.lower().startswith("text/") and (text := strictjson.utf8(self.data)) is not None:
                document["data"] = text
            else:
                document["data_base64"] = base64.b64encode(self.data).decode("ascii")
        encoded = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return encoded[:-1] + b',"data":' + raw + b"}" if raw else encoded

    def json(self) -> Any:
        """`data` as JSON; None without data. Raises InvalidCloudEvent when it is not strict JSON."""
        if not self.data:
            return None
        try:
            return strictjson.loads(self.data)
        except strictjson.NotStrictJson as error:
            raise InvalidCloudEvent({"data": [str(error)]}) from error


def is_cloudevent(headers: Mapping[str, str]) -> bool:
    """Whether a message claims to be an event (names lower-case), so that decode is worth its findings."""
    content_type = headers.get("content-type", "").lower()
    return content_type.startswith("application/cloudevents") or any(
        f"ce-{name}" in headers for name in ("specversion", *REQUIRED)
    )


def decode(headers: Mapping[str, str], body: bytes, *, max_bytes: int = MAX_EVENT_BYTES) -> CloudEvent:
    """The event of an HTTP message in binary or structured mode.

    `headers` have lower-case names and values as text (Latin-1 as ASGI gives them). A body over `max_bytes`,
    context attributes of more than 8 KiB together and batches are refused. Raises InvalidCloudEvent.
    """
    if len(body) > max_bytes:
        raise InvalidCloudEvent({"data": [f"is {len(body)} bytes; at most {max_bytes} are accepted"]})
    content_type = headers.get("content-type", "")
    if content_type[:23].lower() == "application/cloudevents":
        return _structured(content_type, body)
    return _binary(headers, body)


def _binary(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    found: dict[str, Any] = {}
    findings: dict[str, list[str]] = {}
    for header, value in headers.items():
        if header.startswith("ce-"):
            name = header[3:]
            if "%" in value or '"' in value or not value.isascii():
                try:
                    value = attributes.header_text(value)  # noqa: PLW2901
                except ValueError as error:
                    findings[name] = [str(error)]
            found[name] = value
    if "datacontenttype" in found:
        findings["datacontenttype"] = ["is the Content-Type header in binary mode, not a ce- header"]
    found["datacontenttype"] = headers.get("content-type")
    _within_budget(sum(map(len, found)) + sum(len(value) for value in found.values() if value))
    return _event(found, body, findings)


def _structured(content_type: str, body: bytes) -> CloudEvent:
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    if media_type.startswith(BATCH):
        raise InvalidCloudEvent({"content-type": ["batched mode is not accepted; send one event a request"]})
    if media_type != STRUCTURED:
        raise InvalidCloudEvent({"content-type": [f"{media_type} is not accepted; send {STRUCTURED}"]})
    if "charset" in parameters and "utf-8" not in parameters and "us-ascii" not in parameters:
        raise InvalidCloudEvent({"content-type": ["the charset of a JSON event is UTF-8"]})
    try:
        document = strictjson.loads(body)
    except strictjson.NotStrictJson as error:
        raise InvalidCloudEvent({"document": [str(error)]}) from error
    if not isinstance(document, dict):
        raise InvalidCloudEvent({"document": ["must be one JSON object"]})
    findings: dict[str, list[str]] = {}
    found = {name: value for name, value in document.items() if value is not None}  # null means unset
    data = _data_member(found, findings)
    return _built(found, data, findings)


def _data_member(found: dict[str, Any], findings: dict[str, list[str]]) -> bytes:
    value, encoded = found.pop("data", None), found.pop("data_base64", None)
    if value is not None and encoded is not None:
        findings["data"] = ["data and data_base64 exclude each other"]
        return b""
    if encoded is None:
        return _encoded(value, found, findings)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError):
        findings["data_base64"] = ["must be a Base64 string"]
        return b""


def _encoded(value: Any, found: dict[str, Any], findings: dict[str, list[str]]) -> bytes:
    if value is None:
        return b""
    media_type = found.setdefault("datacontenttype", "application/json")  # JSON format, section 3.1
    try:
        if isinstance(value, str) and isinstance(media_type, str) and not attributes.is_json(media_type):
            return value.encode()
        return strictjson.dumps(value)
    except UnicodeEncodeError:
        findings["data"] = ["holds text that is not Unicode"]
    except (TypeError, ValueError, RecursionError) as error:
        findings["data"] = [f"is not JSON ({str(error)[:80]})"]
    return b""


def _canonical(name: str, value: object, findings: dict[str, list[str]]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -(2**31) <= value < 2**31:
        return str(value)
    findings[name] = ["must be a string, a boolean or an integer of 32 bits"]
    return "invalid"


def _built(found: dict[str, Any], data: bytes, findings: dict[str, list[str]]) -> CloudEvent:
    """The event of attributes whose extensions may have other types than strings."""
    for name, value in found.items():
        if name not in _CORE and not isinstance(value, str):
            found[name] = _canonical(name, value, findings)
    _within_budget(sum(len(name) + len(value) for name, value in found.items() if isinstance(value, str)))
    return _event(found, data, findings)


def _event(found: dict[str, Any], data: bytes, findings: dict[str, list[str]]) -> CloudEvent:
    """Build the event; its findings are added to those of the wire form. Raises InvalidCloudEvent."""
    specversion = found.pop("specversion", None)
    if specversion != SPECVERSION:
        findings["specversion"] = (
            ["is missing"] if specversion is None else [f'must be "{SPECVERSION}", not {specversion!r:.40}']
        )
    core = {name: found.pop(name, "") for name in REQUIRED}
    core |= {name: found.pop(name) for name in OPTIONAL if name in found}
    try:
        event = CloudEvent(**core, extensions=found or _NO_EXTENSIONS, data=data)
    except InvalidCloudEvent as invalid:
        raise InvalidCloudEvent({**invalid.findings, **findings}) from None
    if findings:
        raise InvalidCloudEvent(findings)
    return event


def _within_budget(length: int) -> None:
    if length > ATTRIBUTES_BUDGET:
        raise InvalidCloudEvent({"attributes": [f"are more than {ATTRIBUTES_BUDGET} characters together"]})
