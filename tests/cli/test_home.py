"""Commands about the platform of a home: stop it, follow its events, look at its dead letters."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import cli.down
from cli.main import main
from embedded.servers.process import free_port
from embedded.supervisor.home import Home
from functions.ops.dead_letters import DeadLetters
from functions.runtime.database import Database
from tests.embedded.serving import serving
from tests.functions.asgi_client import Sink
from tests.functions.ops.test_dead_letters import letter


def eco2(*arguments: object, home: Path) -> Result:
    text = [str(argument) for argument in arguments]
    return CliRunner().invoke(main, [*text, "--home", str(home)], env={"ECO2_URL": None})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home that somebody holds."""
    made = Home(tmp_path)
    made.make()
    with made.lock():
        yield made


def state(**more: Any) -> dict[str, Any]:
    return {"url": "http://127.0.0.1:1", **more}


class TestDown:
    def test_it_ends_the_process_and_waits_until_the_home_is_free(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Home(tmp_path)
        made.make()
        lock = made.lock()
        made.write_state(state(pid=os.getpid()))
        ended: list[tuple[int, int]] = []

        def kill(pid: int, signum: int) -> None:
            ended.append((pid, signum))
            threading.Timer(0.1, lock.close).start()

        monkeypatch.setattr("cli.down.os.kill", kill)
        result = eco2("down", home=tmp_path)
        assert (result.exit_code, result.output) == (0, "stopped\n")
        assert ended == [(os.getpid(), signal.SIGTERM)]

    def test_a_process_that_does_not_stop_is_named(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        home.write_state(state(pid=4_194_305))  # above the largest that Linux gives
        monkeypatch.setattr(cli.down, "TIMEOUT_S", 0.0)
        result = eco2("down", home=home.folder)
        assert result.exit_code == 1
        assert "process 4194305 does not stop; kill -9 4194305 ends it" in result.stderr

    def test_without_a_process_it_says_where_to_look(self, home: Home) -> None:
        home.write_state(state())
        result = eco2("down", home=home.folder)
        assert result.exit_code == 1
        assert f"see {home.folder}/state.json" in result.stderr


class TestDeadLetters:
    @pytest.fixture
    def held(self, home: Home, postgres_url: str) -> int:
        """A letter in quarantine: its number."""

        async def store() -> int:
            database = Database(postgres_url, 1)
            letters = DeadLetters(database)
            await letters.store(letter())
            (held,) = await letters.list()
            await database.close()
            return held.id

        home.write_state(state(database=postgres_url, sink="http://127.0.0.1:9/"))
        return asyncio.run(store())

    def test_they_are_listed(self, held: int, home: Home) -> None:
        result = eco2("dead-letters", "list", home=home.folder)
        assert result.exit_code == 0, result.output
        for text in (str(held), "eco2.scan.requested", "scan-vision", "503", "held"):
            assert text in result.output

    def test_one_is_shown_with_its_event(self, held: int, home: Home) -> None:
        result = eco2("dead-letters", "show", held, home=home.folder)
        assert "type: eco2.scan.requested" in result.output
        assert result.output.endswith('\n{"x": 1}\n')

    def test_one_that_is_not_there_is_told(self, held: int, home: Home) -> None:
        result = eco2("dead-letters", "show", held + 1, home=home.folder)
        assert result.exit_code == 1
        assert f"no dead letter {held + 1}; see: eco2 dead-letters list" in result.stderr

    def test_a_broker_that_does_not_take_it_is_told(self, held: int, home: Home) -> None:
        result = eco2("dead-letters", "replay", held, home=home.folder)
        assert result.exit_code == 1
        assert "the broker did not take it" in result.stderr
        assert "nothing was lost; try again" in result.stderr

    async def test_of_a_platform_elsewhere_it_is_sent_again(self, held: int, postgres_url: str) -> None:
        sink = Sink()
        async with serving(sink) as port:
            where = ["--database", postgres_url, "--sink", f"http://127.0.0.1:{port}/"]
            arguments = ["dead-letters", "replay", str(held), *where]
            result = await asyncio.to_thread(CliRunner().invoke, main, arguments)
        assert (result.exit_code, result.output) == (0, "sent 1 again\n")
        assert [event.type for event in sink.events] == ["eco2.scan.requested"]

    def test_a_database_that_does_not_answer_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
        monkeypatch.setattr("functions.runtime.database.CONNECT_TIMEOUT_S", 1.0)
        result = CliRunner().invoke(main, ["dead-letters", "list", "--database", url])
        assert result.exit_code == 1
        assert "look at: eco2 doctor, or at --database" in result.stderr
