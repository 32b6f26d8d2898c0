"""A child that hangs is noticed and replaced; one that is slow to start is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import psutil
import pytest

from embedded.servers.process import Greeting
from embedded.supervisor import alive
from embedded.supervisor.alive import SILENCES, Attention
from embedded.supervisor.child import Child
from embedded.supervisor.options import Options
from embedded.supervisor.platform import Platform
from embedded.supervisor.sockets import listen, port_of
from tests.embedded.supervisor.test_run import environment, folder, running

__all__ = ["folder"]
MUTE = "import time; time.sleep(60)"
CLOSING = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    listener.accept()[0].close()
"""


@pytest.fixture
async def child_of() -> AsyncIterator[Callable[..., Child]]:
    made: list[Child] = []

    def make(code: str, greeting: Greeting, *fds: int) -> Child:
        arguments = [sys.executable, "-c", code, *map(str, fds)]
        child = Child(
            "one", lambda: subprocess.Popen(arguments, pass_fds=fds), grace_s=0.1, greeting=greeting
        )
        made.append(child)
        return child

    yield make
    for child in made:
        await child.stop()


async def test_whatever_hangs_is_replaced_and_the_platform_serves_on(folder: Path) -> None:
    options = Options(folder, port=0, processes=2, edges=2, model="simulated", environment=environment())
    platform = Platform(options, lambda _line: None)
    platform._attention = Attention(platform.children, every_s=0.2, answer_s=2)
    async with running(platform) as url:
        hung = {child.name: child.pid for child in platform.children}
        assert {"functions-1", "functions-2", "edge", "edge-2", "broker", "postgres", "valkey"} < hung.keys()
        for pid in hung.values():
            assert pid
            os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(90), aiohttp.ClientSession() as client:
            while any(child.pid in (None, hung[child.name]) for child in platform.children):
                await asyncio.sleep(0.1)
            status = 0
            while status != 200:
                await asyncio.sleep(0.1)
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"{url}/health/ready") as response:
                        status = response.status


async def test_who_has_not_answered_yet_is_given_time_to_start(
    child_of: Callable[..., Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listen() as nobody:
        child = child_of(MUTE, Greeting(("127.0.0.1", port_of(nobody)), b"?"))
        await child.start()
        first = child.pid
        attention = Attention([child], answer_s=0.01)
        for _ in range(SILENCES + 1):
            await attention._ask(child)
        assert child.pid == first
        monkeypatch.setattr(alive, "START_S", 0.0)
        for _ in range(SILENCES):
            await attention._ask(child)
        async with asyncio.timeout(20):
            while child.pid in (None, first):
                await asyncio.sleep(0.01)
        assert child.restarts == 1


async def test_the_end_of_a_connection_is_an_answer(child_of: Callable[..., Child]) -> None:
    with listen() as listener:
        child = child_of(CLOSING, Greeting(("127.0.0.1", port_of(listener)), b"?"), listener.fileno())
        await child.start()
        attention = Attention([child])
        for _ in range(SILENCES + 1):
            await attention._ask(child)
        assert attention._silent == {child.pid: 0}


async def test_an_answer_makes_up_for_silence(child_of: Callable[..., Child]) -> None:
    with listen() as listener:
        child = child_of(CLOSING, Greeting(("127.0.0.1", port_of(listener)), b"?"), listener.fileno())
        await child.start()
        attention, first = Attention([child]), child.pid
        assert first
        await attention._ask(child)
        os.kill(first, signal.SIGSTOP)
        async with asyncio.timeout(10):  # until then it may still answer
            while psutil.Process(first).status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(0.001)
        attention._answer_s = 0.01
        for _ in range(SILENCES - 1):
            await attention._ask(child)
        assert attention._silent == {first: SILENCES - 1}
        os.kill(first, signal.SIGCONT)
        attention._answer_s = 10
        await attention._ask(child)
        assert attention._silent == {first: 0}
