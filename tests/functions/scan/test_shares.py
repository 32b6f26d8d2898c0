"""One user's share of scans, streams and model calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from redis import Redis

from functions.auth.blacklist import NEWS
from functions.runtime import TooMany
from functions.scan.jobs import Jobs
from functions.scan.pipeline import DONE_SEQ
from functions.scan.stream.func import ScanStreams, stream
from functions.scan.submit.func import submit
from tests.functions.asgi_client import Functions
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import Line, line
from tests.functions.scan.test_line import result


@pytest.fixture
async def made(settings: dict[str, str]) -> AsyncIterator[Line]:
    few = {"ECO2_SCAN_USER_JOBS": "3", "ECO2_SCAN_USER_STREAMS": "2", "ECO2_MODEL_USER_CALLS": "3"}
    async with line({**settings, **few, "ECO2_MODEL_FALLBACK": "local"}) as made:
        yield made


@pytest.fixture
async def functions(made: Line) -> Functions:
    functions = Functions({})
    functions.resources = made.resources
    return functions


async def test_a_user_has_so_many_scans_under_way(
    made: Line, functions: Functions, provider: Provider
) -> None:
    body = {"image_url": provider.image_url}

    async def asked(user: str, key: str | None = None) -> int:
        headers = {"idempotency-key": key} if key else None
        answer = await functions.call(submit, "POST", "/api/v1/scan", user=user, json=body, headers=headers)
        if answer.status_code == 429:
            assert answer.json()["code"] == "TOO_MANY_SCANS"
            assert answer.headers["retry-after"] == "5"
            assert answer.headers["ratelimit"] == '"scan-jobs";r=0;t=5'
        return answer.status_code

    first = await asked("u1", "one")
    at_once = await asyncio.gather(*(asked("u1") for _ in range(20)))
    assert (first, sorted(at_once)) == (202, [202] * 2 + [429] * 18)
    assert await asked("u1", "one") == 202, "it is answered with the job of the key"
    assert await asked("u1", "two") == 429
    assert await asked("u2") == 202
    await made.run()
    assert await asked("u1") == 202, "those that ended make room"


@pytest.mark.parametrize("ends", ["cancel", "fail"])
async def test_whatever_ends_a_scan_makes_room(made: Line, provider: Provider, ends: str) -> None:
    jobs = await made.resources.get(Jobs)
    ids = [await made.submit(provider.image_url) for _ in range(3)]
    with pytest.raises(TooMany):
        await made.submit(provider.image_url)
    await (jobs.cancel("u1", UUID(ids[0])) if ends == "cancel" else jobs.fail(ids[0], "STAGE_FAILED"))
    await made.submit(provider.image_url)


async def test_a_repeated_request_takes_no_second_place(made: Line, provider: Provider) -> None:
    ids = {await made.submit(provider.image_url, key="k") for _ in range(6)}
    assert len(ids) == 1
    await made.submit(provider.image_url)
    await made.submit(provider.image_url)


async def test_a_user_has_so_many_streams(made: Line, functions: Functions, provider: Provider) -> None:
    path = f"/api/v1/scan/{await made.submit(provider.image_url)}/events"
    gateway = await made.resources.get(ScanStreams)
    held = [await gateway.place("u1") for _ in range(2)]
    answer = await functions.call(stream, "GET", path, user="u1")
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_STREAMS")
    assert answer.headers["retry-after"] == "5"
    await gateway.shares.release(held[0])
    await made.run()
    for _ in range(5):  # each is read to its end, and so gives its place back
        async with asyncio.timeout(10):
            answer = await functions.call(stream, "GET", path, user="u1")
            while answer.status_code == 429:
                answer = await functions.call(stream, "GET", path, user="u1")
        assert answer.status_code == 200
        assert "event: done" in answer.text
    ended = await functions.call(stream, "GET", path, user="u1", headers={"last-event-id": str(DONE_SEQ)})
    assert ended.status_code == 204


async def test_a_stream_ends_with_its_login(
    made: Line, functions: Functions, provider: Provider, valkey_url: str
) -> None:
    path = f"/api/v1/scan/{await made.submit(provider.image_url)}/events"
    headers = {"x-auth-session": str(uuid4())}
    reading = asyncio.create_task(functions.call(stream, "GET", path, user="u1", headers=headers))
    gateway = (await functions.resources.get(ScanStreams)).gateway
    async with asyncio.timeout(10):
        while not gateway.open_streams:
            await asyncio.sleep(0.01)
        with Redis.from_url(valkey_url) as redis:
            redis.xadd(NEWS, {"session": headers["x-auth-session"], "until": time.time() + 60})
        assert '"error":"unauthorized"' in (await reading).text.replace(": ", ":")
        again = await functions.call(stream, "GET", path, user="u1", headers=headers)
    assert '"error":"unauthorized"' in again.text.replace(": ", ":")


async def test_over_a_users_budget_no_paid_model_is_asked(made: Line, provider: Provider) -> None:
    before = provider.application.ledger.outcomes.get("ok", 0)
    bodies = []
    for _ in range(3):
        job = await made.submit(provider.image_url)
        await made.run()
        bodies.append(await result(made, job))
    assert [body["status"] for body in bodies] == ["completed"] * 3
    asked = [body["pipeline_result"]["classification_result"]["meta"]["provider"] for body in bodies]
    assert provider.application.ledger.outcomes.get("ok", 0) - before == 3
    assert asked == ["simulated", "simulated", "local"]
    other = await made.submit(provider.image_url, "u2")
    await made.run()
    body = await result(made, other, "u2")
    assert body["pipeline_result"]["classification_result"]["meta"]["provider"] == "simulated"


async def test_without_a_model_of_ours_the_user_is_told_why(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line({**settings, "ECO2_MODEL_USER_CALLS": "1"}) as made:
        job = await made.submit(provider.image_url)
        await made.run()
        body = await result(made, job)
    assert (body["status"], body["error"]["code"]) == ("failed", "MODEL_BUDGET_SPENT")
    assert body["error"]["message"].startswith("오늘 이용할 수 있는")


async def test_no_budget_is_none(settings: dict[str, str], provider: Provider) -> None:
    async with line({**settings, "ECO2_MODEL_USER_CALLS": "0"}) as made:
        job = await made.submit(provider.image_url)
        await made.run()
        assert (await result(made, job))["status"] == "completed"
