"""Whatever text comes to an endpoint that takes a body: it is stored as it reads, or refused, and nothing breaks."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import quote

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel

from eventing.cloudevent import CloudEvent
from functions.images.upload.func import upload
from functions.runtime.application import Application
from functions.runtime.binding import parameters
from functions.runtime.declaration import EventFunction, HttpFunction
from functions.runtime.registry import load_all
from functions.runtime.work import Work
from functions.scan.history.func import history
from functions.scan.submit.func import submit
from functions.users.update.func import update
from tests.functions.asgi_client import Functions

USER = "6f1c0000-0000-4000-8000-000000000001"
PICTURE = "http://127.0.0.1:1/images/a.jpg"
TYPED = {"content-type": "application/json"}
HARD = st.sampled_from(
    ["\0", "\ud800", "\u202e", "\u3164", "\u1100\u1161", "e\u0301", "٣", "'", '"', "\\u0000", "%", "\x1b"]
)
TEXTS = st.lists(st.text(max_size=8) | HARD, max_size=4).map("".join)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=6,
)
RAW = st.sampled_from(
    [
        b'{"x":NaN}',
        b'{"x":1e999}',
        b'{"x":-Infinity}',
        b'{"x":"\\ud800"}',
        b'{"x":"\\u0000"}',
        b"\xff",
        b"[" * 99,
        b"null",
        b"",
    ]
)
FUNCTIONS = {f.name: f for f in load_all() if isinstance(f, HttpFunction)}


def body_of(function: HttpFunction) -> type[BaseModel] | None:
    kinds = (parameter.type for parameter in parameters(function.handler))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


WRITING = sorted(name for name, function in FUNCTIONS.items() if body_of(function))


class Kept:
    """What K_SINK would take."""

    async def publish(self, event: CloudEvent) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def functions(postgres_url: str, valkey_url: str) -> AsyncIterator[Functions]:
    roles = {f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "PUBSUB", "CACHE", "AUTH", "STATE")}
    store = {
        "ECO2_OBJECTS_URL": "http://127.0.0.1:1/objects",
        "ECO2_OBJECTS_SECRET_KEY": "a-secret-of-the-store",
        "ECO2_CDN_URL": "http://127.0.0.1:1/images",
        "ECO2_SCAN_USER_JOBS": "1000",  # one user asks in every example
    }
    made = Functions({"ECO2_DATABASE_URL": postgres_url, **store, **roles})
    made.resources._publisher = Kept()  # type: ignore[assignment]
    yield made
    await made.close()


async def sent(functions: Functions, function: HttpFunction, body: bytes, query: str = "") -> httpx.Response:
    """One request at the function's first route, with `chat` wherever its path names something."""
    app = Application(function, functions.resources, Work())
    route = function.routes[0]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app.handle), base_url="http://door", trust_env=False
    ) as client:
        path = re.sub(r"{\w+_id}", USER, re.sub(r"{channel}", "chat", route.path))
        headers = {"x-user-id": USER, "x-auth-provider": "local", "content-type": "application/json"}
        answer = await client.request(route.method, path + query, headers=headers, content=body)
    await app.stop()
    return answer


def composed(value: Any) -> Any:
    """In NFC; a number is one however it is written."""
    return json.loads(unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False)), parse_int=float)


EACH = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", WRITING)
@given(data=st.data())
@EACH
async def test_no_text_breaks_an_endpoint(functions: Functions, name: str, data: st.DataObject) -> None:
    function = FUNCTIONS[name]
    fields = cast("type[BaseModel]", body_of(function)).model_fields
    document = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, VALUES)))
    body = data.draw(RAW | st.just(json.dumps(document).encode()))
    answer = await sent(functions, function, body)
    assert answer.status_code < 500 or answer.json()["code"] == "NOT_CONFIGURED", answer.text


