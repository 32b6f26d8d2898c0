"""Outputs of the simulated model: a value that fits the JSON Schema it was asked for, always the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

TEXT: Final = (
    "안녕하세요, 이코예요! 생수병은 내용물을 비우고 라벨을 뗀 뒤 "
    "뚜껑을 닫아 무색페트병 수거함에 넣어 주세요. 작은 실천이 큰 변화를 만들어요."
)
"""The answer when no schema is asked for."""

KNOWN: Final[Mapping[str, Any]] = {
    "major_category": "재활용폐기물",
    "middle_category": "무색페트병",
    "minor_category": "생수병",
    "situation_tags": [],
    "confidence": 0.93,
    "items": None,
    "disposal_steps": {"단계1": "내용물을 비워 주세요.", "단계2": "라벨을 떼어 주세요."},
    "insufficiencies": [],
    "user_answer": TEXT,
    "intent": "waste",
    "additional_intents": [],
    "decomposed_queries": [],
    "reasoning": "simulated",
    "label": "무색페트병",
    "name": "생수병",
    "step": "내용물을 비워 주세요.",
}
"""Sensible values by property name; used where they fit the schema."""

INTENTS: Final[Mapping[str, str]] = {"버려": "waste", "버리": "waste", "그려": "image_generation"}
"""Words of a message, and what they ask for. A model understands a message; this one looks for words."""

_MAX_DEPTH: Final = 24
Schema = Mapping[str, Any]


def sensible(schema: Schema, known: Mapping[str, Any] = KNOWN) -> str:
    """JSON text that fits `schema`."""
    return json.dumps(_fill(schema, schema, "", 0, known), ensure_ascii=False)


def read(text: str) -> dict[str, Any]:
    """What the words of a prompt ask for, by property name; of JSON with a `message` only that is read."""
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    message = str(given.get("message", "")) if isinstance(given, dict) else text
    found = list(dict.fromkeys(intent for word, intent in INTENTS.items() if word in message))
    return {"intent": found[0], "additional_intents": found[1:]} if found else {}


def malformed(schema: Schema | None) -> str:
    """JSON text that does not fit `schema`: its required properties are missing."""
    return json.dumps({"unexpected": True} if schema else "", ensure_ascii=False)


def _fill(schema: Schema, root: Schema, name: str, depth: int, known: Mapping[str, Any]) -> Any:
    if depth > _MAX_DEPTH:
        return None
    while "$ref" in schema and depth <= _MAX_DEPTH:
        schema, depth = _resolve(str(schema["$ref"]), root), depth + 1
    if name in known and _fits(known[name], schema, root):
        return known[name]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union):
            return _fill(schema[union][0], root, name, depth + 1, known)
    kind = _kind(schema)
    if kind == "object":
        return {
            key: _fill(part, root, key, depth + 1, known)
            for key, part in schema.get("properties", {}).items()
        }
    if kind == "array":
        item = schema.get("items", {"type": "string"})
        return [_fill(item, root, name, depth + 1, known) for _ in range(int(schema.get("minItems", 0)))]
    if kind in {"integer", "number"}:
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        value = max(least, 1)
        value = min(value, schema.get("maximum", value))
        return int(value) if kind == "integer" else float(value)
    return {"boolean": False, "null": None}.get(kind, f"simulated {name}".strip())


def _resolve(reference: str, root: Schema) -> Schema:
    part: Any = root
    for key in reference.removeprefix("#/").split("/"):
        part = part.get(key, {}) if isinstance(part, Mapping) else {}
    return part if isinstance(part, Mapping) else {}


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    chosen = kind[0] if isinstance(kind, list) and kind else kind
    return str(chosen).lower()  # Gemini's own schema type writes OBJECT, STRING, …


def _fits(value: Any, schema: Schema, root: Schema, depth: int = 0) -> bool:
    """Whether a known value may stand where `schema` is; only what `KNOWN` needs."""
    if depth > _MAX_DEPTH:
        return False
    if "$ref" in schema:
        return _fits(value, _resolve(str(schema["$ref"]), root), root, depth + 1)
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            return any(_fits(value, each, root, depth + 1) for each in schema[union])
    if "enum" in schema:
        return value in schema["enum"]
    if "const" in schema:
        return bool(value == schema["const"])
    names = schema.get("type", "string")
    kinds = {str(each).lower() for each in (names if isinstance(names, list) else [names])}
    match value:
        case None:
            return "null" in kinds or bool(schema.get("nullable"))
        case str():
            return "string" in kinds and len(value) <= schema.get("maxLength", len(value))
        case list():
            return "array" in kinds and len(value) >= schema.get("minItems", 0)
        case dict():
            return (
                "object" in kinds
                and not schema.get("properties")
                and bool(schema.get("additionalProperties", True))
            )
        case _:
            return bool(kinds & {"number"}) and schema.get("minimum", value) <= value <= schema.get(
                "maximum", value
            )
