"""What the simulated model says fits whatever schema it is asked for."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from functions.providers.simulated.outputs import KNOWN, malformed, sensible

SCHEMAS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a text": {"type": "string"},
    "upper case": {"type": "OBJECT", "properties": {"ok": {"type": "BOOLEAN"}}},
    "a choice": {"enum": ["a", "b"]},
    "a constant": {"const": 7},
    "one of several": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]},
    "all of one": {"allOf": [{"type": "number", "exclusiveMinimum": 0}]},
    "several types": {"type": ["null", "string"]},
    "a list": {"type": "array", "minItems": 2, "items": {"type": "integer", "maximum": 0}},
    "a list of anything": {"type": "array"},
    "a reference": {"$ref": "#/$defs/place", "$defs": {"place": {"properties": {"id": {"type": "string"}}}}},
    "a reference to nothing": {"$ref": "#/$defs/place/none"},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_output_fits_its_schema(name: str) -> None:
    schema = SCHEMAS[name]
    said = json.loads(sensible(schema))
    if name not in ("upper case", "a reference to nothing"):  # which JSON Schema itself does not know
        jsonschema.validate(said, schema)
    assert sensible(schema) == sensible(schema)


def test_a_schema_without_an_end_has_an_output() -> None:
    endless = {"$defs": {"a": {"properties": {"next": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"}
    assert json.loads(sensible(endless))
    assert sensible({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize(
    ("part", "fits"),
    [
        ({"enum": ["something else"]}, False),
        ({"const": "something else"}, False),
        ({"oneOf": [{"const": "something else"}]}, False),
        ({"type": "boolean"}, False),
        ({"$ref": "#/$defs/any"}, None),
    ],
)
def test_a_known_value_stands_only_where_it_fits(name: str, part: dict[str, Any], fits: bool | None) -> None:
    schema = {
        "properties": {name: part},
        "$defs": {"any": {"type": ["string", "null", "number", "array", "object"]}},
    }
    said = json.loads(sensible(schema))[name]
    assert fits is None or (said == KNOWN[name]) is fits


def test_a_malformed_output_fits_no_object() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(malformed({})), {"type": "object", "required": ["major_category"]})
    assert json.loads(malformed(None)) == ""
