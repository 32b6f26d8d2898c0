"""The running platform does what its OpenAPI document says, whatever it is sent, and no path does anything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.runtime.registry import load_all
from schemas.openapi import openapi
from tests.end_to_end.platform import Platform, running

DOCUMENT = openapi(load_all())
OPERATIONS = [
    (method.upper(), path, bool(operation["security"]))
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
ENDLESS = "/api/v1/console/events"
"""A stream that goes on for as long as one listens."""
Mode = schemathesis.GenerationMode


def can_be_wrong(operation: dict[str, Any]) -> bool:
    """Whether there is anything that an operation could refuse: any text is a good text."""
    asked = [each["schema"] for each in operation["parameters"] if each["in"] in ("path", "query")]
    return "requestBody" in operation or any(
        set(schema) - {"minLength", "default"} != {"type"} for schema in asked
    )


SENT = [
    pytest.param(method, path, auth, mode, id=f"{method} {path} {mode.value}")
    for method, path, auth in OPERATIONS
    for mode in Mode
    if path != ENDLESS and (mode is Mode.POSITIVE or can_be_wrong(DOCUMENT["paths"][path][method.lower()]))
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STRICT = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 409, 413, 415, 422, 429]}}}
)
"""What is wrong may also be too long. No 5xx is a refusal."""
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
"""Requests of each kind to each operation."""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


def login(platform: Platform) -> dict[str, str]:
    """Somebody new: an operation may end a login or delete an account."""
    answer = httpx.get(
        f"{platform.url}/api/v1/auth/local/login", params={"name": f"이웃 {uuid4()}"}, trust_env=False
    )
    return {"cookie": f"s_access={answer.cookies['s_access']}"}


@pytest.mark.parametrize(("method", "path", "auth", "mode"), SENT)
def test_whatever_is_sent_the_answer_is_one_of_the_document(
    platform: Platform, method: str, path: str, auth: bool, mode: Mode
) -> None:
    operation = schemathesis.openapi.from_dict(DOCUMENT, config=STRICT)[path][method]
    headers = login(platform) if auth else {}
    wrong = [negative_data_rejection] if mode.is_negative else []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        case.headers = {**(case.headers or {}), **headers}
        case.cookies = {}
        answer = case.call(base_url=platform.url, timeout=30)
        if answer.status_code != 429:  # of which the document says all that there is to say
            case.validate_response(answer, checks=[*CHECKS, *wrong])

    holds()


@pytest.mark.parametrize(("method", "path", "auth"), OPERATIONS, ids=NAMES)
def test_what_needs_a_login_is_refused_without_one(
    platform: Platform, method: str, path: str, auth: bool
) -> None:
    for headers in (
        {},
        {"cookie": "s_access=a.b.c"},
        {"authorization": "Bearer a.b.c"},
        {"x-user-id": str(uuid4())},
    ):
        answer = httpx.request(
            method, platform.url + path.replace("{", "x").replace("}", "x"), headers=headers
        )
        if auth:
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        elif not path.endswith("/refresh"):
            assert answer.status_code != 401


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_another_method_is_405_and_says_which_there_are(platform: Platform, path: str) -> None:
    taken = {method.upper() for method in DOCUMENT["paths"][path]}
    for method in set(METHODS) - taken:
        answer = httpx.request(method, platform.url + path.replace("{", "x").replace("}", "x"))
        assert answer.status_code == 405, method
        assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
        assert set(answer.headers["allow"].split(", ")) - {"OPTIONS", "HEAD"} == taken


def test_no_other_path_is_there(platform: Platform) -> None:
    answer = httpx.get(f"{platform.url}/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["openapi", "asyncapi"])
def test_the_documents_are_served_to_anybody(platform: Platform, kind: str) -> None:
    served = httpx.get(f"{platform.url}/api/v1/{kind}.json").json()
    assert kind in served
    if kind == "openapi":
        assert served == DOCUMENT
    page = httpx.get(f"{platform.url}/api/v1/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
