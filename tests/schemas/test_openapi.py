"""The OpenAPI document is valid and complete, and says what callers get."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from edge.replies import problems
from functions.runtime.declaration import HttpFunction
from functions.runtime.registry import load, load_all
from schemas.generate import ROOT
from schemas.openapi import PROBLEM, openapi
from schemas.problems import OF_SEVERAL_TEXTS, kinds
from schemas.secrets import code

DOCUMENT = openapi(load_all())
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


def resolved(node: Any) -> Any:
    """What a reference refers to."""
    while "$ref" in node:
        found: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is_for_what_it_answers_and_what_can_go_wrong(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"][0].isupper()
    assert not operation["summary"].endswith(".")
    answers = {int(status): resolved(answer) for status, answer in operation["responses"].items()}
    good = [status for status in answers if status < 400]
    assert good
    for status, answer in answers.items():
        if status < 400:
            assert ("content" in answer) == (status not in (204, 302, 304, 307))
            continue
        ((kind, content),) = answer["content"].items()
        assert kind == "application/problem+json"
        for example in content["examples"].values():
            jsonschema.validate(example["value"], PROBLEM)
            assert example["value"]["status"] == status
            assert example["value"]["detail"]
    assert {400, 500, 503} <= set(answers)
    assert (401 in answers) == (bool(operation["security"]) or name.endswith("/refresh"))
    for parameter in operation["parameters"]:
        assert parameter["schema"].get("type") or "enum" in parameter["schema"], parameter


def source(module: str) -> str:
    """The text of a module."""
    spec = find_spec(module)
    assert spec
    assert spec.origin
    return Path(spec.origin).read_text()


@pytest.mark.parametrize(
    "function", [f for f in load_all() if isinstance(f, HttpFunction)], ids=lambda f: f.name
)
def test_the_problems_that_a_function_declares_are_raised_by_its_code(function: HttpFunction) -> None:
    known = kinds()
    runtime = (path.read_text() for path in sorted(ROOT.glob("functions/runtime/*.py")))
    text = "".join([*map(source, code(function)), *runtime])
    for problem in function.problems:
        assert problem in known
        assert f'"{problem}"' in text, f"{function.name} never raises {problem}"


def test_an_example_of_a_problem_of_several_texts_has_the_edges_status_and_no_placeholder() -> None:
    of_the_edge = {problem.code: problem.status for problem in problems()}
    assert all(of_the_edge.get(kind.code, kind.status) == kind.status for kind in OF_SEVERAL_TEXTS)
    assert not [kind for kind in kinds().values() if "%" in kind.detail]


def test_the_streams_say_what_their_events_hold() -> None:
    for name in (
        "GET /api/v1/scan/{job_id}/events",
        "GET /api/v1/chat/{job_id}/events",
        "GET /api/v1/stream",
    ):
        kinds = OPERATIONS[name]["responses"]["200"]["content"]["text/event-stream"]["schema"]["oneOf"]
        events = [event for kind in kinds for event in kind["properties"]["event"]["enum"]]
        assert {"done", "error", "keepalive"} <= set(events)
        assert len(events) == len(set(events))
        for kind in kinds:
            assert resolved(kind["properties"]["data"]["contentSchema"])["type"] == "object"
        assert "keepalive" in OPERATIONS[name]["responses"]["200"]["description"]


def test_a_body_that_may_be_left_out_is_not_demanded() -> None:
    assert OPERATIONS["POST /api/v1/chat"]["requestBody"]["required"] is False
    assert OPERATIONS["POST /api/v1/scan"]["requestBody"]["required"] is True


def test_a_function_that_answers_for_itself_must_declare_it() -> None:
    from dataclasses import replace

    declared = load("scan-result")
    assert isinstance(declared, HttpFunction)
    with pytest.raises(TypeError, match="declare its `answers`"):
        openapi([replace(declared, answers={})])


def test_the_older_address_is_marked_so() -> None:
    marked = [name for name, operation in OPERATIONS.items() if operation.get("deprecated")]
    assert marked == ["GET /api/v1/stream"]
    assert json.dumps(DOCUMENT).count('"operationId"') == len({o["operationId"] for o in OPERATIONS.values()})


PLAIN = ("_url", "model", "type", "key", "etag")
ESCAPED = len(json.dumps("𝄞")) - 2
"""Bytes of a character outside of the basic plane, as most clients in JSON escape it."""


def longest(schema: dict[str, Any]) -> int:
    """Bytes of the longest good value in JSON, of texts that people write; addresses and names have ASCII only."""
    inner = resolved(schema)
    if choices := inner.get("anyOf"):
        return max(map(longest, choices))
    if inner.get("type") == "object":
        return sum(
            longest(field) // (ESCAPED if name.endswith(PLAIN) else 1) + len(name) + 6
            for name, field in inner.get("properties", {}).items()
        )
    return int(inner.get("maxLength", 0)) * ESCAPED + 40


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if "requestBody" in each])
def test_the_longest_good_body_is_no_body_too_large(name: str) -> None:
    taken = {
        f"{route.method} {route.path}": function.max_body
        for function in load_all()
        if isinstance(function, HttpFunction)
        for route in function.routes
    }
    assert longest(OPERATIONS[name]["requestBody"]["content"]["application/json"]["schema"]) <= taken[name]
