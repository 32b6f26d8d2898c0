"""Settings of the command line."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Options of commands that may come from the environment."""

    url: str = setting("", "command line: address of the platform; empty: the one running in the home")
    lang: str = setting("", "command line: en or ko; empty: as the terminal's locale says")
