"""Errors of commands: one line that says what and what to do, exit code 1, no traceback."""

from __future__ import annotations

import click


class CliError(click.ClickException):
    """A command can't go on: `what` went wrong, and what `todo` about it."""

    def __init__(self, what: str, todo: str = "") -> None:
        super().__init__(f"{what}; {todo}" if todo else what)

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Print to standard error."""
        click.secho(f"eco2: {self.message}", fg="red", err=True)
