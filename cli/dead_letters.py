"""`eco2 dead-letters`: what could not be delivered, and sending it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.errors import Wrong
from cli.options import home_option, running

if TYPE_CHECKING:
    from functions.ops.dead_letters import DeadLetters

T = TypeVar("T")


@click.group()
def dead_letters() -> None:
    """Events that could not be delivered: list, show, replay."""


@dead_letters.command("list")
@click.option("--state", type=click.Choice(["held", "redriven", "exhausted", "discarded"]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@home_option
def list_letters(state: Any, limit: int, home: Path) -> None:
    """The newest first."""
    letters = _with(running(home), lambda letters: letters.list(state=state, limit=limit))
    from cli import tables

    columns = ("id", "type", "subject", "failed at", "code", "state", "redrives", "last seen")
    rows = (
        (
            one.id,
            one.type,
            one.subject,
            one.trigger,
            one.error_code,
            one.state,
            one.redrives,
            one.last_seen_at,
        )
        for one in letters
    )
    tables.show(columns, rows, empty="no dead letters")


@dead_letters.command()
@click.argument("number", type=int, metavar="ID")
@home_option
def show(number: int, home: Path) -> None:
    """One dead letter with its event."""
    _letter, event = _with(running(home), lambda letters: letters.show(number))
    for name, value in event.attributes().items():
        click.echo(f"{name}: {value}")
    click.echo(f"\n{event.data.decode('utf-8', 'replace')}")


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1, required=True, metavar="ID…")
@home_option
def replay(numbers: tuple[int, ...], home: Path) -> None:
    """Send them to the broker again."""
    state = running(home)
    from eventing.publisher import Publisher

    async def send(letters: DeadLetters) -> None:
        publisher = Publisher(state["sink"])
        try:
            await letters.replay(publisher.publish, *numbers)
        finally:
            await publisher.close()

    _with(state, send)
    click.echo(f"sent {len(numbers)} again")


def _with(state: dict[str, Any], act: Callable[[DeadLetters], Awaitable[T]]) -> T:
    """Do something with the letters of a running platform. Raises Wrong."""
    from eventing.errors import PublishFailed
    from functions.ops.dead_letters import DeadLetters, UnknownDeadLetter
    from functions.runtime.database import Database
    from functions.runtime.errors import Retry

    async def run() -> T:
        database = Database(state["database"], 2)
        try:
            return await act(DeadLetters(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except UnknownDeadLetter as error:
        raise Wrong(str(error), "see: eco2 dead-letters list") from None
    except PublishFailed as error:
        raise Wrong(f"the broker did not take it: {error}", "nothing was lost; try again") from None
    except Retry as error:
        raise Wrong(str(error), "look at: eco2 doctor") from None
