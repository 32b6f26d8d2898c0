"""From a handler's signature to its arguments."""

from __future__ import annotations

from typing import Any, Literal, Self
from uuid import UUID

import pytest
from pydantic import BaseModel
from starlette.requests import Request

from functions.runtime import IdempotencyKey, Invalid, NotFound, Resources, Service, Unprocessable, User
from functions.runtime.binding import http_arguments, parameters, services
from functions.runtime.errors import FunctionError, Unauthorized, UnsupportedType
from tests.functions.requests import request

ID = "6e8bc430-9c3a-11d9-9669-0800200c9a66"


class Item(BaseModel):
    """A body."""

    name: str
    count: int = 1


class Clock(Service):
    """A service."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        return cls()


async def bound(handler: Any, asked: Request, **path: str) -> dict[str, Any]:
    asked.scope["path_params"] = path
    return await http_arguments(handler, asked, Resources({}))


def post(body: bytes, content_type: str = "application/json") -> Request:
    return request("POST", "/", {"content-type": content_type}, body)


def packed(coding: str) -> Request:
    return request("POST", "/", {"content-type": "application/json", "content-encoding": coding}, b"{}")


def get(query: str = "", **headers: str) -> Request:
    return request(
        "GET", "/", {name.replace("_", "-"): value for name, value in headers.items()}, query=query
    )


async def takes_body(item: Item) -> None: ...
async def takes_query(limit: int = 20, kind: Literal["a", "b"] | None = None) -> None: ...
async def takes_path(job_id: UUID) -> None: ...
async def takes_user(user: User) -> None: ...
async def takes_key(key: IdempotencyKey) -> None: ...


async def test_a_model_is_the_body() -> None:
    assert await bound(takes_body, post(b'{"name": "cup"}')) == {"item": Item(name="cup")}
    assert (await bound(takes_body, post(b'{"name": "cup"}', "application/vnd.x+json; v=1")))[
        "item"
    ].count == 1
    by_token = request("POST", "/", {"authorization": "Bearer x"}, b'{"name": "cup"}')
    assert (await bound(takes_body, by_token))["item"].name == "cup"  # no cookie goes along by itself


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        (post(b"{broken"), Invalid, "JSON_INVALID"),
        (post(b"name=cup", "application/x-www-form-urlencoded"), UnsupportedType, "CONTENT_TYPE_INVALID"),
        (post(b'{"name": "cup"}', "text/plain"), UnsupportedType, "CONTENT_TYPE_INVALID"),
        (post(b'{"name": "cup"}', ""), UnsupportedType, "CONTENT_TYPE_INVALID"),
        (packed("gzip"), UnsupportedType, "CONTENT_ENCODING_INVALID"),
        (packed("identity, br"), UnsupportedType, "CONTENT_ENCODING_INVALID"),
        (post(b'{"count": "many"}'), Unprocessable, "VALIDATION_FAILED"),
        (post(b""), Unprocessable, "VALIDATION_FAILED"),
    ],
)
async def test_a_body_that_is_none_is_refused(asked: Request, error: type[FunctionError], code: str) -> None:
    with pytest.raises(error) as refused:
        await bound(takes_body, asked)
    assert refused.value.code == code


async def test_every_finding_of_a_body_is_told_without_what_was_sent() -> None:
    with pytest.raises(Unprocessable) as refused:
        await bound(takes_body, post(b'{"count": "a secret"}'))
    assert [found["loc"] for found in refused.value.errors] == [["body", "name"], ["body", "count"]]
    assert "name: Field required; count: " in refused.value.detail
    assert "secret" not in str(refused.value) + repr(refused.value.errors)


async def test_other_names_are_query_parameters_with_their_types_and_defaults() -> None:
    assert await bound(takes_query, get()) == {"limit": 20, "kind": None}
    assert await bound(takes_query, get("limit=5&kind=b")) == {"limit": 5, "kind": "b"}
    assert (await bound(takes_query, get("limit=5&limit=6")))["limit"] == 6
    for query in ("limit=many", "kind=c", "limit=", "limit=1_0", "limit=%D9%A3", "kind=%ED%A0%80"):
        with pytest.raises(Unprocessable) as refused:
            await bound(takes_query, get(query))
        assert refused.value.errors[0]["loc"] == ["query", query.partition("=")[0]]


async def test_a_query_parameter_without_default_is_needed() -> None:
    async def search(text: str) -> None: ...

    with pytest.raises(Unprocessable, match="'text' is needed"):
        await bound(search, get())
    assert await bound(search, get("text=%ED%8E%98%ED%8A%B8+%EB%B3%91")) == {"text": "페트 병"}


async def test_an_id_that_cannot_exist_is_not_found() -> None:
    assert await bound(takes_path, get(), job_id=ID) == {"job_id": UUID(ID)}

    async def takes_name(name: str) -> None: ...

    with pytest.raises(NotFound):
        await bound(takes_name, get(), name="\ufffd")
    for text in ("nonsense", ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}"):
        with pytest.raises(NotFound, match="nothing with this job_id"):
            await bound(takes_path, get(), job_id=text)


async def test_the_caller_is_whom_the_edge_names() -> None:
    known = get(x_user_id="u1", x_auth_provider="kakao", x_auth_expires_at="1790000000")
    assert await bound(takes_user, known) == {"user": User("u1", "kakao", 1_790_000_000.0)}
    assert await bound(takes_user, get(x_user_id="u1")) == {"user": User("u1", "")}
    with pytest.raises(Unauthorized):
        await bound(takes_user, get())


async def test_an_idempotency_key_has_two_names_and_visible_characters() -> None:
    for headers, value in (({"idempotency_key": "a"}, "a"), ({"x_idempotency_key": "b"}, "b"), ({}, None)):
        assert await bound(takes_key, get(**headers)) == {"key": IdempotencyKey(value)}
    for bad in ("x" * 256, "caf\xe9", "a\x01"):
        with pytest.raises(Invalid, match="1 to 255"):
            await bound(takes_key, get(idempotency_key=bad))


async def test_services_resources_and_the_request_come_by_type() -> None:
    async def handler(clock: Clock, resources: Resources, request: Request, anything) -> None: ...  # type: ignore[no-untyped-def]

    asked = get("anything=x")
    found = await bound(handler, asked)
    assert isinstance(found["clock"], Clock)
    assert isinstance(found["resources"], Resources)
    assert found["request"] is asked
    assert found["anything"] == "x"
    assert services(handler) == [Clock]


def test_what_may_be_left_out_has_a_default() -> None:
    assert [(each.name, each.optional) for each in parameters(takes_query)] == [
        ("limit", True),
        ("kind", True),
    ]
    assert not parameters(takes_path)[0].optional
