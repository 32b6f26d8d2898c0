"""A run of the platform inside the test's own process: what it starts, what stops it, why it does not start."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import psycopg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError
from starlette.responses import Response

from embedded.supervisor import ready
from embedded.supervisor.child import Child
from embedded.supervisor.errors import CannotStartError, SupervisionLostError
from embedded.supervisor.home import Home
from embedded.supervisor.options import REDIS_ROLES, Options
from embedded.supervisor.platform import Platform
from embedded.supervisor.sockets import listen, port_of
from process import inside
from tests.embedded.serving import serving

START_S = 90.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's folder: that is closed to the user that PostgreSQL runs as when we are root."""
    with tempfile.TemporaryDirectory(prefix="eco2-test-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        yield Path(made) / "home"


def environment(**more: str) -> Mapping[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("ECO2_")}, **more}


@pytest.fixture
def family() -> Callable[[], list[psutil.Process]]:
    """Asks for the processes started since the test began: other tests' servers run beside it."""
    before = set(psutil.Process().children(recursive=True))
    return lambda: [one for one in psutil.Process().children(recursive=True) if one not in before]


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@asynccontextmanager
async def running(platform: Platform) -> AsyncIterator[str]:
    """Its address; it is stopped at the end."""
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    run = asyncio.create_task(platform.run(url.set_result))
    try:
        run.add_done_callback(lambda _run: url.done() or url.cancel())
        async with asyncio.timeout(START_S):
            yield await url
    finally:
        platform.stopped.set()
        async with asyncio.timeout(60):
            await run


async def test_two_edges_share_the_port_and_everything_ends_with_the_run(
    folder: Path, family: Callable[[], list[psutil.Process]]
) -> None:
    said: list[str] = []
    options = Options(folder, port=0, model="simulated", edges=2, environment=environment())
    platform = Platform(options, said.append)
    async with running(platform) as url:
        state = platform.home.state() or {}
        assert state["url"] == url
        processes = {
            "model",
            "objects",
            "identity",
            "functions-1",
            "edge",
            "edge-2",
            "broker",
            "valkey",
            "postgres",
        }
        assert set(state["processes"]) == processes
        started = family()
        (first,) = (child for child in platform.children if child.name == "edge")
        assert first.process
        first.process.kill()
        await asyncio.to_thread(first.process.wait, 10)
        async with aiohttp.ClientSession() as client, client.get(f"{url}/health/live") as response:
            assert response.status == 200  # by the other one
        await is_closed(state, platform._environment["ECO2_DATABASE_URL"])
    assert said[-1].startswith("ready after ")
    state = platform.home.state() or {}
    assert state["processes"] == {}
    assert (
        "@" not in state["functions"] + state["sink"] + state["redis"]
    )  # what they were is of no use any more
    assert started
    assert not alive(started)


async def is_closed(state: Mapping[str, Any], database: str) -> None:
    """Another user of the machine, who finds the ports, gets nothing; the database's role is no superuser."""
    ways = [(state["functions"], "GET", {"host": "users-me", "x-user-id": "u"}), (state["sink"], "POST", {})]
    async with aiohttp.ClientSession() as client:
        for known, method, headers in ways:
            for url, refused in ((inside.split(known)[0], True), (known, False)):
                async with client.request(method, url, headers=headers) as response:
                    assert (response.status == 403) is refused
    async with Redis.from_url(inside.split(state["redis"])[0]) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.get("a")
    async with Redis.from_url(state["redis"]) as redis:
        assert await redis.get("a") is None
    with psycopg.connect(database, connect_timeout=5) as connection:
        assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE scan.a (b int)")


async def test_a_run_that_is_interrupted_while_it_starts_leaves_nothing(
    folder: Path, family: Callable[[], list[psutil.Process]]
) -> None:
    platform = Platform(Options(folder, port=0, environment=environment()), lambda _line: None)
    run = asyncio.create_task(platform.run())
    async with asyncio.timeout(30):
        while "postgres" not in (child.name for child in platform.children):
            await asyncio.sleep(0.01)
        started = family()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # asked twice: at once
        await run
    assert started
    assert not alive(started)


