"""The CloudEvents SDK takes our events and we take its: the installed generation, and the newest one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents import abstract
from cloudevents.http import CloudEvent as Theirs

from eventing.cloudevent import CloudEvent, InvalidCloudEvent
from eventing.sdk import from_sdk, is_event, to_sdk
from tests.eventing.documents import MINIMAL, without

ROOT = Path(__file__).resolve().parents[2]
EXCHANGE = ["-m", "tests.eventing.sdk_exchange"]
UNREACHABLE = ("Failed to fetch", "error sending request", "dns error")
EVENT = CloudEvent(
    "1",
    "/s",
    "t",
    time="2026-03-01T09:15:00Z",
    datacontenttype="application/json",
    extensions={"userid": "u"},
    data=b'{"a": 1}',
)


def report(command: list[str]) -> dict[str, Any]:
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    if ran.returncode and any(reason in ran.stderr for reason in UNREACHABLE):
        pytest.skip(f"PyPI can't be reached: {ran.stderr.strip().splitlines()[0]}")
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def about(finding: str) -> dict[str, Any]:
    attributes: dict[str, Any] = json.loads(finding[finding.index("{") :])
    return attributes


def test_the_installed_sdk_and_we_exchange_every_event() -> None:
    found = report([sys.executable, *EXCHANGE])
    assert found["sdk"].startswith("1.")
    # In binary mode version 1 neither encodes nor decodes headers, and refuses long names of extensions.
    excepted = {"source", "subject", "averyverylongextensionname"}
    for finding in found["findings"]:
        assert finding.startswith(("read binary", "write binary")), finding
        assert about(finding).keys() <= excepted, finding


def test_the_newest_sdk_and_we_exchange_every_event() -> None:
    uv = [str(Path(sys.executable).with_name("uv")), "run", "-q", "--no-project", "--isolated"]
    found = report([*uv, "--python", sys.executable, "--with", "cloudevents>=2", "--", "python", *EXCHANGE])
    assert int(found["sdk"].partition(".")[0]) >= 2
    for finding in found["findings"]:
        assert finding.startswith("read"), finding
        assert ":60" in about(finding)["time"], finding  # its times are datetimes, which have no leap second


def test_our_event_answers_as_the_sdk_asks() -> None:
    assert dict(EVENT.get_attributes()) == EVENT.attributes() == {name: EVENT[name] for name in EVENT}
    assert len(EVENT) == 7
    assert ("userid" in EVENT, "nothing" in EVENT) == (True, False)
    assert (EVENT.get("type"), EVENT.get("nothing", "x")) == ("t", "x")
    assert (EVENT.get_id(), EVENT.get_source(), EVENT.get_type()) == ("1", "/s", "t")
    assert (EVENT.get_specversion(), EVENT.get_subject(), EVENT.get_dataschema()) == ("1.0", None, None)
    assert (EVENT.get_datacontenttype(), EVENT.get_extension("userid")) == ("application/json", "u")
    assert EVENT.get_extension("nothing") is None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (None, None),
        ("2026-03-01t09:15:00z", datetime(2026, 3, 1, 9, 15, tzinfo=UTC)),
        ("2026-03-01T18:15:00.123456789+09:00", datetime(2026, 3, 1, 9, 15, 0, 123456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_datetime_next_to_it(time: str | None, expected: datetime | None) -> None:
    assert CloudEvent("1", "/s", "t", time=time).get_time() == expected


@pytest.mark.parametrize(
    ("media_type", "data", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/json", b"[1]", b"[1]"),
        ("application/json", b"{broken", b"{broken"),
        ("text/plain", b'{"a": 1}', b'{"a": 1}'),
        (None, b"\x00", b"\x00"),
        ("application/json", b"", None),
    ],
)
def test_data_is_a_dict_for_a_json_object_and_bytes_otherwise(
    media_type: str | None, data: bytes, expected: object
) -> None:
    assert CloudEvent("1", "/s", "t", datacontenttype=media_type, data=data).get_data() == expected


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_what_is_created_is_checked_and_nothing_is_invented(name: str) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        CloudEvent.create(without(name))
    assert list(refused.value.findings) == [name]


@pytest.mark.parametrize(
    ("attributes", "data", "where"),
    [
        ({"time": datetime(2026, 3, 1)}, None, "time"),  # noqa: DTZ001 - that it has no zone is the point
        ({"share": 0.5}, None, "share"),
        ({}, {1, 2}, "data"),
        ({}, float("nan"), "data"),
        ({}, "\ud800", "data"),
    ],
)
def test_what_is_no_event_is_not_created(attributes: dict[str, Any], data: object, where: str) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        CloudEvent.create({**MINIMAL, **attributes}, data)
    assert list(refused.value.findings) == [where]


def test_created_data_follows_its_media_type() -> None:
    assert CloudEvent.create(MINIMAL, {"a": "가"}).json() == {"a": "가"}
    assert CloudEvent.create({**MINIMAL, "datacontenttype": "text/plain"}, "가").data == "가".encode()
    assert CloudEvent.create(MINIMAL, bytearray(b"\x00")).data == b"\x00"
    event = CloudEvent.create({**MINIMAL, "subject": None, "n": 7, "time": datetime(2026, 3, 1, tzinfo=UTC)})
    assert (event.subject, event.extensions["n"], event.time) == (None, "7", "2026-03-01T00:00:00+00:00")


def test_events_of_the_sdk_are_told_from_other_types() -> None:
    assert is_event(Theirs)
    assert is_event(abstract.CloudEvent)
    for other in (CloudEvent, dict, None, "cloudevents"):
        assert not is_event(other)


@pytest.mark.parametrize("kind", [Theirs, abstract.CloudEvent])
def test_either_becomes_the_other(kind: type[Any]) -> None:
    theirs = to_sdk(kind, EVENT)
    assert isinstance(theirs, Theirs)
    assert (theirs["userid"], theirs.get_data()) == ("u", {"a": 1})
    assert from_sdk(theirs).json() == EVENT.json()
    theirs["source"] = "no reference"
    with pytest.raises(InvalidCloudEvent, match="source"):
        from_sdk(theirs)
