"""`eco2 dead-letters`: lists events that could not be delivered, says where and why, sends them again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from cli import output, times
from cli.errors import CliError
from cli.options import home_option, running
from cli.words import heard, say

if TYPE_CHECKING:
    from functions.ops.dead_letters import DeadLetters

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PlatformAddress:
    """The database where a platform's dead letters lie and the broker that takes them again; empty: not known."""

    database: str
    sink: str


def address_options(command: F) -> F:
    """Options --database and --sink of a platform anywhere, else --home; the command gets `platform`."""

    @click.option(
        "--database",
        envvar="ECO2_DATABASE_URL",
        metavar="URL",
        help="PostgreSQL of a platform elsewhere, on a cluster for instance; --home has no meaning then.",
    )
    @click.option(
        "--sink", envvar="K_SINK", metavar="URL", help="Ingress of that platform's Broker, to replay into."
    )
    @home_option
    @wraps(command)
    def placed(*arguments: Any, database: str | None, sink: str | None, home: Path, **options: Any) -> Any:
        if database:
            return command(*arguments, platform=PlatformAddress(database, sink or ""), **options)
        state = running(home)
        return command(*arguments, platform=PlatformAddress(state["database"], state["sink"]), **options)

    return cast("F", placed)


@click.group()
def dead_letters() -> None:
    """Events that could not be delivered: list, show, replay, discard.

    Of the platform in --home; of one on a cluster with --database and --sink (docs/dead-letters.md).
    """


@dead_letters.command("list")
@click.option("--state", type=click.Choice(["held", "redriven", "exhausted", "discarded"]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@output.json_option
@address_options
def list_letters(state: Any, limit: int, as_json: bool, platform: PlatformAddress) -> None:
    """List dead letters, the newest first."""
    letters = _with(platform, lambda letters: letters.list(state=state, limit=limit))
    if as_json:
        output.write([{**asdict(one), "reason": one.reason} for one in letters])
        return
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
            times.shown(one.last_seen_at.isoformat()),
        )
        for one in letters
    )
    tables.show(columns, rows, empty=say("no dead letters"))


@dead_letters.command()
@click.argument("number", type=int, metavar="ID")
@output.json_option
@address_options
def show(number: int, as_json: bool, platform: PlatformAddress) -> None:
    """Show one dead letter: where it failed, why, and its event."""
    letter, event = _with(platform, lambda letters: letters.show(number))
    if as_json:
        told = {**asdict(letter), "reason": letter.reason, "attributes": dict(event.attributes())}
        output.write({**told, "data": event.data.decode("utf-8", "replace")})
        return
    click.secho(
        say(
            "failed at {trigger} with {code}: {reason}",
            trigger=letter.trigger,
            code=letter.error_code,
            reason=letter.reason or say("no reason given"),
        ),
        fg="red",
    )
    click.echo(
        say(
            "{state}, sent again {count} times, {at}\n",
            state=letter.state,
            count=letter.redrives,
            at=times.shown(letter.last_seen_at.isoformat()),
        )
    )
    for name, value in event.attributes().items():
        click.echo(f"{name}: {value}")
    click.echo(f"\n{event.data.decode('utf-8', 'replace')}")


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1, required=True, metavar="ID…")
@output.json_option
@address_options
def replay(numbers: tuple[int, ...], as_json: bool, platform: PlatformAddress) -> None:
    """Send dead letters to the broker again."""
    if not platform.sink:
        raise CliError(
            say("no broker to send them to"), say("give --sink or set K_SINK; docs/dead-letters.md says how")
        )
    from eventing.publisher import Publisher

    async def send(letters: DeadLetters) -> None:
        publisher = Publisher(platform.sink)
        try:
            await letters.replay(publisher.publish, *numbers)
        finally:
            await publisher.close()

    _with(platform, send)
    output.write({"sent": numbers}) if as_json else click.echo(say("sent {count} again", count=len(numbers)))


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1, required=True, metavar="ID…")
@output.json_option
@address_options
def discard(numbers: tuple[int, ...], as_json: bool, platform: PlatformAddress) -> None:
    """Mark dead letters that shall never be sent again; they stay readable."""
    count = _with(platform, lambda letters: letters.discard(*numbers))
    if not count:
        raise CliError(say("none of them is there to discard"), say("see: eco2 dead-letters list"))
    output.write({"discarded": count}) if as_json else click.echo(say("discarded {count}", count=count))


def _with(platform: PlatformAddress, act: Callable[[DeadLetters], Awaitable[T]]) -> T:
    """Do something with the letters of a running platform. Raises CliError."""
    from eventing.errors import PublishFailed
    from functions.ops.dead_letters import DeadLetters, UnknownDeadLetter
    from functions.runtime.database import Database
    from functions.runtime.errors import Retry

    async def run() -> T:
        database = Database(platform.database, 2)
        try:
            return await act(DeadLetters(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except UnknownDeadLetter as error:
        raise CliError(heard(error), say("see: eco2 dead-letters list")) from None
    except PublishFailed as error:
        raise CliError(
            say("the broker did not take it: {error}", error=error), say("nothing was lost; try again")
        ) from None
    except Retry as error:
        raise CliError(heard(error), say("look at: eco2 doctor, or at --database")) from None
