"""Dead letters through the API: operators see where and why, send again and discard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from functions.ops.dead_letters import DeadLetters
from functions.ops.discard.func import discard
from functions.ops.letter.func import letter as show
from functions.ops.letters.func import letters
from functions.ops.replay.func import replay
from functions.runtime.decorators import Declared
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions, Sink
from tests.functions.ops.test_dead_letters import letter

PATH = "/api/v1/ops/dead-letters"


@pytest.fixture
async def functions(postgres_url: str) -> AsyncIterator[Functions]:
    """Functions with one dead letter in quarantine."""
    made = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_OPERATORS": "op"})
    await (await made.resources.get(DeadLetters)).store(letter())
    yield made
    await made.close()


async def number(functions: Functions) -> int:
    (found,) = (await functions.call(letters, "GET", PATH, user="op")).json()
    return int(found["id"])


async def test_they_are_listed_with_where_and_why(functions: Functions) -> None:
    (found,) = (await functions.call(letters, "GET", f"{PATH}?state=held", user="op")).json()
    assert (found["trigger"], found["code"], found["reason"]) == ("scan-vision", 503, "busy")
    assert (await functions.call(letters, "GET", f"{PATH}?state=discarded", user="op")).json() == []
    assert (await functions.call(letters, "GET", f"{PATH}?before={found['id']}", user="op")).json() == []


async def test_one_is_shown_with_its_event(functions: Functions) -> None:
    found = (await functions.call(show, "GET", f"{PATH}/{await number(functions)}", user="op")).json()
    assert found["data"] == '{"x": 1}'
    assert found["attributes"]["subject"] == "job-1"
    assert "knativeerrordata" not in found["attributes"]


async def test_it_is_sent_again_as_it_was(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink()
    path = f"{PATH}/{await number(functions)}/replay"
    async with serving(sink) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        assert (await functions.call(replay, "POST", path, user="op")).status_code == 204
        assert [(event.id, event.extensions["redrive"]) for event in sink.events] == [("1", "1")]
        (found,) = (await functions.call(letters, "GET", PATH, user="op")).json()
        assert (found["state"], found["redrives"]) == ("redriven", 1)
        sink.refusing = True
        refused = await functions.call(replay, "POST", path, user="op")
    assert refused.status_code == 503
    assert "nothing was lost" in refused.json()["detail"]


async def test_it_is_discarded_once_and_stays_readable(functions: Functions) -> None:
    path = f"{PATH}/{await number(functions)}"
    assert (await functions.call(discard, "DELETE", path, user="op")).status_code == 204
    assert (await functions.call(discard, "DELETE", path, user="op")).status_code == 404
    assert (await functions.call(show, "GET", path, user="op")).json()["state"] == "discarded"


@pytest.mark.parametrize(
    ("function", "method", "path"),
    [
        (letters, "GET", PATH),
        (show, "GET", f"{PATH}/1"),
        (replay, "POST", f"{PATH}/1/replay"),
        (discard, "DELETE", f"{PATH}/1"),
    ],
)
async def test_for_others_there_is_nothing(
    functions: Functions, function: Declared, method: str, path: str
) -> None:
    answer = await functions.call(function, method, path, user="u1")
    assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(("function", "method", "tail"), [(show, "GET", ""), (replay, "POST", "/replay")])
async def test_an_unknown_number_is_unknown(
    functions: Functions, function: Declared, method: str, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K_SINK", "http://127.0.0.1:9")
    answer = await functions.call(function, method, f"{PATH}/4711{tail}", user="op")
    assert (answer.status_code, answer.json()["code"]) == (404, "DEAD_LETTER_NOT_FOUND")
