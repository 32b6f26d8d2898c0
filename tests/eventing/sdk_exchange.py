"""What the installed CloudEvents SDK makes of our events and of documents, valid and invalid: a report as JSON.

`python -m tests.eventing.sdk_exchange`: runs with the SDK and this checkout alone, in whatever environment has them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Protocol

from eventing.cloudevent import CloudEvent, InvalidCloudEvent, decode
from eventing.sdk import from_sdk, to_sdk
from tests.eventing.documents import INVALID, MINIMAL, VALID, without

STRUCTURED = {"content-type": "application/cloudevents+json"}
MODES = ("binary", "structured")
Message = tuple[dict[str, str], bytes]


class SDK(Protocol):
    """One generation of the SDK."""

    kind: type[Any]

    def read(self, message: Message, into: Any = None) -> Any:
        """The event of a message, of the SDK's class or as the factory `into` makes it."""

    def write(self, event: Any) -> tuple[Message, Message]:
        """An event in binary and in structured mode."""


class First:
    """cloudevents 1.x."""

    def __init__(self) -> None:
        from cloudevents.http import CloudEvent as Theirs

        self.kind = Theirs

    def read(self, message: Message, into: Any = None) -> Any:
        from cloudevents.conversion import from_http

        return from_http(into or self.kind, *message)

    def write(self, event: Any) -> tuple[Message, Message]:
        from cloudevents.conversion import to_binary, to_structured

        return to_binary(event), to_structured(event)


class Second:
    """cloudevents 2.x."""

    def __init__(self) -> None:
        from cloudevents.core.v1.event import CloudEvent as Theirs

        self.kind = Theirs

    def read(self, message: Message, into: Any = None) -> Any:
        from cloudevents.core.bindings.http import HTTPMessage, from_http
        from cloudevents.core.formats.json import JSONFormat

        factory = into.create if into else self.kind
        return from_http(HTTPMessage(*message), JSONFormat(), factory)

    def write(self, event: Any) -> tuple[Message, Message]:
        from cloudevents.core.bindings.http import to_binary, to_structured
        from cloudevents.core.formats.json import JSONFormat

        both = to_binary(event, JSONFormat()), to_structured(event, JSONFormat())
        return (both[0].headers, both[0].body), (both[1].headers, both[1].body)


def report(sdk: SDK) -> dict[str, Any]:
    """Counts and findings; each finding begins with the direction it is about."""
    valid = [{**MINIMAL, **more} for more in VALID]
    accepted = [_told(document) for _, document in INVALID if _accepts(sdk, document)]
    return {
        "sdk": version("cloudevents"),
        "valid": len(valid),
        "findings": [finding for document in valid for finding in _exchanged(sdk, document)],
        "invalid": len(INVALID),
        "accepted": accepted,
        "invented_id": _accepts(sdk, without("id")),
    }


def _message(document: dict[str, Any]) -> Message:
    return dict(STRUCTURED), json.dumps(document).encode()


def _accepts(sdk: SDK, document: dict[str, Any]) -> bool:
    return _holds(lambda: sdk.read(_message(document)) is not None)


def _exchanged(sdk: SDK, document: dict[str, Any]) -> Iterator[str]:
    ours = decode(*_message(document))
    told = _told(document)
    for mode, (headers, body) in zip(MODES, sdk.write(ours), strict=True):
        lower = {name.lower(): value for name, value in headers.items()}
        if not _holds(lambda: same(decode(lower, body or b""), ours)):  # noqa: B023 - called at once
            yield f"write {mode} {told}"
    if not _holds(lambda: same(from_sdk(to_sdk(sdk.kind, ours)), ours)):
        yield f"convert {told}"
    for mode, message in zip(MODES, (ours.to_binary(), (STRUCTURED, ours.to_structured())), strict=True):
        if not _holds(lambda: same(from_sdk(sdk.read(message)), ours)):  # noqa: B023
            yield f"read {mode} {told}"
        elif not _holds(lambda: same(sdk.read(message, CloudEvent), ours)):  # noqa: B023
            yield f"read {mode} as ours {told}"


def _told(document: dict[str, Any]) -> str:
    """In what it is not the smallest event."""
    more = {name: value for name, value in document.items() if MINIMAL.get(name) != value}
    return json.dumps(more | {name: "(missing)" for name in MINIMAL if name not in document})


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever it raises, the event did not come through
        return False


def same(one: CloudEvent, other: CloudEvent) -> bool:
    """Whether two events say the same: the SDK adds a time, writes times its way, and JSON data by value."""
    if other.time is None:
        one = replace(one, time=None)
    if one.get_time() != other.get_time():
        return False
    one = replace(one, time=other.time)
    if not one.data and not other.data:  # no data needs no media type
        one = replace(one, datacontenttype=other.datacontenttype)
    return one.attributes() == other.attributes() and _value(one) == _value(other)


def _value(event: CloudEvent) -> Any:
    try:
        return event.json()
    except InvalidCloudEvent:
        return event.data


def main() -> None:
    """Write the report."""
    first = version("cloudevents").startswith("1.")
    found = report(First() if first else Second())
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
