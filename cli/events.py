"""`eco2 events`: prints what the Broker delivers, as operators see it in the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from cli import output, times
from cli.client import Client
from cli.errors import CliError
from cli.options import address, home_option, url_option, user_option
from cli.words import say

STREAM = "/api/v1/console/events"


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Stay and print what comes, until Ctrl-C.")
@click.option("--job", help="Only events of this job, and what its stages did, however old it is.")
@click.option("--type", "kind", help="Only types that hold this text.")
@click.option("--clocks", is_flag=True, help="Also what clocks emit.")
@click.option(
    "--last", default=20, show_default=True, type=click.IntRange(0, 1000), help="How many to begin with."
)
@output.json_option
@user_option
@url_option
@home_option
def events(
    follow: bool,
    job: str | None,
    kind: str | None,
    clocks: bool,
    last: int,
    as_json: bool,
    user: str,
    url: str | None,
    home: Path,
) -> None:
    """Print CloudEvents as they are delivered: to which function, how it ended, in what time."""
    client = Client(address(url, home))
    client.sign_in(user)
    scanned = _course(client, job) if job and not as_json else False

    def wanted(each: dict[str, Any]) -> bool:
        ticks = each["type"].startswith(("eco2.ops.sweep.", "eco2.ops.redrive.", "eco2.news.collect."))
        return (
            (clocks or not ticks)
            and (job is None or each["subject"] == job)
            and (kind is None or kind in each["type"])
        )

    try:
        shown = _show(client.events(STREAM, endless=follow), wanted, last, as_json, follow)
    except KeyboardInterrupt:
        return
    if job and not (shown or scanned or as_json):
        raise CliError(say("nothing is known of job {job}", job=job), say("see: eco2 jobs (and --user)"))


def _show(
    events: Iterator[tuple[str, Any]],
    wanted: Callable[[dict[str, Any]], bool],
    last: int,
    as_json: bool,
    follow: bool,
) -> int:
    """Print deliveries as they come; how many it were."""
    first, shown = True, 0
    for event, told in events:
        if event == "error":
            raise CliError(say("the sign-in has ended"), say("start the command again"))
        if event != "deliveries":
            continue
        found = [each for each in told if wanted(each)]
        for each in (found[-last:] if last else []) if first else found:
            shown += 1
            output.write(each, a_line=True) if as_json else _print(each)
        first = False
        if not follow:
            break
    return shown


def _print(each: dict[str, Any]) -> None:
    failed = each["status"] < 0 or each["status"] >= 300
    where = f"→ {each['trigger']}" if each["trigger"] else say("  (reached the Broker)")
    again = say(" attempt {number}", number=each["attempt"]) if each["attempt"] > 1 else ""
    end = f" {each['status']} {each['ms']:.0f} ms{again}" if each["trigger"] else ""
    line = f"{times.clock(float(each['at']))} {each['type'].removeprefix('eco2.'):<21} {where}{end}"
    click.secho(f"{line}  {each['subject'][:8]}".rstrip(), fg="red" if failed else None)
    if failed and each["error"]:
        click.secho(f"                 {each['error'][:200]}", fg="red")


def _course(client: Client, job: str) -> bool:
    """Print what the stages of a scan did; whether there is such a scan of this user."""
    status, told = client.get(f"/api/v1/scan/{job}/timeline")
    if status != 200:
        return False  # a turn of the chat, or another user's
    click.echo(
        say(
            "{at}  accepted, {status}, model {model}",
            at=times.shown(told["created_at"]),
            status=told["status"],
            model=told["model"],
        )
    )
    for stage in told["stages"]:
        end = stage["finished_at"]
        took = (
            f"{(times.moment(end) - times.moment(stage['started_at'])).total_seconds() * 1000:.0f} ms"
            if end
            else say("not finished")
        )
        again = say(", attempt {number}", number=stage["attempt"]) if stage["attempt"] > 1 else ""
        click.echo(f"  {times.clock(stage['started_at'])}  {stage['stage']:<8} {took}{again}")
    if told["error"]:
        click.secho(f"  {told['error'].get('code')}: {told['error'].get('message')}", fg="red")
    return True
