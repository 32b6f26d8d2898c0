"""`eco2 up`: runs the platform in the foreground."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import click

from cli.errors import CliError
from cli.options import F, home_option
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import from_environment


def platform_options(command: F) -> F:
    """The options that `up` and `demo` share."""
    command = click.option(
        "--processes",
        type=int,
        help="Function hosts; default: one a core, at most 2.",
    )(command)
    command = click.option("--model", help="local (default), simulated, or one of ECO2_MODELS.")(command)
    command = click.option(
        "--broker",
        type=click.Choice(["embedded", "rabbitmq"]),
        help="What carries events; default: embedded.",
    )(command)
    command = click.option("--port", type=int, help="Public port, 0 for any; default: 8080.")(command)
    return home_option(command)


@click.command()
@platform_options
def up(home: Path, port: int | None, broker: str | None, model: str | None, processes: int | None) -> None:
    """Start the platform and stay until Ctrl-C."""
    run(home, port, broker, model, processes, lambda _url: None)


def run(
    home: Path,
    port: int | None,
    broker: str | None,
    model: str | None,
    processes: int | None,
    then: Callable[[str], None],
) -> None:
    """Run the platform; `then` is called in a thread with its address once it is ready. Raises CliError."""
    from embedded.supervisor.platform import Platform

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        options = from_environment(
            os.environ, home=home, port=port, broker=broker, model=model, processes=processes
        )
        platform = Platform(options, report)

        def ready(url: str) -> None:
            click.secho(f"Eco² serves at {url}", bold=True)
            click.echo(f"  model {options.model}, broker {options.broker}, logs {platform.home.logs}")
            if options.missing_key:
                click.secho(
                    f"  {options.missing_key} is not set: the local model answers instead", fg="yellow"
                )
            click.echo("  try: eco2 scan PHOTO    stop: Ctrl-C")
            asyncio.get_running_loop().run_in_executor(None, then, url)

        asyncio.run(platform.run(ready))
    except CannotStartError as error:
        raise CliError(str(error)) from None
    click.secho("stopped", dim=True)


def report(line: str) -> None:
    """Print a line of progress."""
    click.secho(line, dim=True)
