"""`eco2 demo`: starts the platform, sorts one photo, and leaves the platform running to be tried."""

from __future__ import annotations

from pathlib import Path

import click

from cli import scan, show
from cli.errors import CliError
from cli.options import USER
from cli.up import platform_options, run
from cli.words import say

PHOTO = Path(__file__).parent / "samples/glass-bottle.jpg"


@click.command()
@platform_options
def demo(home: Path, port: int | None, broker: str | None, model: str | None, processes: int | None) -> None:
    """Start the platform, sort a photo, stay until Ctrl-C."""

    def then(url: str) -> None:
        try:
            click.echo(say("scan of {photo}", photo=PHOTO))
            show.result(scan.run(url, PHOTO, user=USER))
        except CliError as error:
            error.show()
        click.echo(say("\nEco² stays at {url} until Ctrl-C.", url=url))

    run(home, port, broker, model, processes, then)
