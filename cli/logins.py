"""`eco2 logins`: where somebody is signed in, and the end of all of it, for operators."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click

from cli import output, times
from cli.dead_letters import PlatformAddress, address_options
from cli.errors import CliError
from cli.words import heard, say
from process.settings import read

if TYPE_CHECKING:
    from functions.auth.logins import Logins

T = TypeVar("T")


@click.group()
def logins() -> None:
    """Logins of one user: list, end.

    Of the platform in --home; of one on a cluster with --database.
    """


@logins.command("list")
@click.argument("user", type=click.UUID)
@output.json_option
@address_options
def list_logins(user: UUID, as_json: bool, platform: PlatformAddress) -> None:
    """List where USER (an id) is signed in, the newest first."""
    found = _with(platform, lambda logins: logins.of(str(user)))
    if as_json:
        output.write([asdict(one) for one in found])
        return
    from cli import tables

    columns = ("session", "provider", "device", "browser", "since", "renewed")
    rows = (
        (
            one.session,
            one.provider,
            one.device_id or "",
            one.user_agent,
            times.shown(one.issued_at.isoformat()),
            times.shown(one.renewed_at.isoformat() if one.renewed_at else None),
        )
        for one in found
    )
    tables.show(columns, rows, empty=say("not signed in anywhere"))


@logins.command()
@click.argument("user", type=click.UUID)
@output.json_option
@address_options
def end(user: UUID, as_json: bool, platform: PlatformAddress) -> None:
    """End every login of USER (an id): refused everywhere within two seconds."""
    count = _with(platform, lambda logins: logins.end_all(str(user), "operator"))
    if as_json:
        output.write({"user": str(user), "ended": count})
    else:
        click.echo(say("ended {count} logins", count=count))


def _with(platform: PlatformAddress, act: Callable[[Logins], Awaitable[T]]) -> T:
    """Do something with the logins of a running platform. Raises CliError."""
    from functions.auth.logins import Logins
    from functions.auth.settings import AuthSettings
    from functions.runtime.database import Database
    from functions.runtime.errors import Retry

    async def run() -> T:
        database = Database(platform.database, 1)
        try:
            return await act(Logins(database, read(AuthSettings, os.environ).access_ttl_s))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except Retry as error:
        raise CliError(heard(error), say("look at: eco2 doctor, or at --database")) from None
