"""`eco2 down`: stops the platform of this home and waits until it has."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from cli import output
from cli.errors import CliError
from cli.options import home_option, running
from cli.words import say
from embedded.supervisor.home import Home

TIMEOUT_S = 45.0


@click.command()
@output.json_option
@home_option
def down(as_json: bool, home: Path) -> None:
    """Stop the platform of this home."""
    pid = running(home).get("pid")
    if not pid:
        raise CliError(
            say("{home} does not say which process runs it", home=home),
            say("end it by hand and see {home}/state.json", home=home),
        )
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGTERM)
    deadline = time.monotonic() + TIMEOUT_S
    while Home(home).is_running():
        if time.monotonic() > deadline:
            raise CliError(
                say("process {pid} does not stop", pid=pid),
                say("kill -9 {pid} ends it and all it started", pid=pid),
            )
        time.sleep(0.05)
    output.write({"stopped": int(pid)}) if as_json else click.echo(say("stopped"))
