"""Children: started again when they end, stopped in time, gone when the supervisor is killed."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from embedded.supervisor.child import Child, python
from embedded.supervisor.sockets import listen, listen_again, listen_together, owner, port_of

SERVE = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    connection.sendall(b"%d" % __import__("os").getpid())
    connection.close()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def script(code: str, *arguments: str, fds: tuple[int, ...] = ()) -> Callable[[], subprocess.Popen[bytes]]:
    def launch() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments], pass_fds=fds, stdout=subprocess.PIPE
        )

    return launch


@pytest.fixture
async def children() -> AsyncIterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        child.grace_s = 0.1
        await child.stop()
        if child.process and child.process.stdout:
            child.process.stdout.close()


async def pid_behind(port: int) -> int:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(answer)


def killed(pid: int) -> None:
    """End a process; returns when it has ended, since until then it may still accept a connection."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 10)[0]
    finally:
        os.close(descriptor)


async def test_a_killed_child_comes_back_at_its_address_and_connections_wait(children: list[Child]) -> None:
    with listen() as listener:
        fd = listener.fileno()
        child = Child("server", script(SERVE, str(fd), fds=(fd,)))
        children.append(child)
        await child.start()
        first = await pid_behind(port_of(listener))
        assert first == child.pid
        for restarts in (1, 2):
            assert child.process
            child.process.stdout and child.process.stdout.close()
            killed(await pid_behind(port_of(listener)))
            second = await pid_behind(port_of(listener))  # refused by nobody: it waits in the queue
            assert second != first
            assert child.restarts == restarts


async def test_stopping_waits_for_the_grace_and_then_kills(children: list[Child]) -> None:
    child = Child("stubborn", script(STUBBORN), grace_s=0.2)
    children.append(child)
    await child.start()
    assert child.process
    assert child.process.stdout
    assert await asyncio.to_thread(child.process.stdout.readline) == b"up\n"
    async with asyncio.timeout(10):
        await child.stop()
    assert child.pid is None
    assert child.process.returncode == -signal.SIGKILL
    assert child.restarts == 0


async def test_a_child_that_ends_at_once_is_not_started_in_a_rush(children: list[Child]) -> None:
    changes: list[int] = []
    child = Child("broken", script("raise SystemExit(3)"), on_change=lambda: changes.append(1))
    children.append(child)
    await child.start()
    async with asyncio.timeout(20):
        while child.restarts < 3:
            if child.process and child.process.stdout:
                child.process.stdout.close()
            await asyncio.sleep(0.02)
    assert child.failures >= 3
    async with asyncio.timeout(5):
        await child.stop()  # also between two runs
    restarts = child.restarts
    await asyncio.sleep(0.3)
    assert child.restarts == restarts


async def test_an_error_of_the_supervisor_itself_is_told(children: list[Child]) -> None:
    lost: list[BaseException] = []

    def broken() -> None:
        raise ValueError("of our own")

    child = Child("server", script("raise SystemExit(3)"), on_change=broken, on_lost=lost.append)
    children.append(child)
    await child.start()
    async with asyncio.timeout(20):
        while not lost:
            await asyncio.sleep(0.02)
    assert [str(error) for error in lost] == ["of our own"]


def test_modules_in_the_working_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "timeit.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    process = python(["timeit", "-n1", "-r1"], log=tmp_path / "log", environment={})
    assert process.wait(20) == 0
    assert not (tmp_path / "ran").exists()


SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from embedded.servers.valkey import Valkey
from embedded.supervisor.child import Child, python, server_child

async def main():
    home = Path(sys.argv[1])
    log = home / "child.log"
    sleeper = Child("sleeper", lambda: python(["timeit", "-n1", "-r1", "-s", "import time", "time.sleep(60)"],
                    log=log, environment={}))
    valkey = Valkey(home / "valkey")
    store = server_child("valkey", valkey, grace_s=5)
    await sleeper.start()
    await store.start()
    await asyncio.to_thread(valkey.wait_ready)
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_killing_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.PIPE
    ) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == b"ready\n"
        family = psutil.Process(supervisor.pid).children(recursive=True)
        assert len(family) == 2
        supervisor.kill()
        supervisor.wait(10)
    _gone, alive = psutil.wait_procs(family, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_a_childs_output_is_appended_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    log.write_text("before\n")
    process = python(["timeit", "-n1", "-r1", "print('hello')"], log=log, environment={})
    assert process.wait(20) == 0
    assert log.read_text().startswith("before\nhello\n")


def test_a_taken_port_names_who_has_it() -> None:
    with listen() as listener:
        port = port_of(listener)
        assert f"pid {os.getpid()}" in owner(port)
        with pytest.raises(
            RuntimeError, match=rf"port {port} is taken by .*pid {os.getpid()}\); choose another"
        ):
            listen(port)


def test_one_port_for_several_processes() -> None:
    group = listen_together(3)
    assert len({port_of(listener) for listener in group}) == 1
    for listener in group:
        listener.close()


def test_the_same_port_is_taken_again_when_it_is_free() -> None:
    first = listen_together(2)
    port = port_of(first[0])
    url = f"http://127.0.0.1:{port}"
    other = listen_again(1, url)
    assert port_of(other[0]) != port
    for listener in (*first, *other):
        listener.close()
    again = listen_again(2, url)
    assert {port_of(listener) for listener in again} == {port}
    fresh = listen_again(1, "")
    for listener in (*again, *fresh):
        listener.close()
