"""Several functions behind one port, and how they stop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.runtime import Resources, http_function
from functions.runtime.host import Host
from functions.runtime.work import Stopped, WorkStopped


@http_function("GET /a", public=True)
async def one() -> dict[str, str]:
    return {"answered": "one"}


@http_function("GET /a", public=True)
async def two() -> dict[str, str]:
    return {"answered": "two"}


FIRST, SECOND = replace(one.declaration, name="tests-one"), replace(two.declaration, name="tests-two")


async def asked(host: Host, name: str, path: str = "/a") -> httpx.Response:
    transport = httpx.ASGITransport(app=host)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as client:
        return await client.get(path)


async def close(host: Host) -> None:
    for application in host.applications.values():
        await application.stop()


@pytest.mark.parametrize("name", ["tests-two", "tests-two.eco2.svc.cluster.local", "tests-two:8080"])
async def test_the_first_label_of_the_host_names_the_function(name: str) -> None:
    host = Host([FIRST, SECOND], Resources({}))
    assert (await asked(host, name)).json() == {"answered": "two"}
    await close(host)


async def test_a_function_that_is_not_here_is_an_empty_404_and_health_needs_no_name() -> None:
    host = Host([FIRST, SECOND], Resources({}))
    answer = await asked(host, "tests-three")
    assert (answer.status_code, answer.content) == (404, b"")
    for path in ("/health/ready", "/metrics"):
        assert (await asked(host, "tests-three", path)).status_code == 200
    await close(host)


async def test_one_function_alone_needs_no_name() -> None:
    host = Host([FIRST], Resources({}))
    assert (await asked(host, "127.0.0.1")).json() == {"answered": "one"}
    await close(host)


def test_functions_share_resources_and_work_and_are_made_once() -> None:
    host = Host(resources=Resources({}))
    first, second = host.application(FIRST), host.application(SECOND)
    assert host.application(FIRST) is first
    assert (first.resources, first.work) == (second.resources, second.work)


async def worked(host: Host) -> Stopped:
    """Work on `job` until it is ended; why it was."""
    try:
        async with host.work.on("job", 60):
            await asyncio.sleep(60)
    except WorkStopped as stopped:
        return stopped.reason
    raise AssertionError("nobody ended it")


async def test_a_cancelled_job_ends_its_work() -> None:
    host = Host([FIRST], Resources({}))
    task = asyncio.create_task(worked(host))
    await asyncio.sleep(0)
    host.resources.cancel("job")
    assert await task is Stopped.CANCELLED


async def test_stopping_ends_streams_at_once_and_hands_work_back_after_its_grace() -> None:
    host = Host([FIRST], Resources({}))
    order: list[str] = []
    host.resources.on_stop(lambda: order.append("streams"))

    task = asyncio.create_task(worked(host))
    task.add_done_callback(lambda _: order.append("work"))
    await asyncio.sleep(0)
    await host.stop(0.01)
    assert await task is Stopped.STOPPING
    await asyncio.sleep(0)
    assert order == ["streams", "work"]
    assert host.resources.stopping.is_set()


async def test_a_servers_lifespan_starts_the_functions_and_closes_what_they_opened() -> None:
    host = Host([FIRST, SECOND], Resources({}))
    closed = asyncio.Event()

    async def closer() -> None:
        closed.set()

    host.resources.on_close(closer)
    sent: list[Any] = []
    coming: asyncio.Queue[Any] = asyncio.Queue()

    async def send(message: Any) -> None:
        sent.append(message["type"])

    serving = asyncio.create_task(host({"type": "lifespan"}, coming.get, send))
    await coming.put({"type": "lifespan.startup"})
    async with asyncio.timeout(10):
        while not sent:
            await asyncio.sleep(0)
    assert not closed.is_set()
    await coming.put({"type": "lifespan.shutdown"})
    await asyncio.wait_for(serving, 10)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert closed.is_set()
