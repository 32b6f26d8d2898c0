"""Events that are wrong: refused, recorded where they were accepted, and nothing gets stuck over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running
from tests.end_to_end.test_bad_input import INSIDES


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


EVENT = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/test",
    "ce-type": "eco2.scan.requested",
    "content-type": "application/json",
}
BROKEN_EVENTS: dict[str, tuple[dict[str, str], bytes]] = {
    "no attributes": ({"content-type": "application/json"}, b"{}"),
    "no id": ({k: v for k, v in EVENT.items() if k != "ce-id"}, b"{}"),
    "no specversion": ({k: v for k, v in EVENT.items() if k != "ce-specversion"}, b"{}"),
    "another specversion": ({**EVENT, "ce-specversion": "7"}, b"{}"),
    "bad time": ({**EVENT, "ce-time": "yesterday"}, b"{}"),
    "broken structured": ({"content-type": "application/cloudevents+json"}, b'{"specversion": "1.0", '),
    "structured of a list": ({"content-type": "application/cloudevents+json"}, b"[1]"),
    "structured and empty": ({"content-type": "application/cloudevents+json"}, b""),
}


@pytest.mark.parametrize("name", BROKEN_EVENTS)
async def test_a_broken_event_is_refused_by_broker_and_functions(
    platform: Platform, http: aiohttp.ClientSession, name: str
) -> None:
    headers, body = BROKEN_EVENTS[name]
    for target, host in ((platform.sink, {}), (platform.state["functions"], {"host": "scan-vision"})):
        async with http.post(target, data=body, headers={**headers, **host}) as response:
            answer = await response.text()
            assert response.status == 400, (target, answer)
            assert not [word for word in INSIDES if word in answer]


@pytest.mark.parametrize(
    "data", [b"not JSON", b"{}", b'{"job_id": "x"}', b"[]", b"null", b'{"job_id": null}']
)
async def test_an_event_with_wrong_data_is_recorded_and_not_tried_again(
    platform: Platform, http: aiohttp.ClientSession, data: bytes
) -> None:
    subject, event_id = str(uuid4()), str(uuid4())
    headers = {**EVENT, "ce-id": event_id, "ce-subject": subject}
    async with http.post(platform.sink, data=data, headers=headers) as response:
        assert response.status == 202

    async def held() -> list[tuple[Any, ...]] | None:
        return platform.rows(
            "SELECT trigger, error_code, state FROM ops.quarantine WHERE event_id = %s", event_id
        )

    assert await platform.until("the event in quarantine", held) == [("scan-vision", 400, "held")]


async def test_wrong_data_for_a_real_job_ends_that_job(
    platform: Platform, user: User, http: aiohttp.ClientSession
) -> None:
    await platform.script("hang")
    job_id = await user.submit(await user.upload())
    async with asyncio.timeout(30):
        while not (await platform.calls())["in_flight"]:  # otherwise the hanging call would be another job's
            await asyncio.sleep(0.05)
    headers = {**EVENT, "ce-id": str(uuid4()), "ce-subject": job_id, "ce-type": "eco2.scan.classified"}
    async with http.post(platform.sink, data=b"{}", headers=headers) as response:
        assert response.status == 202
    events = await user.stream(job_id)
    assert events[-1].name == "error"
    assert (await user.result(job_id)).json()["status"] == "failed"

    async def dropped() -> bool:
        return not (await platform.calls())["in_flight"]

    await platform.until("the provider's call is dropped", dropped, within_s=2)


async def test_events_that_no_one_wants_and_too_large_ones(
    platform: Platform, http: aiohttp.ClientSession
) -> None:
    async with http.post(platform.sink, data=b"{}", headers={**EVENT, "ce-type": "no.such.type"}) as response:
        assert response.status == 202
    async with http.post(platform.sink, data=b"x" * 500_000, headers=EVENT) as response:
        assert response.status == 413
    async with http.get(platform.sink) as response:
        assert response.status == 405
    async with http.post(f"{platform.sink}/other", data=b"{}", headers=EVENT) as response:
        assert response.status == 404
    async with http.post(
        platform.state["functions"], data=b"{}", headers={**EVENT, "host": "no-such-function"}
    ) as response:
        assert response.status == 404


async def test_after_all_that_a_scan_still_works_and_nothing_is_stuck(platform: Platform, user: User) -> None:
    job_id = await user.submit(await user.upload())
    assert (await user.stream(job_id))[-1].step == ("done", "completed")
    await platform.settled()
    assert all(platform.restarts(name) == 0 for name in ("functions-1", "edge", "broker"))
