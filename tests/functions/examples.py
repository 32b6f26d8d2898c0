"""Example data of any event type, made from its JSON Schema: the least that is valid, nothing that means anything."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from eventing.catalogue import EventData

Data = TypeVar("Data", bound=EventData)
FORMATS = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uri": "https://example.com/",
}


def example(kind: type[Data], **given: Any) -> Data:
    """Data of an event type, with the fields that are `given`. Raises ValidationError where a validator of our own
    asks for more than the schema says: then give that field.
    """
    schema = kind.model_json_schema()
    return kind.model_validate({**_value(schema, schema.get("$defs", {})), **given})


def whole(kind: type[BaseModel]) -> Any:
    """A document with every field of a model, those that may be left out too, and one of everything in each list."""
    schema = kind.model_json_schema()
    return _whole(schema, schema.get("$defs", {}))


def _whole(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _whole(shared[schema["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in schema:
        return _whole(next(one for one in schema["anyOf"] if one.get("type") != "null"), shared)
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: _whole(field, shared) for name, field in schema["properties"].items()}
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return {"x": _whole(schema["additionalProperties"], shared)}
        case "array" if "items" in schema:
            return [_whole(schema["items"], shared)] * max(1, schema.get("minItems", 0))
        case "array" if "prefixItems" in schema:
            return [_whole(item, shared) for item in schema["prefixItems"]]
        case None:
            return schema.get("const", schema.get("enum", [None])[0])
        case _:
            return _value({name: value for name, value in schema.items() if name != "default"}, shared)


def _value(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(shared[schema["$ref"].rpartition("/")[2]], shared)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], shared)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _value(fields[name], shared) for name in schema.get("required", ())}
        case "array":
            return [_value(schema["items"], shared)] * schema.get("minItems", 0)
        case "string":
            return FORMATS.get(schema.get("format", ""), "x" * schema.get("minLength", 1))
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case kind:
            return {"boolean": False, "null": None}[str(kind)]
