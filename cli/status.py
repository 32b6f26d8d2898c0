"""`eco2 status`: what runs in a home, in a few lines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from cli import output, times
from cli.options import home_option, running
from cli.words import say


@click.command()
@output.json_option
@home_option
def status(as_json: bool, home: Path) -> None:
    """Say what the platform of this home is and does; exit code 1 where it is not ready."""
    from embedded.supervisor.ready import ask

    state = running(home)
    host, _, port = str(state["url"]).rpartition("/")[2].partition(":")
    missing = asyncio.run(ask((host, int(port))))
    if as_json:
        told = {
            name: state.get(name) for name in ("url", "model", "broker", "pid", "started_at", "processes")
        }
        output.write({**told, "ready": not missing})
    else:
        click.secho(
            say(
                "{url} is not ready: {missing}" if missing else "{url} is ready",
                url=state["url"],
                missing=missing,
            ),
            fg="red" if missing else "green",
        )
        click.echo(
            say(
                "model {model}, broker {broker}, since {at}",
                model=state["model"],
                broker=state["broker"],
                at=times.shown(float(state["started_at"])),
            )
        )
        for name, process in state.get("processes", {}).items():
            again = (
                say(", started again {count} times", count=process["restarts"]) if process["restarts"] else ""
            )
            click.echo(
                f"  {name:<14} {'pid ' + str(process['pid']) if process['pid'] else say('down')}{again}"
            )
    if missing:
        raise SystemExit(1)
