"""`eco2 locations`: brings public files of places onto the map."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import output
from cli.errors import CliError
from cli.options import home_option, running
from cli.words import heard, say

if TYPE_CHECKING:
    from functions.locations.importing import PlaceFile, RowFinding
    from functions.locations.layouts import NewSite

SHOWN = 50


@click.group()
def locations() -> None:
    """Places on the map."""


@locations.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Read and report, store nothing; needs no platform.")
@click.option(
    "--database",
    envvar="ECO2_DATABASE_URL",
    metavar="URL",
    help="PostgreSQL of a platform elsewhere, on a cluster for instance; --home has no meaning then.",
)
@output.json_option
@home_option
def import_file(file: Path, dry_run: bool, database: str | None, as_json: bool, home: Path) -> None:
    """Store the places of FILE: recycling compensation sites (한국환경공단, CSV) or shops of the Smart Seoul Map.

    A place that is there already is brought up to date; the samples go with the first real place.
    """
    from functions.locations.importing import FileRejected, read

    try:
        found = read(file)
    except FileRejected as error:
        raise CliError(
            f"{file}: {heard(error)}", say("see eco2 locations import --help for what can be read")
        ) from None
    if not as_json:
        _report(found)
    new = changed = 0
    if not dry_run:
        new, changed = asyncio.run(_store(database or running(home)["database"], found.sites))
    if as_json:
        told = {name: [asdict(each) for each in getattr(found, name)] for name in ("rejected", "notes")}
        counts = {"rows": found.rows, "kinds": found.kinds, "places": len(found.sites)}
        output.write({"layout": found.layout, **counts, **told, "new": new, "changed": changed})
    elif dry_run:
        click.echo(say("nothing stored (--dry-run)"))
    else:
        click.echo(
            say(
                "stored: {new} new, {changed} changed, {same} as they were",
                new=new,
                changed=changed,
                same=len(found.sites) - new - changed,
            )
        )


def _report(found: PlaceFile) -> None:
    kinds = ", ".join(f"{kind} {count}" for kind, count in found.kinds.items())
    click.echo(
        say(
            "layout {layout}: {rows} rows, {count} places ({kinds})",
            layout=found.layout,
            rows=found.rows,
            count=len(found.sites),
            kinds=kinds or say("none"),
        )
    )
    _findings(say("rejected"), found.rejected)
    _findings(say("read in part"), found.notes)


def _findings(what: str, findings: list[RowFinding]) -> None:
    click.echo(f"{what}: {len(findings)}")
    for finding in findings[:SHOWN]:
        click.echo(say("  line {line}: {why}", line=finding.line, why=heard(finding.why)))
    if len(findings) > SHOWN:
        click.echo(say("  and {count} more", count=len(findings) - SHOWN))


async def _store(database: str, sites: list[NewSite]) -> tuple[int, int]:
    from functions.locations.sites import Sites
    from functions.runtime.errors import FunctionError
    from functions.runtime.resources import Resources

    resources = Resources({"ECO2_DATABASE_URL": database})
    try:
        return await (await resources.get(Sites)).store(sites)
    except FunctionError as error:
        raise CliError(heard(error.detail), say("is the platform running? eco2 doctor says")) from None
    finally:
        await resources.close()
