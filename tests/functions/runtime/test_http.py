"""One HTTP request to a function: route, arguments, answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from functions.runtime import Conflict, Resources, Unavailable, http_function
from functions.runtime.declaration import HttpFunction
from functions.runtime.http import respond
from tests.functions.requests import request


def declared(
    *routes: str, returns: Any = None, raises: Exception | None = None, **options: Any
) -> HttpFunction:
    @http_function(*routes, **options)
    async def handler() -> Any:
        if raises:
            raise raises
        return returns

    assert isinstance(handler.declaration, HttpFunction)
    return handler.declaration


async def answer(function: HttpFunction, method: str = "GET", path: str = "/a", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await respond(function, request(method, path, named), Resources({}))


def body(response: Response) -> Any:
    return json.loads(bytes(response.body))


class Model(BaseModel):
    """An answer."""

    id: UUID
    word: str


async def test_what_a_handler_returns_is_json_with_the_status_declared() -> None:
    model = Model(id=UUID(int=1), word="가")
    response = await answer(declared("GET /a", returns=model, status=201))
    assert (response.status_code, response.headers["content-type"]) == (
        201,
        "application/json; charset=utf-8",
    )
    assert bytes(response.body) == '{"id":"00000000-0000-0000-0000-000000000001","word":"가"}'.encode()
    assert body(await answer(declared("GET /a", returns=[model]))) == [{"id": str(UUID(int=1)), "word": "가"}]


async def test_nothing_is_no_content_and_a_response_is_left_as_it_is() -> None:
    nothing = await answer(declared("GET /a", status=201))
    assert (nothing.status_code, nothing.body) == (204, b"")
    redirect = RedirectResponse("/b")
    assert await answer(declared("GET /a", returns=redirect)) is redirect


async def test_names_in_a_route_are_parameters() -> None:
    @http_function("GET /things/{thing}/parts/{part}")
    async def handler(thing: str, part: int) -> list[Any]:
        return [thing, part]

    function = handler.declaration
    assert isinstance(function, HttpFunction)
    assert body(await answer(function, path="/things/a b/parts/7")) == ["a b", 7]
    assert (await answer(function, path="/things/a/parts/x")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/a/", "/A", "/a/b", "/ab", "//a", "/a\n", "/x/a", "/t/", "/t/1/2", "/t/1/"]
)
async def test_another_path_is_not_found(path: str) -> None:
    response = await answer(declared("GET /a", "GET /t/{id}"), path=path)
    assert (response.status_code, body(response)["code"]) == (404, "ROUTE_NOT_FOUND")
    assert body(response)["instance"] == path


async def test_another_method_is_told_which_ones_are_taken() -> None:
    function = declared("GET /a", "POST /a", "DELETE /b")
    response = await answer(function, "PATCH")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (await answer(function, "HEAD")).status_code == 204


async def test_a_function_of_everything_takes_everything() -> None:
    function = declared("ANY /*")
    for method, path in (("GET", "/"), ("PURGE", "/a/b%2Fc"), ("POST", "/x")):
        assert (await answer(function, method, path)).status_code == 204


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (Conflict("TAKEN", "It is taken."), 409, "TAKEN"),
        (Unavailable("down"), 503, "UNAVAILABLE"),
        (RuntimeError("a secret"), 500, "INTERNAL"),
        (TimeoutError(), 503, "TIMEOUT"),
    ],
)
async def test_an_error_is_a_problem_without_our_insides(raised: Exception, status: int, code: str) -> None:
    response = await answer(declared("GET /a", raises=raised), x_request_id="r1")
    problem = body(response)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"], problem["request_id"]) == (status, code, "r1")
    assert problem["type"] == f"urn:eco2:problem:{code.lower()}"
    assert "secret" not in str(problem)
    assert (response.headers.get("retry-after") == "2") is (status == 503)


async def test_an_errors_findings_and_extras_are_told() -> None:
    raised = Conflict("TAKEN", "It is taken.", errors=[{"loc": ["a"]}], extra={"by": "you"})
    problem = body(await answer(declared("GET /a", raises=raised)))
    assert (problem["errors"], problem["by"]) == ([{"loc": ["a"]}], "you")


async def test_a_handler_that_takes_too_long_is_ended() -> None:
    ended = False

    @http_function("GET /a", timeout=0.01)
    async def handler(request: Request) -> None:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            ended = True

    assert isinstance(handler.declaration, HttpFunction)
    response = await answer(handler.declaration)
    assert (body(response)["code"], ended) == ("TIMEOUT", True)
