"""Options that several commands share, and the platform they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from cli.errors import CliError
from cli.settings import CommandSettings
from cli.words import say
from embedded.supervisor.home import Home, default_home
from process.settings import read

USER = "이웃"
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


def user_option(command: F) -> F:
    """The option --user; the same person by default everywhere, as on the console's door."""
    return click.option("--user", default=USER, show_default=True, help="Who to sign in as.")(command)


def running(home: Path) -> dict[str, Any]:
    """The state of the platform that runs in `home`. Raises CliError."""
    place = Home(home)
    state = place.state() if place.is_running() else None
    if not state or not state.get("url"):
        raise CliError(
            say("no platform runs in {home}", home=home),
            say("start it with: eco2 up (or give --home or --url)"),
        )
    return state


def address(url: str | None, home: Path) -> str:
    """The address to send requests to: `url`, else $ECO2_URL, else the platform in `home`; `host:port` will do.

    Raises CliError.
    """
    chosen = url or read(CommandSettings, os.environ).url
    if not chosen:
        return str(running(home)["url"])
    if "://" not in chosen:
        chosen = f"http://{chosen}"
    parts = urlsplit(chosen)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CliError(
            say("{chosen} is no address of a platform", chosen=chosen),
            say("write it like http://127.0.0.1:8080"),
        )
    return f"{parts.scheme}://{parts.netloc}"
