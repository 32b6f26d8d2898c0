"""The command line itself: help, and errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main
from embedded.supervisor.home import Home
from embedded.supervisor.sockets import listen, port_of


def test_help_names_every_command_and_imports_none() -> None:
    code = "import sys; from cli.main import main; main(['--help'], standalone_mode=False); "
    code += "print(sorted(m for m in sys.modules if m.startswith(('cli.', 'rich', 'embedded', 'asyncio'))))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    *text, modules = shown.stdout.strip().splitlines()
    assert modules == "['cli.main']"
    assert all(any(line.strip().startswith(command) for line in text) for command in COMMANDS)


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
