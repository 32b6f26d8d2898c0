"""The reference of the API as a page for people: the OpenAPI document drawn without a script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from schemas.reference import Document, fields, inline, kind, meaning, page, put, table, words, written

_LINKS = (("/", "Console"), ("/api/v1/docs/events", "Events"), ("/api/v1/openapi.json", "OpenAPI document"))
_DEEPEST = 4
_VALUES = {
    "date-time": "2026-01-31T09:00:00Z",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "string": "…",
}
Problem = tuple[str, str, str]
"""Status, code, what it says."""


def api_reference(document: Document) -> str:
    """The page of an OpenAPI document of ours."""
    made, main = page(f"{document['info']['title']} API", document["info"]["description"], _LINKS)
    everywhere = _everywhere(document)
    _first_call(main)
    _index(main, document)
    _problems(SubElement(main, "section", id="problems"), everywhere)
    for tag in document["tags"]:
        section = SubElement(main, "section", id=tag["name"])
        put(section, "h2", tag["name"])
        words(section, tag["description"])
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                _operation(section, document, method, path, operation, everywhere)
    types = SubElement(main, "section", id="types")
    put(types, "h2", "Types")
    for name, schema in document["components"]["schemas"].items():
        one = SubElement(types, "section", id=name)
        put(SubElement(one, "h3"), "code", name)
        words(one, schema.get("description", ""))
        fields(one, schema)
    return written(made)


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def _first_call(main: Element) -> None:
    section = SubElement(main, "section", id="start")
    put(section, "h2", "A first call")
    words(
        section,
        "On a development platform a name signs in; elsewhere a browser does, by `/api/v1/auth/{provider}/login`.",
    )
    put(
        section,
        "pre",
        "URL=http://127.0.0.1:8080\n"
        'curl -sc jar -o /dev/null "$URL/api/v1/auth/local/login?name=me"\n'
        'curl -sb jar "$URL/api/v1/users/me"',
    )


def _index(main: Element, document: Document) -> None:
    nav = SubElement(main, "nav", {"aria-label": "Operations"})
    for tag in document["tags"]:
        put(SubElement(nav, "h2"), "a", tag["name"], href=f"#{tag['name']}")
        index = SubElement(nav, "ul", {"class": "index"})
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                put(SubElement(index, "li"), "a", f"{method} {path}", href=f"#{operation['operationId']}")


def _problems(section: Element, found: list[Problem]) -> None:
    put(section, "h2", "What any request may be answered")
    words(section, "Other problems stand at the operation; a program goes by the `code`.")
    _table(section, found)


def _table(section: Element, found: list[Problem]) -> None:
    rows = table(section, ("status", "code", "what it says"))
    for status, code, detail in found:
        row = SubElement(rows, "tr")
        put(row, "td", status)
        put(SubElement(row, "td"), "code", code)
        put(row, "td", detail)


def _everywhere(document: Document) -> list[Problem]:
    """The problems that every operation has, or every one that needs a login."""
    operations = [operation for _, _, operation in _operations(document)]
    count = Counter(each for one in operations for each in _problems_of(document, one))
    login = [set(_problems_of(document, one)) for one in operations if one["security"]]
    return sorted(
        each for each, times in count.items() if times == len(operations) or all(each in one for one in login)
    )


def _problems_of(document: Document, operation: Document) -> list[Problem]:
    return [
        (status, code, example["value"]["detail"])
        for status, answer in operation["responses"].items()
        for content in _resolved(document, answer).get("content", {}).values()
        for code, example in content.get("examples", {}).items()
    ]


def _resolved(document: Document, node: Document) -> Document:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _operation(
    parent: Element,
    document: Document,
    method: str,
    path: str,
    operation: Document,
    everywhere: list[Problem],
) -> None:
    section = SubElement(parent, "section", id=operation["operationId"])
    put(SubElement(section, "h3"), "code", f"{method} {path}")
    old = "Deprecated. " if operation.get("deprecated") else ""
    words(section, f"{old}{operation['summary']}.")
    words(section, operation["description"])
    put(section, "p", "Needs a login." if operation["security"] else "Open to anybody.", **{"class": "soft"})
    if operation["parameters"]:
        put(section, "h4", "Parameters")
        _parameters(section, operation["parameters"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        put(section, "h4", "Body")
        kind(SubElement(section, "p"), body)
        fields(section, _resolved(document, body))
    _call(section, document, method, path, operation, body)
    for status, answer in operation["responses"].items():
        if status < "400":
            _answer(section, document, status, _resolved(document, answer))
    if own := sorted(each for each in set(_problems_of(document, operation)) if each not in everywhere):
        put(section, "h4", "Problems")
        _table(section, own)


def _parameters(section: Element, found: list[Document]) -> None:
    rows = table(section, ("name", "in", "type", ""))
    for each in found:
        row = SubElement(rows, "tr")
        put(SubElement(row, "td"), "code", each["name"])
        put(row, "td", each["in"])
        kind(SubElement(row, "td"), each["schema"])
        needed = each.get("required", False) and each["in"] != "path"
        inline(SubElement(row, "td"), meaning(each["schema"], each.get("description", ""), required=needed))


def _call(
    section: Element, document: Document, method: str, path: str, operation: Document, body: Document | None
) -> None:
    """The operation as a command."""
    needed = [
        f"{each['name']}=…"
        for each in operation["parameters"]
        if each["in"] == "query" and each.get("required")
    ]
    sends = f" --json '{json.dumps(_sample(document, body), ensure_ascii=False)}'" if body else ""
    parts = [
        "curl",
        "-b jar" if operation["security"] else "",
        "-N" if "text/event-stream" in str(operation["responses"]) else "",
        f"-X {method}" if method != "GET" and not (method == "POST" and body) else "",
        f'"$URL{path}{"?" if needed else ""}{"&".join(needed)}"',
    ]
    put(section, "pre", " ".join(filter(None, parts)) + sends)


def _answer(section: Element, document: Document, status: str, answer: Document) -> None:
    put(section, "h4", f"Answer {status}")
    words(section, answer["description"])
    for media, content in answer.get("content", {}).items():
        told = SubElement(section, "p")
        if media != "application/json":
            put(told, "code", media)
            continue
        kind(told, content["schema"])
        sample = json.dumps(_sample(document, content["schema"]), ensure_ascii=False, indent=2)
        folded = SubElement(section, "details")
        put(folded, "summary", "Example")
        put(folded, "pre", sample)


def _sample(document: Document, schema: Document, depth: int = 0) -> Any:
    """A value of that shape; what need not be there stands in it too, down to a depth."""
    inner = _resolved(document, schema)
    for key in ("examples", "enum"):
        if inner.get(key):
            return inner[key][0]
    for key in ("const", "default"):
        if inner.get(key) not in (None, ""):
            return inner[key]
    if choices := inner.get("anyOf") or inner.get("oneOf") or inner.get("allOf"):
        return _sample(document, choices[0], depth)
    kinds = str(inner.get("type", "object"))
    if kinds == "array":
        return [_sample(document, inner.get("items", {}), depth + 1)] if depth < _DEEPEST else []
    if kinds == "object":
        known = inner.get("properties", {}) if depth < _DEEPEST else {}
        return {name: _sample(document, field, depth + 1) for name, field in known.items()}
    if kinds in ("integer", "number"):
        return max(inner.get("minimum", 1), _VALUES[kinds])
    return _VALUES.get(str(inner.get("format", kinds)), "…")
