"""Every event type of the catalogue has an example that it takes."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from eventing.catalogue import EventData, registered
from functions.runtime.registry import load_all
from schemas.generate import ROOT
from tests.functions.examples import example

load_all()
TYPES = [data for data in registered().values() if data.__module__.startswith("functions.")]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.type)
def test_its_example_is_valid(kind: type[EventData]) -> None:
    schema = json.loads((ROOT / "schemas/events" / f"{kind.type}.json").read_text())
    Draft202012Validator(schema).validate(json.loads(example(kind).model_dump_json(by_alias=True)))


def test_a_field_may_be_given() -> None:
    for kind in TYPES:
        if "user_id" in kind.model_fields:
            assert example(kind, user_id="u7").model_dump()["user_id"] == "u7"
