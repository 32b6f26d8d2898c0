"""PostgreSQL is lost in three ways and comes back; RabbitMQ's and Valkey's data are lost and jobs go on."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import aiohttp
import pytest
from recovery.rehearsal import lost_disk, lost_primary, wrong_statement
from redis.asyncio import Redis

from embedded.servers.rabbitmq import RabbitMQ
from eventing.cloudevent import CloudEvent
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running

WITHIN_S = 90.0


def test_a_wrong_statement_is_undone_to_the_last_commit_before_it() -> None:
    found = wrong_statement()
    assert found.kept_jobs >= 60
    assert (found.lost_jobs, found.unwanted) == (0, 0)


def test_of_a_lost_disk_all_comes_back_that_had_reached_the_bucket() -> None:
    found = lost_disk()
    assert found.kept_jobs > 0


def test_a_replica_has_every_acknowledged_commit_and_takes_over() -> None:
    found = lost_primary()
    assert found.kept_jobs >= 60
    assert found.lost_jobs == 0


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitMQ]:
    """A RabbitMQ whose data the tests may take away."""
    with TemporaryDirectory(prefix="eco2-recovery-", ignore_cleanup_errors=True) as folder:
        server = RabbitMQ(Path(folder) / "rabbitmq")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def platform(rabbit: RabbitMQ) -> Iterator[Platform]:
    settings = {"ECO2_AMQP_URL": rabbit.url, "ECO2_MODEL_FALLBACK": "", "ECO2_SIMULATED_VISION_S": "3"}
    with running(broker="rabbitmq", processes=1, settings=settings | {"ECO2_SCAN_OVERDUE_S": "2"}) as started:
        yield started


@pytest.fixture
async def user(platform: Platform) -> AsyncIterator[User]:
    async with User.signed_in(platform.url, f"이웃 {uuid4()}") as signed_in:
        yield signed_in


async def test_jobs_go_on_after_rabbitmq_has_lost_all_its_data(
    platform: Platform, user: User, rabbit: RabbitMQ
) -> None:
    jobs = await _begun(platform, user)
    rabbit.kill()
    shutil.rmtree(rabbit.data / "mnesia")
    rabbit.start()  # with empty disks, as a new cluster of the operator's
    await _swept_until_done(platform, user, jobs)
    assert not (await platform.calls())["repeated"]


async def test_jobs_and_their_streams_go_on_after_valkey_has_lost_all_its_data(
    platform: Platform, user: User
) -> None:
    jobs = await _begun(platform, user)
    following = [asyncio.create_task(user.follow(job, within_s=WITHIN_S)) for job in jobs]
    async with Redis.from_url(platform.state["redis"]) as redis:
        await redis.flushall()
    before = platform.restarts("valkey")
    platform.signal("valkey", signal.SIGKILL)

    async def again() -> bool:
        return platform.restarts("valkey") > before

    await platform.until("Valkey runs again", again)
    for events in await asyncio.gather(*following):
        assert events[-1].step == ("done", "completed"), platform.tail()
        numbers = [event.data["seq"] for event in events]
        assert numbers == sorted(set(numbers))


async def _begun(platform: Platform, user: User, count: int = 3) -> list[str]:
    """Jobs whose picture is with the model."""
    picture = await user.upload()
    jobs = [await user.submit(picture) for _ in range(count)]

    async def asked() -> bool:
        return int((await platform.calls())["in_flight"]) == count

    await platform.until("the model is asked", asked)
    return jobs


async def _swept_until_done(platform: Platform, user: User, jobs: list[str]) -> None:
    """Tick the sweeper's clock faster than once a minute until every job has its result."""
    async with aiohttp.ClientSession() as http:

        async def done() -> bool:
            tick = CloudEvent(
                id=str(uuid4()),
                source="/test",
                type="eco2.ops.sweep.requested",
                datacontenttype="application/json",
                data=b"{}",
            )
            await platform.emit(tick, http)  # refused while RabbitMQ is away
            results = await asyncio.gather(*(user.result(job) for job in jobs))
            return all(each.status == 200 and each.json()["status"] == "completed" for each in results)

        await platform.until("every job is done", done, within_s=WITHIN_S, every_s=1.0)
