"""A scan's event stream: whole for whoever connects, whenever and as often as they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import pytest

from tests.end_to_end.client import Event, User
from tests.end_to_end.platform import Platform, running
from tests.end_to_end.tokens import issue
from tests.scan_line import STEPS

EVENTS = len(STEPS)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(settings={"ECO2_SIMULATED_VISION_S": "0.5", "ECO2_SIMULATED_ANSWER_S": "0.5"}) as started:
        yield started


async def test_reconnecting_anywhere_after_the_end_tells_exactly_the_rest(user: User) -> None:
    job_id = await user.submit(await user.upload())
    whole = await user.stream(job_id)
    assert len(whole) == EVENTS
    for at in range(EVENTS):
        assert await user.stream(job_id, after=whole[at].id) == whole[at + 1 :], at
    assert await user.stream(job_id) == whole
    assert await user.stream(job_id, after="10000") == []


async def test_reconnecting_anywhere_while_it_runs_tells_exactly_the_rest(user: User) -> None:
    job_id = await user.submit(await user.upload())

    async def interrupted_after(count: int) -> list[Event]:
        seen: list[Event] = []
        async for event in user.events(job_id):
            seen.append(event)
            if len(seen) == count:
                break
        return seen + await user.stream(job_id, after=seen[-1].id)

    async def interrupted_after_each() -> list[Event]:
        seen: list[Event] = []
        for _ in range(EVENTS):
            async for event in user.events(job_id, after=seen[-1].id if seen else None):
                seen.append(event)
                break
        return seen

    async with asyncio.timeout(30):
        whole, each, *told = await asyncio.gather(
            user.stream(job_id),
            interrupted_after_each(),
            *(interrupted_after(count) for count in range(1, EVENTS)),
        )
    assert [event.data["seq"] for event in whole] == list(range(1, EVENTS + 1))
    assert each == whole
    for count, events in enumerate(told, 1):
        assert events == whole, count


async def test_the_stream_is_told_again_when_redis_has_lost_it(platform: Platform, user: User) -> None:
    from redis.asyncio import Redis

    job_id = await user.submit(await user.upload())
    whole = await user.stream(job_id)
    async with Redis.from_url(platform.state["redis"]) as redis:
        await redis.flushall()
    again = await user.stream(job_id)
    assert [event.step for event in again] == [event.step for event in whole]
    assert [event.id for event in again] == [event.id for event in whole]
    assert again[-1].data["result"] == whole[-1].data["result"]
    assert [event.step for event in await user.stream(job_id, after="4")] == [e.step for e in whole[4:]]


async def test_whoever_comes_late_is_told_everything_so_far_and_then_live(user: User) -> None:
    job_id = await user.submit(await user.upload())
    async for event in user.events(job_id):
        if event.step == ("rule", "completed"):
            break
    late = await user.stream(job_id)
    assert [event.data["seq"] for event in late] == list(range(1, EVENTS + 1))
    assert late[-1].step == ("done", "completed")


async def test_the_result_is_readable_when_done_is_told(user: User) -> None:
    job_id = await user.submit(await user.upload())
    async for event in user.events(job_id):
        if event.name == "done":
            answer = await user.result(job_id)
            assert (answer.status, answer.json()) == (200, event.data["result"])


async def test_the_older_address_tells_the_same(user: User) -> None:
    job_id = await user.submit(await user.upload())
    older = await user.stream(job_id, path=f"/api/v1/stream?job_id={job_id}")
    assert older == await user.stream(job_id)


async def test_other_peoples_and_unknown_jobs_are_not_found(platform: Platform, user: User) -> None:
    job_id = await user.submit(await user.upload())
    async with User.signed_in(platform.url, f"다른 {uuid4()}") as other:
        for asking, asked in ((other, job_id), (user, str(uuid4())), (user, "nonsense")):
            for path in (
                f"/api/v1/scan/{asked}/events",
                f"/api/v1/stream?job_id={asked}",
                f"/api/v1/scan/{asked}/result",
            ):
                answer = await asking.ask("GET", path)
                expected = {404, 422} if asked == "nonsense" else {404}
                assert answer.status in expected, path
                assert answer.headers["content-type"] == "application/problem+json"
        assert (await other.ask("DELETE", f"/api/v1/scan/{job_id}")).status == 404
    assert (await user.stream(job_id))[-1].name == "done"


async def test_a_login_that_ends_while_streaming_ends_the_stream(platform: Platform, user: User) -> None:
    await platform.script("hang")
    job_id = await user.submit(await user.upload())
    leaving = replace(user, cookies={"s_access": issue(platform, user, lasts_s=3)})
    began = monotonic()
    events = await leaving.stream(job_id)
    assert monotonic() - began < 10
    assert events[-1].name == "error"
    assert events[-1].data["error"] == "unauthorized"
    assert [event.step for event in events[:-1]] == [
        ("queued", "started"),
        ("queued", "completed"),
        ("vision", "started"),
    ]
    await user.ask("DELETE", f"/api/v1/scan/{job_id}")
    # Who signs in again goes on where the stream ended.
    assert [e.step for e in await user.stream(job_id, after=events[-2].id)] == [
        ("vision", "cancelled"),
        ("error", "cancelled"),
    ]


async def test_silence_is_broken_by_a_named_keepalive(platform: Platform, user: User) -> None:
    await platform.script("hang")
    job_id = await user.submit(await user.upload())
    began = monotonic()
    async with asyncio.timeout(25):
        async for event in user.events(job_id):
            if event.name == "keepalive":
                break
    assert 14 < monotonic() - began < 20
    assert set(event.data) == {"timestamp"}
    assert event.id == ""
    await user.ask("DELETE", f"/api/v1/scan/{job_id}")
