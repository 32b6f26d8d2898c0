"""Parts of the platform are stopped or restarted under work: nothing is lost, and nothing is paid again."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.end_to_end.client import User
from tests.end_to_end.events import repeat
from tests.end_to_end.platform import Platform, running
from tests.scan_line import WHOLE

WORK_S = 2
WITHIN_S = 45.0


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    settings = {"ECO2_SIMULATED_VISION_S": str(WORK_S), "ECO2_MODEL_FALLBACK": "", "ECO2_GRACE_S": "1"}
    with running(settings=settings) as started:
        yield started


async def begun(platform: Platform, user: User, jobs: int) -> list[str]:
    """Jobs whose picture is with the model."""
    image_url = await user.upload()
    submitted = await asyncio.gather(*(user.submit(image_url) for _ in range(jobs)))

    async def asked() -> bool:
        return await _in_flight(platform) == jobs

    await platform.until(f"{jobs} calls at the model", asked)
    return list(submitted)


async def ended(platform: Platform, user: User, jobs: list[str]) -> None:
    """Every job has ended well, and its stream was whole."""
    for job_id, events in zip(
        jobs, await asyncio.gather(*(user.follow(job_id, within_s=WITHIN_S) for job_id in jobs)), strict=True
    ):
        if [event.data["seq"] for event in events] != WHOLE:
            platform.fail(f"{job_id}: the stream was {[event.step for event in events]}")
        assert events[-1].step == ("done", "completed")


async def restarted(platform: Platform, signum: signal.Signals, *names: str) -> None:
    """Signal children and wait for the next ones."""
    before = {name: platform.restarts(name) for name in names}
    for name in names:
        platform.signal(name, signum)

    async def again() -> bool:
        return all(platform.restarts(name) > times and platform.pid(name) for name, times in before.items())

    await platform.until(f"{', '.join(names)} run again", again)


async def _in_flight(platform: Platform) -> int:
    return int((await platform.calls())["in_flight"])


async def paid_twice(platform: Platform) -> dict[str, Any]:
    repeated: dict[str, Any] = (await platform.calls())["repeated"]
    return repeated


async def test_hosts_that_are_told_to_stop_lose_nothing(platform: Platform, user: User) -> None:
    image_url = await user.upload()
    jobs = [await user.submit(image_url, model="local") for _ in range(3)]
    await restarted(platform, signal.SIGTERM, "functions-1", "functions-2")
    await ended(platform, user, jobs)
    assert not await paid_twice(platform)


async def test_work_that_outlasts_the_grace_is_handed_back(platform: Platform, user: User) -> None:
    jobs = await begun(platform, user, 8)
    following = asyncio.create_task(ended(platform, user, jobs))
    await restarted(platform, signal.SIGTERM, "functions-1", "functions-2")
    await following
    # Given up before the model had answered, so nobody was paid for what was asked again.
    assert not await paid_twice(platform)
    handed_back = platform.rows(
        "SELECT count(*) FROM scan.stage_results WHERE stage = 'vision' AND attempt > 1"
    )
    assert handed_back != [(0,)]


async def test_a_database_that_dies_before_results_are_stored_costs_no_second_call(
    platform: Platform, user: User
) -> None:
    jobs = await begun(platform, user, 12)
    pid = platform.pid("postgres")
    assert pid
    server = psutil.Process(pid)
    family = [server, *server.children(recursive=True)]
    for process in family:  # frozen, so that nothing is stored between the model's answer and the end
        process.suspend()

    async def answered() -> bool:
        return not await _in_flight(platform)

    await platform.until("the model has answered", answered)
    before = platform.restarts("postgres")
    for process in family:
        process.kill()

    async def again() -> bool:
        return platform.restarts("postgres") > before

    await platform.until("the database runs again", again)
    await ended(platform, user, jobs)
    assert not await paid_twice(platform)


async def test_an_edge_that_stops_ends_its_streams_and_they_go_on(platform: Platform, user: User) -> None:
    jobs = await begun(platform, user, 4)
    following = asyncio.create_task(ended(platform, user, jobs))
    await restarted(platform, signal.SIGTERM, "edge")
    await following


async def test_a_broker_that_stops_loses_nothing(platform: Platform, user: User) -> None:
    jobs = await begun(platform, user, 8)
    following = asyncio.create_task(ended(platform, user, jobs))
    await restarted(platform, signal.SIGTERM, "broker")
    await following
    assert not await paid_twice(platform)


async def test_a_job_is_accepted_while_the_broker_is_away(platform: Platform, user: User) -> None:
    """The event waits in the outbox."""
    image_url = await user.upload()
    pid = platform.signal("broker", signal.SIGSTOP)
    assert pid
    submitting = asyncio.create_task(user.submit(image_url))
    await asyncio.sleep(0.5)
    platform.signal("broker", signal.SIGKILL)
    job_id = await submitting
    await ended(platform, user, [job_id])


async def test_events_that_come_again_while_their_job_runs_ask_nobody_again(
    platform: Platform, user: User
) -> None:
    image_url = await user.upload()
    await platform.script("ok", "hang")
    job_id = await user.submit(image_url)
    async for event in user.events(job_id):
        if event.step == ("answer", "started"):
            break

    async def asked() -> bool:
        return await _in_flight(platform) == 1

    await platform.until("the answer's call at the model", asked)
    calls = (await platform.calls())["calls"]
    assert await repeat(platform, random.Random(7)) >= 9
    # Passes every queue behind the repeated events.
    behind = await user.submit(image_url)
    await ended(platform, user, [behind])
    assert (await platform.calls())["calls"] == calls + 2
    assert platform.rows(
        "SELECT stage, attempt FROM scan.stage_results WHERE job_id = %s ORDER BY started_at", job_id
    ) == [("vision", 1), ("rule", 1), ("answer", 1)]
    assert (await user.ask("DELETE", f"/api/v1/scan/{job_id}")).status == 204
    assert not await paid_twice(platform)