async def test_a_home_in_a_private_folder_opens_nothing(folder: Path) -> None:
    folder.parent.chmod(0o700)
    platform = Platform(Options(folder, port=0, environment=environment()), lambda _line: None)
    try:
        async with running(platform):
            assert (folder / "postgres" / "data" / "PG_VERSION").exists()
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        assert readable_by_others(folder) == []
    finally:
        if (folder / "postgres").is_symlink():  # root's: where its user can pass
            shutil.rmtree((folder / "postgres").resolve())


async def test_a_state_that_can_not_be_written_stops_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform(Options(folder, port=0, environment=environment()), lambda _line: None)
    async with running(platform):
        valkey = next(child for child in platform.children if child.name == "valkey")
        with monkeypatch.context() as patch:
            patch.setattr(Home, "write_state", full)
            assert valkey.process
            valkey.process.kill()
            async with asyncio.timeout(30):
                while not valkey.restarts:
                    await asyncio.sleep(0.02)
        assert valkey.pid


async def test_a_disk_that_is_full_at_the_start_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Home, "write_state", full)
    platform = Platform(Options(folder, port=0, environment=environment()), lambda _line: None)
    with pytest.raises(CannotStartError, match=r"state\.json can't be written: No space left on device"):
        await platform.run()
    assert not platform.children


async def test_a_child_that_can_not_be_looked_after_ends_the_run(folder: Path) -> None:
    platform = Platform(Options(folder, port=0, environment=environment()), lambda _line: None)

    def ready(_url: str) -> None:
        platform._on_lost("valkey", ValueError("of our own"))

    with pytest.raises(SupervisionLostError, match="valkey could not be looked after any more"):
        await platform.run(ready)
    assert not platform.children


def readable_by_others(home: Path) -> list[Path]:
    written = [*home.rglob("*.log"), *home.glob("valkey/data/**/*"), *home.glob("keys/*")]
    assert written
    return [path for path in written if path.stat().st_mode & 0o077]


def full(_home: Home, _state: dict[str, Any]) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "state.json")


async def test_a_step_that_fails_is_told_with_the_end_of_its_log(folder: Path) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as nothing:
        host = f"127.0.0.1:{nothing.sockets[0].getsockname()[1]}"
        elsewhere = {f"ECO2_REDIS_{role}_URL": f"redis://{host}" for role in REDIS_ROLES}
        elsewhere |= {"ECO2_DATABASE_URL": f"postgresql://{host}/none", "ECO2_OBJECTS_URL": f"http://{host}"}
        platform = Platform(Options(folder, port=0, environment=environment(**elsewhere)), lambda _line: None)
        told = r"ECO2_DATABASE_URL: migrations failed: .*processing the request\. \(see .*migrations\.log\)"
        with pytest.raises(CannotStartError, match=told):
            await platform.run()
    assert not platform.children


async def test_a_taken_port_is_told_before_anything_starts(folder: Path) -> None:
    with listen() as listener:
        options = Options(folder, port=port_of(listener), environment=environment())
        with pytest.raises(CannotStartError, match=r"is taken by .* choose another with --port"):
            await Platform(options, lambda _line: None).run()


async def test_what_is_not_ready_in_time_is_named(
    tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(ready, "ANSWER_S", 0.05)
    with listen() as silent:
        async with serving(Response(status_code=503)) as port:
            processes = {"busy": ("127.0.0.1", port), "silent": silent.getsockname()}
            with pytest.raises(CannotStartError, match=r"busy: HTTP/1.1 503.*silent: no answer in time"):
                await ready.wait_ready(processes, [], tmp_path)


async def test_a_child_that_keeps_ending_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = Child("broken", lambda: pytest.fail("not started here"))
    child.failures = ready.FAILURES
    (tmp_path / "broken.log").write_text('{"level": "critical", "message": "no such setting"}\n')
    with pytest.raises(CannotStartError, match=r"broken keeps ending: no such setting \(see .*broken\.log\)"):
        await ready.wait_ready({"broken": ("127.0.0.1", 1)}, [child], tmp_path)
