"""`eco2 keys`: the keys that sign tokens."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli import output
from cli.errors import CliError
from cli.options import home_option
from cli.words import heard, say
from process.settings import read


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command()
@output.json_option
@home_option
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the keys, e.g. of a cluster's secret; default: that of --home.",
)
def rotate(as_json: bool, home: Path, folder: Path | None) -> None:
    """Sign with the next key from now on, and make another next one.

    Nobody is signed out: what the old key signed stays good until it expires. Running processes notice by themselves.
    """
    from functions.auth.claims import LEEWAY_S
    from functions.auth.errors import SigningKeysError
    from functions.auth.keys import rotate as rotated
    from functions.auth.settings import AuthSettings

    place = folder or home / "keys"
    keep_s = read(AuthSettings, os.environ).refresh_ttl_s + LEEWAY_S
    try:
        now = rotated(place, keep_s)
    except SigningKeysError as error:
        raise CliError(heard(error), say("start the platform once, or give --folder")) from None
    if as_json:
        output.write({"signs": now.kid, "verify": sorted(now.public)})
    else:
        click.echo(
            say("key {kid} signs from now on; {count} keys verify", kid=now.kid, count=len(now.public))
        )
