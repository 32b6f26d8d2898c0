"""A platform in the background: started as `eco2 up` starts it, left once it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from cli.errors import CliError
from cli.words import heard, say
from embedded.logs import last_line
from embedded.supervisor.home import Home

TIMEOUT_S = 90.0
_PAUSE_S = 0.1


def start(home: Path, arguments: Sequence[str]) -> None:
    """Run `eco2` with these arguments, less the one that says so, by itself. Raises CliError."""
    place = Home(home)
    place.make()
    log = place.logs / "up.log"
    kept = [each for each in arguments if each not in ("--detach", "-d")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *kept],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C here is not for it
        )
    deadline = time.monotonic() + TIMEOUT_S
    while "Ctrl-C" not in log.read_text(errors="replace"):
        if process.poll() is not None:
            raise CliError(heard(last_line(log).removeprefix("eco2: ")))
        if time.monotonic() > deadline:
            process.terminate()
            raise CliError(
                say("it was not ready after {seconds:.0f} s", seconds=TIMEOUT_S), say("see {log}", log=log)
            )
        time.sleep(_PAUSE_S)
    click.secho(say("Eco² serves at {url}", url=(place.state() or {}).get("url", "")), bold=True)
    click.echo(say("  open it in a browser, or try: eco2 scan PHOTO    stop: {stop}", stop="eco2 down"))
