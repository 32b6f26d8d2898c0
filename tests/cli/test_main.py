"""The command line itself: help, and errors that say what to do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.errors import CliError
from cli.main import COMMANDS, main
from embedded.supervisor.home import Home
from embedded.supervisor.options import Options
from embedded.supervisor.sockets import listen, port_of

NO_SETTINGS = {name: None for name in os.environ if name.startswith("ECO2_")}


def test_help_names_every_command_and_imports_none() -> None:
    code = "import sys; from cli.main import main; main(['--help'], standalone_mode=False); "
    code += "print(sorted(m for m in sys.modules if m.startswith(('cli.', 'rich', 'embedded', 'asyncio'))))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    *text, modules = shown.stdout.strip().splitlines()
    assert modules == "['cli.main', 'cli.settings', 'cli.words']"
    assert all(any(line.strip().startswith(command) for line in text) for command in COMMANDS)


def test_help_lists_the_commands_in_their_order() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    places = [shown.index(f"  {command} ") for command in COMMANDS]
    assert places == sorted(places)


def test_an_unknown_command_is_told() -> None:
    result = CliRunner().invoke(main, ["fly"])
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.stderr


def test_functions_are_listed_with_their_limits() -> None:
    result = CliRunner().invoke(main, ["functions"])
    assert result.exit_code == 0, result.output
    rows = {line.split("│")[1].strip(): line for line in result.output.splitlines() if "│" in line}
    for text in ("eco2.scan.requested", "eco2.scan.classified", "45 s", "400"):
        assert text in rows["scan-vision"]
    assert "POST /api/v1/scan" in rows["scan-submit"]
    assert "dead letters" in rows["ops-quarantine"]
    assert "always runs" in rows["stream-router"]


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something itself, by its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found
            yield from leaves(found, f"{name} {each}".strip())
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield name, command


def test_every_command_but_those_that_stay_has_json() -> None:
    without = {
        name
        for name, command in leaves(main)
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == {"up", "demo"}


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_terminal_without_korean_gets_an_answer_all_the_same(encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    code = "from cli.main import main; from cli import show; main(['functions'], standalone_mode=False); "
    code += "show.result({'status': '실패', 'error': {'message': '사진 › 없음'}})"
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
    *table, result = shown.stdout.decode(encoding).splitlines()
    assert "scan-vision" in "".join(table)
    assert result == "?? ? ?? (?)"
    assert shown.stderr == b""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments", [["down"], ["jobs"], ["events"], ["dead-letters", "list"], ["dead-letters", "replay", "1"]]
)
def test_without_a_platform_it_says_how_to_start_one(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*arguments, "--home", str(tmp_path)], env={"ECO2_URL": None})
    assert result.exit_code == 1
    assert (
        result.stderr.strip()
        == f"eco2: no platform runs in {tmp_path}; start it with: eco2 up (or give --home or --url)"
    )


def test_without_a_broker_nothing_is_replayed_from_a_database() -> None:
    arguments = ["dead-letters", "replay", "1", "--database", "postgresql://nobody@127.0.0.1:9/none"]
    result = CliRunner().invoke(main, arguments, env={"K_SINK": None})
    assert result.exit_code == 1
    assert "give --sink or set K_SINK" in result.stderr


def test_nothing_behind_the_url_is_one_line(tmp_path: Path) -> None:
    with listen() as listener:
        port = port_of(listener)
    result = CliRunner().invoke(main, ["jobs", "--url", f"http://127.0.0.1:{port}"])
    assert result.exit_code == 1
    assert f"nothing answers at http://127.0.0.1:{port}" in result.stderr
    assert "eco2 up" in result.stderr


def test_a_taken_port_names_its_holder(tmp_path: Path) -> None:
    with listen() as listener:
        port = port_of(listener)
        result = CliRunner().invoke(main, ["up", "--home", str(tmp_path), "--port", str(port)])
    assert result.exit_code == 1
    assert f"port {port} is taken by" in result.stderr
    assert f"pid {os.getpid()}" in result.stderr


def test_a_second_up_says_where_the_first_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    with home.lock():
        home.write_state({"url": "http://127.0.0.1:8123", "pid": 1})
        result = CliRunner().invoke(main, ["up", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "is running already at http://127.0.0.1:8123" in result.stderr


def test_an_unknown_model_lists_the_known() -> None:
    result = CliRunner().invoke(main, ["up", "--model", "gpt-1"], env={"ECO2_MODELS": None})
    assert result.exit_code == 1
    assert "none of gpt-5.2" in result.stderr


def test_doctor_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path)], env={"ECO2_NO_SUCH_NAME": "1"})
    assert result.exit_code == 1
    assert "ECO2_NO_SUCH_NAME: no such setting" in result.output
    assert "no platform runs in" in result.output
    assert "packages complete" in result.output


class Started:
    """A platform that is ready at once."""

    def __init__(self, options: Options, report: Callable[[str], None]) -> None:
        self.options, self.home, self._report = options, Home(options.home), report

    async def run(self, ready: Callable[[str], None]) -> None:
        """Be ready, until what follows is done."""
        self._report("postgres is ready")
        ready("http://eco2.localhost:8080")
        await asyncio.get_running_loop().shutdown_default_executor()


def test_up_says_where_it_serves_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.supervisor.platform.Platform", Started)
    result = CliRunner().invoke(main, ["up", "--home", str(tmp_path), "--model", "gpt-5.2"], env=NO_SETTINGS)
    assert result.exit_code == 0, result.output
    assert "postgres is ready" in result.output
    assert "Eco² serves at http://eco2.localhost:8080" in result.output
    assert "model gpt-5.2, broker embedded" in result.output
    assert "ECO2_OPENAI_API_KEY is not set: the local model answers instead" in result.output
    assert result.output.endswith("stopped\n")


@pytest.mark.parametrize("fails", [False, True])
def test_the_demo_scans_its_photo_and_leaves_the_platform_up(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scanned(url: str, photo: Path, *, user: str) -> dict[str, object]:
        if fails:
            raise CliError("nothing answers")
        return {"status": "failed", "error": {"message": f"{url} {photo.name} {user}", "code": "X"}}

    monkeypatch.setattr("embedded.supervisor.platform.Platform", Started)
    monkeypatch.setattr("cli.scan.run", scanned)
    result = CliRunner().invoke(main, ["demo", "--home", str(tmp_path)], env=NO_SETTINGS)
    assert result.exit_code == 0, result.output
    told = "eco2: nothing answers" if fails else "glass-bottle.jpg 이웃 (X)"
    assert told in result.output + result.stderr
    assert "Eco² stays at http://eco2.localhost:8080 until Ctrl-C." in result.output
