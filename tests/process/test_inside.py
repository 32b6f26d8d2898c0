from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from process.inside import FIELD, Inside, InsideOnly, address, basic, shown, split
from process.settings import ProcessSettings, Secret

SETTINGS = ProcessSettings(inside_secret=Secret("word"))


def admitted(path: str = "/", **headers: str) -> bool:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Inside(SETTINGS).admits(path, [(b"host", b"x"), *fields])


def test_the_secret_is_shown_as_a_field_or_as_a_password() -> None:
    assert admitted(x_eco2_inside="word")
    assert admitted(authorization=basic("inside", "word"))
    assert shown(SETTINGS) == {FIELD: "word"}
    assert admitted(**shown(SETTINGS))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_eco2_inside": ""},
        {"x_eco2_inside": "-"},  # what Envoy writes for a secret that it does not have
        {"x_eco2_inside": "wor"},
        {"authorization": basic("inside", "words")},
        {"authorization": "Bearer word"},
        {"x_user_id": "somebody"},
    ],
)
def test_without_it_nobody_comes_in(headers: dict[str, str]) -> None:
    assert not admitted(**headers)


def test_how_a_process_does_is_told_to_everybody() -> None:
    assert admitted("/health/ready")
    assert admitted("/metrics")
    assert not admitted("/healthy")


def test_where_no_secret_is_set_nobody_is_asked() -> None:
    assert Inside(ProcessSettings()).admits("/", [])
    assert shown(ProcessSettings()) == {}
    assert address("http://h:1", "") == "http://h:1"


def test_an_address_carries_it_and_is_told_without() -> None:
    url = address("http://127.0.0.1:8080/a?b", "w-_d")
    assert url == "http://inside:w-_d@127.0.0.1:8080/a?b"
    assert split(url) == ("http://127.0.0.1:8080/a?b", {"authorization": basic("inside", "w-_d")})
    assert split("redis://:p@127.0.0.1:1")[0] == "redis://127.0.0.1:1"
    assert split("http://h:1/") == ("http://h:1/", {})


async def test_an_application_behind_it_is_reached_by_its_own_only() -> None:
    app = Starlette(
        routes=[Route("/{any:path}", lambda _request: PlainTextResponse("served"), methods=["GET"])]
    )
    transport = httpx.ASGITransport(InsideOnly(app, Inside(SETTINGS)))
    async with httpx.AsyncClient(transport=transport, base_url="http://broker") as asked:
        refused = await asked.get("/events")
        assert (refused.status_code, refused.text) == (403, "")
        assert (await asked.get("/events", headers=shown(SETTINGS))).text == "served"
        assert (await asked.get("/health/live")).text == "served"
