"""`eco2 up`: runs the platform in the foreground."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from cli.errors import CliError
from cli.options import F, home_option
from cli.words import heard, say
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import from_environment

TELL_S = 0.5


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
@click.option(
    "--reload", is_flag=True, help="Take up changes of code: functions start again, new folders are served."
)
@click.option("--detach", "-d", is_flag=True, help="Go on in the background; `eco2 down` ends it.")
@platform_options
def up(
    home: Path,
    port: int | None,
    broker: str | None,
    model: str | None,
    processes: int | None,
    reload: bool,
    detach: bool,
) -> None:
    """Start the platform and stay until Ctrl-C."""
    if detach:
        from cli import detached

        detached.start(home, sys.argv[1:])
    else:
        run(home, port, broker, model, processes, lambda _url: None, reload=reload)


def run(
    home: Path,
    port: int | None,
    broker: str | None,
    model: str | None,
    processes: int | None,
    then: Callable[[str], None],
    *,
    reload: bool = False,
) -> None:
    """Run the platform; `then` is called in a thread with its address once it is ready. Raises CliError."""
    from embedded.supervisor.platform import Platform
    from embedded.supervisor.reloading import files, reloading

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    beside: list[asyncio.Task[None]] = []
    try:
        options = from_environment(
            os.environ, home=home, port=port, broker=broker, model=model, processes=processes
        )
        platform = Platform(options, report)
        started_with = files() if reload else {}

        def ready(url: str) -> None:
            click.secho(say("Eco² serves at {url}", url=url), bold=True)
            click.echo(
                say(
                    "  model {model}, broker {broker}, logs {logs}",
                    model=options.model,
                    broker=options.broker,
                    logs=platform.home.logs,
                )
            )
            if options.missing_key:
                click.secho(
                    say("  {name} is not set: the local model answers instead", name=options.missing_key),
                    fg="yellow",
                )
            click.echo(say("  open it in a browser, or try: eco2 scan PHOTO    stop: {stop}", stop="Ctrl-C"))
            beside.append(asyncio.create_task(tell(platform.home.logs)))
            if reload:
                beside.append(asyncio.create_task(reloading(platform, started_with)))
            asyncio.get_running_loop().run_in_executor(None, then, url)

        asyncio.run(platform.run(ready))
    except CannotStartError as error:
        raise CliError(heard(error)) from None
    click.secho(say("stopped"), dim=True)


async def tell(folder: Path) -> None:
    """Print what breaks in functions, with its traceback, until cancelled."""
    from cli.logs import read

    places: dict[Path, int] = {}
    await asyncio.to_thread(lambda: list(read(folder, places)))
    while True:
        await asyncio.sleep(TELL_S)
        for line in await asyncio.to_thread(lambda: list(read(folder, places))):
            if exception := line.get("exception"):
                who = line.get("function") or line["process"]
                click.secho(f"{who}: {line['message']}", fg="red", err=True)
                click.echo(exception, err=True)


def report(line: str) -> None:
    """Print a line of progress."""
    click.secho(heard(line), dim=True)
