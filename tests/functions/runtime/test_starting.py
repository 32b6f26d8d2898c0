"""A function starts in each of its ways: our server, functions-framework, func's scaffold."""

from __future__ import annotations

import asyncio
import os
import runpy
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError

import pytest

from embedded.servers.process import free_port
from functions.runtime import Resources
from functions.runtime.application import Application
from functions.runtime.declaration import Function
from functions.runtime.registry import load, load_all
from functions.runtime.work import Work
from tests.end_to_end.collector import collecting

BIN = Path(sys.executable).parent
ALL = pytest.mark.parametrize("function", load_all(), ids=lambda f: f.name)


@contextmanager
def started(command: list[str], port: int) -> Iterator[str]:
    """Run until ready on `port`; its URL."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ECO2_")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, process.communicate()[1].decode()[-2000:]
            try:
                with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.05)
        else:
            pytest.fail("it did not become ready")
        yield url
    finally:
        process.terminate()
        try:
            process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def status(url: str, data: bytes | None = None) -> int:
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("name", ["scan-categories", "scan-vision", "stream-router"])
def test_our_server_starts_it_and_ends_on_sigterm(name: str) -> None:
    port = free_port()
    with started([sys.executable, "-m", "functions.runtime", name, "--port", str(port)], port) as url:
        assert status(f"{url}/health/live") == 200
        assert status(f"{url}/metrics") == 200


async def test_the_last_spans_of_our_server_are_sent_before_sigterm_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()

    def asked_once() -> None:
        with started(
            [sys.executable, "-m", "functions.runtime", "scan-categories", "--port", str(port)], port
        ) as url:
            assert status(f"{url}/api/v1/scan/categories") == 200

    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
        await asyncio.to_thread(asked_once)
    assert [span.name for span in collector.spans] == ["GET /api/v1/scan/categories"]


@pytest.mark.parametrize("target", ["categories", "vision"])
def test_functions_framework_starts_it(target: str) -> None:
    port = free_port()
    source = next(f.folder for f in load_all() if f.name == f"scan-{target}") / "func.py"
    command = [str(BIN / "functions-framework"), "--target", target, "--source", str(source)]
    with started([*command, "--host", "127.0.0.1", "--port", str(port)], port) as url:
        if target == "categories":
            assert status(f"{url}/api/v1/scan/categories") == 200
        else:
            assert status(url, b"{}") == 400  # no CloudEvent
            assert status(url) == 405


@ALL
async def test_the_folder_exports_what_funcs_scaffold_looks_for(function: Function) -> None:
    import importlib

    module = importlib.import_module(f"functions.{function.domain}.{function.folder.name}.func")
    instance = module.new()
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/health/ready", "query_string": b"", "headers": []}
    instance._warming = instance._warming or object()  # no connections are wanted here
    await instance.handle(scope, receive, send)
    assert sent[0]["status"] == 200
    assert instance.alive()[0]


SOURCE = """
from eventing.catalogue import EventData
from functions.runtime import event_function


@event_function(on=EventData)
async def seen(event: EventData) -> None: ...


new = seen.new
"""


def test_a_function_that_funcs_build_has_moved_knows_which_one_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "function"
    folder.mkdir()
    (folder / "func.yaml").write_text(
        "# generated\nspecVersion: 0.36.0\nname: users-last-seen\nnamespace: eco2\n"
    )
    (folder / "__init__.py").write_text(SOURCE)
    found = runpy.run_path(str(folder / "__init__.py"))["seen"].declaration
    assert (found.name, found.domain, found.source) == ("users-last-seen", "users", "/eco2/users/last_seen")
    (folder / "func.yaml").write_text("name: nobody\n")
    with pytest.raises(ValueError, match="does not name a function"):
        runpy.run_path(str(folder / "__init__.py"))


async def test_the_scaffold_starts_and_stops_a_function_without_awaiting() -> None:
    async def listen() -> None:
        await asyncio.sleep(60)

    app = Application(replace(load("stream-router"), handler=listen), Resources({}), Work())
    assert app.start({"PORT": "8080"}) is None  # type: ignore[func-returns-value]
    assert app._background
    app.stop()
    await asyncio.wait([app._background], timeout=5)
    assert app._background.cancelled()


def test_a_wrong_name_or_setting_is_one_clear_line() -> None:
    command = [sys.executable, "-m", "functions.runtime", "scan-visoin"]
    wrong = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode != 0
    assert "no function 'scan-visoin'; there are: " in wrong.stderr
    assert "Traceback" not in wrong.stderr
    environment = os.environ | {"ECO2_MODLE": "x"}
    command = [sys.executable, "-m", "functions.runtime", "scan-vision"]
    wrong = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert "ECO2_MODLE: no such setting" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_the_first_probe_is_answered_without_what_measures_calls() -> None:
    # What is written leaves when the handler is done: an import after the answer would hold it back.
    program = """
import asyncio, sys
from functions.runtime.host import Host
from functions.runtime.registry import load

async def probe():
    host = Host([load("scan-submit")])
    sent = []
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "method": "GET", "path": "/health/ready", "headers": []}
    application = host.application(load("scan-submit"))
    await application.handle(scope, None, send)
    print(sent[0]["status"], *[name for name in HEAVY if name in sys.modules])
    await application.stop()

HEAVY = ("prometheus_client", "psycopg", "psycopg_pool", "redis", "aiohttp", "sse_starlette")
asyncio.run(probe())
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ECO2_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["200"]