@pytest.mark.parametrize("name", WRITING)
async def test_what_nobody_can_keep_is_422(functions: Functions, name: str) -> None:
    for value in (b"NaN", b"1e999", b"-1e999", b"Infinity", b'"\\ud800"', b'"a\\u0000"', b'{"\\u0000":1}'):
        answer = await sent(functions, FUNCTIONS[name], b'{"anything":' + value + b"}")
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), value


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=%D9%A3", "VALIDATION_FAILED"),
        ("limit=%EF%BC%93", "VALIDATION_FAILED"),
        ("limit=1%00", "VALIDATION_FAILED"),
        ("cursor=a%00", "VALIDATION_FAILED"),
        ("cursor=%D9%A3", "INVALID_CURSOR"),
        (
            "cursor=" + quote(base64.urlsafe_b64encode(f"2026-01-01T00:00:00+00:00|{'٣' * 32}".encode())),
            "INVALID_CURSOR",
        ),
    ],
)
async def test_what_stands_in_a_query_is_read_as_ascii_or_refused(
    functions: Functions, query: str, code: str
) -> None:
    answer = await functions.call(history, "GET", f"/api/v1/scan?{query}", user=USER)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == code


@given(text=TEXTS)
@example(text=unicodedata.normalize("NFD", "홍길동"))
@EACH
async def test_a_nickname_reads_as_it_was_written(functions: Functions, text: str) -> None:
    answer = await functions.call(
        update,
        "PATCH",
        "/api/v1/users/me",
        user=USER,
        content=json.dumps({"nickname": text}).encode(),
        headers=TYPED,
    )
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json()["nickname"] == unicodedata.normalize("NFC", text).strip()


@given(text=TEXTS, metadata=st.dictionaries(TEXTS, VALUES, max_size=3))
@example(text="\u1100\u1161.png", metadata={"\u1100\u1161": ["\u1100\u1161"]})
@EACH
async def test_metadata_reads_as_it_was_written(
    functions: Functions, text: str, metadata: dict[str, Any]
) -> None:
    wanted = {"filename": "a" + text, "content_type": "image/png", "metadata": metadata}
    answer = await functions.call(
        upload, "POST", "/api/v1/images/scan", user=USER, content=json.dumps(wanted).encode(), headers=TYPED
    )
    assert answer.status_code in {200, 400, 422}, answer.text
    if answer.status_code == 200:
        database = await functions.resources.database()
        row = await database.one(
            "SELECT metadata FROM images.uploads WHERE key = %s", (answer.json()["key"],)
        )
        assert row is not None
        assert composed(row[0] or {}) == composed(metadata)


@given(text=TEXTS)
@example(text=unicodedata.normalize("NFD", "형광등"))
@EACH
async def test_a_question_is_kept_as_it_was_asked(functions: Functions, text: str) -> None:
    wanted = {"image_url": PICTURE, "user_input": "a" + text}
    answer = await functions.call(
        submit, "POST", "/api/v1/scan", user=USER, content=json.dumps(wanted).encode(), headers=TYPED
    )
    assert answer.status_code in {202, 422}
    if answer.status_code == 202:
        database = await functions.resources.database()
        row = await database.one("SELECT user_input FROM scan.jobs WHERE id = %s", (answer.json()["job_id"],))
        assert row == (unicodedata.normalize("NFC", "a" + text).strip(),)


async def test_an_event_with_u0000_is_recorded_and_dropped(functions: Functions, postgres_url: str) -> None:
    taking = [f for f in load_all() if isinstance(f, EventFunction) and f.on]
    assert len(taking) > 10
    for function in taking:
        assert function.on
        event = CloudEvent(
            id="1",
            source="/eco2/tests",
            type=function.on.type,
            datacontenttype="application/json",
            data=b'{"a":"\\u0000"}',
        )
        headers, body = event.to_binary()
        app = Application(function, functions.resources, Work())
        transport = httpx.ASGITransport(app=app.handle)
        async with httpx.AsyncClient(transport=transport, base_url="http://door", trust_env=False) as client:
            assert (await client.post("/", headers=headers, content=body)).status_code == 400
        await app.stop()
    with psycopg.connect(postgres_url) as connection:
        recorded = connection.execute("SELECT trigger FROM ops.quarantine").fetchall()
    assert {name for (name,) in recorded} == {function.name for function in taking}


def test_there_are_endpoints_to_ask() -> None:
    assert {"scan-submit", "users-update", "images-upload", "images-callback"} <= set(WRITING)
