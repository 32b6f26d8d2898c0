"""Options that several commands share, and the platform they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.errors import CliError
from cli.settings import CommandSettings
from embedded.supervisor.home import Home, default_home
from process.settings import read

F = TypeVar("F", bound=Callable[..., Any])


def home_option(command: F) -> F:
    """The option --home."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_home,
        show_default="./.eco2",
        help="Folder with everything the platform keeps.",
    )(command)


def url_option(command: F) -> F:
    """The option --url."""
    help_text = "Address of the platform; default: the one that runs in --home."
    return click.option("--url", help=help_text)(command)


def running(home: Path) -> dict[str, Any]:
    """The state of the platform that runs in `home`. Raises CliError."""
    place = Home(home)
    state = place.state() if place.is_running() else None
    if not state or not state.get("url"):
        raise CliError(f"no platform runs in {home}", "start it with: eco2 up (or give --home or --url)")
    return state


def address(url: str | None, home: Path) -> str:
    """The address to send requests to: `url`, else $ECO2_URL, else the platform in `home`. Raises CliError."""
    chosen = url or read(CommandSettings, os.environ).url
    return chosen.rstrip("/") if chosen else str(running(home)["url"])
