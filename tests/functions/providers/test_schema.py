"""Schemas as providers take them, and the simulated model's values for them."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field

from functions.providers.schema import wire_schema
from functions.providers.simulated.outputs import KNOWN, malformed, sensible
from tests.functions.providers.conftest import Category


class Material(Enum):
    PAPER = "종이"
    GLASS = "유리병"


class Step(BaseModel):
    title: str = Field("a default", max_length=20)
    number: Annotated[int, Field(ge=3, le=9)]


class Wide(BaseModel):
    """Everything an output may use."""

    title: str = Field(description="what it is called", pattern="^s")
    material: Material
    kind: Literal["only"]
    either: int | str
    optional: Step | None = None
    steps: list[Step] = Field(min_length=2)
    flag: bool
    share: float = Field(ge=0, le=1)
    confidence: float = Field(0.0, ge=0.95, le=1)


class Tree(BaseModel):
    name: str
    children: list[Tree]


class Open(BaseModel):
    disposal_steps: dict[str, str]


@pytest.mark.parametrize("output", [Category, Wide, Tree, Open, Step])
def test_the_simulated_value_fits_the_schema_and_the_model(output: type[BaseModel]) -> None:
    schema = wire_schema(output)
    value = sensible(schema.body)
    jsonschema.validate(json.loads(value), schema.body)
    output.model_validate_json(value)


@pytest.mark.parametrize("output", [Category, Wide, Tree])
def test_a_malformed_value_does_not_fit(output: type[BaseModel]) -> None:
    schema = wire_schema(output).body
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(malformed(schema)), schema)


def test_a_strict_schema_is_closed_and_requires_everything() -> None:
    schema = wire_schema(Wide)
    assert schema.strict
    assert schema.name == "Wide"
    assert schema.body["additionalProperties"] is False
    assert schema.body["required"] == list(Wide.model_fields)
    assert schema.body["$defs"]["Step"]["required"] == ["title", "number"]
    assert schema.body["properties"]["title"] == {"type": "string", "description": "what it is called"}
    assert schema.body["properties"]["kind"] == {"type": "string", "enum": ["only"]}


def test_a_reference_stands_alone() -> None:
    def references(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for each in node for found in references(each)]
        if not isinstance(node, dict):
            return []
        return ([node] if "$ref" in node else []) + [f for each in node.values() for f in references(each)]

    found = references(dict(wire_schema(Wide).body))
    assert found
    assert all(list(each) == ["$ref"] for each in found)


def test_an_open_map_cannot_be_strict() -> None:
    assert not wire_schema(Open).strict
    assert not wire_schema(Open).body["properties"]["disposal_steps"].get("properties")


def test_known_names_get_sensible_values() -> None:
    said = json.loads(sensible(wire_schema(Category).body))
    assert {name: said[name] for name in said} == {name: KNOWN[name] for name in said}


def test_a_known_value_yields_to_the_schema() -> None:
    class Other(BaseModel):
        middle_category: Literal["종이", "비닐류"]
        confidence: Literal["high"]

    assert json.loads(sensible(wire_schema(Other).body)) == {"middle_category": "종이", "confidence": "high"}
