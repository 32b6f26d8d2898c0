"""A process that serves functions: its configuration, its command line, its end."""

from __future__ import annotations

import asyncio
import gc
import runpy
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from functions.runtime import serve as module
from functions.runtime.declaration import Function
from functions.runtime.host import Host
from functions.runtime.registry import folders, load
from functions.runtime.resources import Resources
from functions.runtime.serve import GracefulServer, serve
from process.server import configuration


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What serving would run, without running it; the process's signals, collector and logs are put back."""
    ran: list[Any] = []
    monkeypatch.setattr(GracefulServer, "run", lambda self, sockets: ran.append((self, sockets)))
    monkeypatch.setattr("process.logs.configure", ran.append)
    handler, thresholds = signal.getsignal(signal.SIGTERM), gc.get_threshold()
    yield ran
    signal.signal(signal.SIGTERM, handler)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_it_serves_on_a_port_with_the_grace_of_its_settings(
    process: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECO2_GRACE_S", "7")
    monkeypatch.setenv("ECO2_LOG_LEVEL", "WARNING")
    serve([load("scan-categories")], port=8123)
    level, (server, sockets) = process
    assert (level, sockets) == ("WARNING", None)
    assert (server.config.port, server.config.timeout_graceful_shutdown) == (8123, 12)
    assert list(server.config.app.applications) == ["scan-categories"]
    assert gc.isenabled()


def test_it_serves_on_a_socket_that_was_handed_over(process: list[Any]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = listening.getsockname()
        serve([load("scan-categories"), load("scan-vision")], fds=[listening.detach()])
    _, (_, (given,)) = process
    assert given.getsockname() == address
    given.close()


async def test_the_first_signal_begins_the_stop_and_the_second_adds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "sse_starlette.sse.AppStatus.should_exit", False
    )  # put back, or no stream lasts from here on
    host = Host([load("scan-categories")], Resources({"ECO2_GRACE_S": "0"}))
    server = GracefulServer(configuration(host, lifespan=True), host)
    server.handle_exit(signal.SIGTERM, None)
    stopping = server._stopping
    assert stopping
    server.handle_exit(signal.SIGTERM, None)
    assert server._stopping is stopping
    await asyncio.wait_for(stopping, 10)
    assert server.should_exit
    assert host.resources.stopping.is_set()


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, **environ: str) -> list[tuple[list[str], Any]]:
    """Run the command; what it would serve."""
    served: list[tuple[list[str], Any]] = []

    def instead(functions: list[Function], *, port: int, fds: list[int]) -> None:
        served.append(([function.name for function in functions], fds or port))

    monkeypatch.setattr(module, "serve", instead)
    monkeypatch.setattr(sys, "argv", ["functions.runtime", *arguments])
    monkeypatch.delenv("K_SERVICE", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    try:
        runpy.run_module("functions.runtime", run_name="__main__")
    finally:
        gc.enable()
    return served


def test_the_command_line_names_functions_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["scan-vision", "scan-rule"]
    assert command(monkeypatch, *names, "--port", "81") == [(names, 81)]
    assert command(monkeypatch, "all", "--fd", "3") == [(list(folders()), [3])]
    assert command(monkeypatch, "all", "--fd=3", "--fd=4") == [(list(folders()), [3, 4])]


def test_a_pod_is_told_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, K_SERVICE="scan-vision", PORT="82") == [(["scan-vision"], 82)]


def test_a_wrong_command_ends_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, "scan-visoin")
    assert str(ended.value).startswith("no function 'scan-visoin'; there are: ")
    with pytest.raises(SystemExit):
        command(monkeypatch)
    assert "name a function, or `all`" in capsys.readouterr().err
