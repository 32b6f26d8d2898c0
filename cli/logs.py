"""`eco2 logs [FUNCTION]`: the logs of a home's platform, for a person to read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cli import output, times
from cli.errors import CliError
from cli.near import meant
from cli.options import home_option
from cli.words import say
from embedded.supervisor.home import Home

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PAUSE_S = 0.2
_KNOWN = (
    *("timestamp", "level", "logger", "message", "function", "process", "exception"),
    *("trace_id", "traceparent"),
)
"""What stands elsewhere in the line, or is for programs."""
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command()
@click.argument("name", metavar="[FUNCTION]", required=False)
@click.option("--follow", "-f", is_flag=True, help="Stay and print what comes, until Ctrl-C.")
@click.option(
    "--level",
    default="INFO",
    show_default=True,
    type=click.Choice(LEVELS, case_sensitive=False),
    help="At least.",
)
@click.option(
    "--last", default=50, show_default=True, type=click.IntRange(0, 100_000), help="How many to begin with."
)
@output.json_option
@home_option
def logs(name: str | None, follow: bool, level: str, last: int, as_json: bool, home: Path) -> None:
    """Print logs of FUNCTION, of a process (edge, broker, functions-1, …), or of all, oldest first."""
    folder = Home(home).logs
    if not folder.is_dir():
        raise CliError(
            say("there are no logs in {folder}", folder=folder),
            say("start the platform with: eco2 up (or give --home)"),
        )
    if name:
        _check(name, folder)
    least = LEVELS.index(level.upper())

    def wanted(line: dict[str, Any]) -> bool:
        known = line["level"] if line["level"] in LEVELS else "ERROR"
        return LEVELS.index(known) >= least and (
            name is None or name in (line.get("function"), line["process"])
        )

    places: dict[Path, int] = {}
    found = sorted(
        (line for line in read(folder, places) if wanted(line)), key=lambda line: str(line["timestamp"])
    )
    for line in found[-last:] if last else []:
        _print(line, as_json)
    try:
        while follow:
            time.sleep(_PAUSE_S)
            for line in read(folder, places):
                if wanted(line):
                    _print(line, as_json)
    except KeyboardInterrupt:
        return


def _check(name: str, folder: Path) -> None:
    """Raises CliError when no function and no process is called that."""
    from functions.runtime.registry import folders

    known = [*(path.stem for path in folder.glob("*.log")), *folders()]
    if name not in known:
        raise CliError(
            say("no function {wanted!r}", wanted=name), meant(name, known, say("all of them: eco2 functions"))
        )


def read(folder: Path, places: dict[Path, int]) -> Iterator[dict[str, Any]]:
    """The whole lines that are new since `places`, which goes on; what is no JSON of ours is its message."""
    for path in sorted(folder.glob("*.log")):
        size = path.stat().st_size
        begin = places.get(path, 0)
        if size < begin:  # cut, because it had grown large
            begin = 0
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read(size - begin)
        whole = content.rfind(b"\n") + 1
        places[path] = begin + whole
        for raw in content[:whole].decode("utf-8", "replace").splitlines():
            if raw.strip():
                yield _line(raw, path)


def _line(raw: str, path: Path) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "message" not in told:
        told = {"message": raw}
    return {"timestamp": "", "level": "INFO", **told, "process": path.stem}


def _print(line: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.write(line, a_line=True)
        return
    at = times.clock(line["timestamp"]) if line["timestamp"] else " " * 16
    said = line["message"].split()
    more = " ".join(
        f"{key}={value}"
        for key, value in line.items()
        if key not in _KNOWN and str(value) not in ("", "-", "0", *said)
    )
    who = line.get("function") or line["process"]
    click.secho(
        f"{at} {line['level']:<7} {who}: {line['message']} {more}".rstrip(), fg=_COLOURS.get(line["level"])
    )
    if exception := line.get("exception"):
        click.echo(exception)
