"""A pydantic model as the JSON Schema that providers take for structured output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel

# Understood by neither or by only one of OpenAI's strict mode and Gemini's response schema.
# Nothing is lost: pydantic checks the output against the whole model afterwards.
_DROPPED: Final = frozenset(
    {
        "default", "title", "examples", "minLength", "maxLength", "pattern", "uniqueItems",
        "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "discriminator", "format",
    }
)  # fmt: skip


@dataclass(frozen=True)
class WireSchema:
    """A schema as providers take it.

    `strict` is False when the model has open maps (`dict[str, …]`), which strict mode cannot express.
    """

    name: str
    body: Mapping[str, Any]
    strict: bool


@lru_cache(maxsize=128)
def wire_schema(output: type[BaseModel]) -> WireSchema:
    """The schema of `output`: closed objects, every property required, no keywords providers refuse."""
    schema = output.model_json_schema()
    if "$ref" in schema:  # a model that contains itself; the root has to be an object, not a reference
        schema = {**schema["$defs"][schema["$ref"].rpartition("/")[2]], "$defs": schema["$defs"]}
    body = _closed(schema)
    return WireSchema(output.__name__, body, strict=not _open(body))


def _closed(node: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}  # strict mode takes no siblings of a reference
    closed: dict[str, Any] = {}
    for key, value in node.items():
        if key in _DROPPED:
            continue
        if key in {"properties", "$defs"}:
            closed[key] = {name: _closed(part) for name, part in value.items()}
        elif key in {"anyOf", "oneOf", "allOf"}:
            closed["allOf" if key == "allOf" else "anyOf"] = [_closed(part) for part in value]
        elif key == "const":
            closed["enum"] = [value]
        else:
            closed[key] = _closed(value) if isinstance(value, Mapping) else value
    if closed.get("type") == "object" and "properties" in closed:
        closed["required"] = list(closed["properties"])
        closed["additionalProperties"] = False
    if len(closed.get("allOf", ())) == 1:
        return _closed(closed.pop("allOf")[0]) | closed
    return closed


def _open(node: object) -> bool:
    """Whether an object in here takes property names of its own choice."""
    if isinstance(node, list):
        return any(_open(part) for part in node)
    if not isinstance(node, Mapping):
        return False
    if node.get("type") == "object" and node.get("additionalProperties") is not False:
        return True
    return any(_open(part) for part in node.values())
