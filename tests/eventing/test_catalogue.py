from __future__ import annotations

import json
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

import pytest

from eventing.catalogue import (
    EventData,
    InvalidEventData,
    derived_id,
    from_event,
    registered,
    shard_of,
    to_event,
)
from eventing.cloudevent import decode

JOB = "550e8400-e29b-41d4-a716-446655440000"


class Weighed(EventData):
    type: ClassVar[str] = "eco2.test.item.weighed"
    version: ClassVar[int] = 3
    job_id: UUID
    grams: float
    materials: tuple[str, ...] = ()


@pytest.fixture
def weighed() -> Weighed:
    return Weighed(job_id=UUID(JOB), grams=12.5, materials=("종이", "금속류"))


def test_declaring_the_class_registers_the_type() -> None:
    assert registered()["eco2.test.item.weighed"] is Weighed
    assert (Weighed.domain, Weighed.dataschema) == ("test", "urn:eco2:schema:eco2.test.item.weighed:3")


@pytest.mark.parametrize("name", ["scan.requested", "eco2.scan", "eco2.Scan.requested", ""])
def test_a_type_name_outside_the_convention_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="no event type"):
        type(
            "Wrong",
            (EventData,),
            {"type": name, "__annotations__": {"type": "ClassVar[str]"}, "__module__": __name__},
        )


def test_two_classes_cannot_declare_one_type() -> None:
    with pytest.raises(TypeError, match=r"Weighed and by .*WeighedAgain"):

        class WeighedAgain(EventData):
            type: ClassVar[str] = "eco2.test.item.weighed"


def test_data_survives_the_wire(weighed: Weighed) -> None:
    event = to_event(weighed, source="/eco2/test/scale", subject=JOB, userid="u-1")

    assert from_event(Weighed, decode(*event.to_binary())) == weighed
    assert event.type == Weighed.type
    assert event.extensions == {"userid": "u-1", "shard": "0"}
    assert (event.datacontenttype, event.dataschema) == ("application/json", Weighed.dataschema)


def test_only_an_event_with_a_subject_has_a_shard(weighed: Weighed) -> None:
    assert "shard" not in to_event(weighed, source="/eco2/test/scale").extensions
    other = to_event(weighed, source="/eco2/test/scale", subject="00000000-0000-0000-0000-000000000000")
    assert other.extensions["shard"] == "2"


def test_a_field_added_later_keeps_the_type(weighed: Weighed) -> None:
    event = to_event(weighed, source="/eco2/test/scale")
    newer = replace(event, data=json.dumps({**event.json(), "volume_ml": 3}).encode())

    assert from_event(Weighed, newer) == weighed


def test_data_that_breaks_the_promise_is_refused_with_all_findings(weighed: Weighed) -> None:
    event = to_event(weighed, source="/eco2/test/scale")
    with pytest.raises(InvalidEventData) as refused:
        from_event(Weighed, replace(event, data=b'{"job_id":"x","materials":[1]}'))
    assert set(refused.value.findings) == {"job_id", "grams", "materials.0"}
    for data in (b"", b"{broken", b"[]", b'{"grams":1,"grams":2}'):
        with pytest.raises(InvalidEventData, match="data"):
            from_event(Weighed, replace(event, data=data))
    with pytest.raises(InvalidEventData, match="type is"):
        from_event(Weighed, replace(event, type="eco2.test.other"))
    with pytest.raises(InvalidEventData, match="datacontenttype"):
        from_event(Weighed, replace(event, datacontenttype="text/plain"))


def test_derived_ids_are_the_same_for_the_same_cause_and_stage() -> None:
    assert derived_id("e-1", "/eco2/scan/vision") == derived_id("e-1", "/eco2/scan/vision")
    assert len({derived_id(i, s) for i in ("e-1", "e-2") for s in ("/a", "/b")}) == 4
    assert UUID(derived_id("e-1", "/a")).version == 5


def test_shards_agree_with_the_contract() -> None:
    assert shard_of(JOB, 4) == 0
    assert shard_of("00000000-0000-0000-0000-000000000000", 4) == 2
    assert shard_of(JOB, 1) == 0
