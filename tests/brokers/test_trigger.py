from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.dispatch import dead_letter_trigger
from brokers.errors import InvalidTriggers
from brokers.trigger import Trigger, load, parse
from brokers.trigger_index import TriggerIndex
from eventing.cloudevent import CloudEvent


def given_trigger(**more: Any) -> dict[str, Any]:
    return {
        "name": "scan-vision",
        "filter": {"type": "eco2.scan.requested"},
        "subscriber": "http://127.0.0.1:1/",
        "retry": 3,
        "backoff_delay_s": 0.5,
        "backoff_policy": "exponential",
        "timeout_s": 60,
        "dead_letter_sink": "http://127.0.0.1:1/",
        **more,
    }


def test_a_file_holds_triggers_and_schedules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "triggers.json"
    tick = {"name": "sweep", "type": "eco2.ops.sweep.requested", "source": "/eco2/clock", "every_s": 60}
    file.write_text(json.dumps({"triggers": [given_trigger(headers={"host": "x"})], "schedules": [tick]}))
    monkeypatch.setenv("ECO2_TRIGGERS", str(file))
    assert load() == load(file)
    wiring = load()
    assert wiring.triggers[0].headers == {"host": "x"}
    assert wiring.triggers[0].in_flight == 100
    assert wiring.schedules[0].every_s == 60


def test_a_bare_list_is_triggers() -> None:
    assert [trigger.name for trigger in parse([given_trigger()]).triggers] == ["scan-vision"]


def test_everything_wrong_is_told_at_once() -> None:
    broken = given_trigger(name="b", retry=-1, subscriber="ftp://x", backoff_policy="random", timeout_s=0)
    incomplete = {"name": "c", "colour": 1}
    with pytest.raises(InvalidTriggers) as caught:
        parse({"triggers": [given_trigger(), given_trigger(), broken, incomplete, 7]})
    findings = caught.value.findings
    assert findings["trigger 'scan-vision'"] == ["is there twice"]
    assert len(findings["trigger 'b'"]) == 4
    assert "colour is no field" in findings["trigger 'c'"]
    assert "subscriber is missing" in findings["trigger 'c'"]
    assert "trigger 4" in findings


@pytest.mark.parametrize("document", [3, {"trigger": []}, {"triggers": [given_trigger(retry="x")]}])
def test_what_is_no_trigger_file_is_refused(document: Any) -> None:
    with pytest.raises(InvalidTriggers):
        parse(document)


def test_a_missing_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECO2_TRIGGERS", raising=False)
    with pytest.raises(InvalidTriggers, match="--triggers"):
        load()
    with pytest.raises(InvalidTriggers, match="absent"):
        load(tmp_path / "absent.json")


def test_waits_grow_as_the_policy_says() -> None:
    exponential = Trigger(**given_trigger())
    linear = Trigger(**given_trigger(backoff_policy="linear"))
    assert [exponential.backoff_s(n) for n in (1, 2, 3)] == [1.0, 2.0, 4.0]
    assert [linear.backoff_s(n) for n in (1, 2, 3)] == [0.5, 1.0, 1.5]


def test_dead_letters_have_a_delivery_of_their_own_without_a_sink() -> None:
    trigger = Trigger(**given_trigger(dead_letter_headers={"host": "ops-quarantine"}))
    letters = dead_letter_trigger(trigger)
    assert letters is not None
    assert (letters.name, letters.dead_letter_sink, letters.headers) == (
        "scan-vision.dlq",
        None,
        {"host": "ops-quarantine"},
    )
    assert dead_letter_trigger(letters) is None


_values = st.sampled_from(["a", "A", "b", "1"])
_filters = st.dictionaries(st.sampled_from(["type", "subject", "source", "shard"]), _values, max_size=3)


@given(st.lists(_filters, max_size=6), _values, _values, st.none() | _values, st.none() | _values)
def test_routing_by_type_finds_what_comparing_all_would(
    filters: list[dict[str, str]], type: str, source: str, subject: str | None, shard: str | None
) -> None:
    triggers = [
        Trigger(**given_trigger(name=str(number), filter=wanted)) for number, wanted in enumerate(filters)
    ]
    extensions = {"shard": shard} if shard else {}
    event = CloudEvent("1", source, type, subject, extensions=extensions)
    found = {"type": type, "source": source, "subject": subject, "shard": shard}
    expected = {
        trigger.name
        for trigger in triggers
        if all(found[name] == value for name, value in trigger.filter.items())
    }
    assert set(TriggerIndex(triggers).of(event)) == expected
