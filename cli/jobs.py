"""`eco2 jobs`: one user's scans: list, show, cancel, start again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import click

from cli import output, times
from cli.client import Client
from cli.errors import CliError
from cli.options import F, address, home_option, url_option, user_option
from cli.words import say

LEVELS = ("major", "middle", "minor")
Enter = Callable[[], Client]
LETTERS = "/api/v1/ops/dead-letters"


def as_user(command: F) -> F:
    """Options --user, --url and --home; the command gets `enter`, which signs in there. It raises CliError."""

    @user_option
    @url_option
    @home_option
    @wraps(command)
    def placed(*arguments: Any, user: str, url: str | None, home: Path, **options: Any) -> Any:
        def enter() -> Client:
            client = Client(address(url, home))
            client.sign_in(user)
            return client

        return command(*arguments, enter=enter, **options)

    return cast("F", placed)


@click.group(invoke_without_command=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@output.json_option
@as_user
@click.pass_context
def jobs(context: click.Context, /, limit: int, as_json: bool, enter: Enter) -> None:
    """List your own scans, newest first; or show, cancel or retry one."""
    if context.invoked_subcommand:
        return
    client = enter()
    status, page = client.get(f"/api/v1/scan?{urlencode({'limit': limit})}")
    if status != 200:
        raise CliError(say("the history answered {status}", status=status))
    if as_json:
        output.write(page["scans"])
        return
    from cli import tables

    columns = ("job", "status", "created", "what", "character")
    tables.show(columns, map(_row, page["scans"]), empty=say("no scans yet; try: eco2 scan PHOTO"))


@jobs.command()
@click.argument("job")
@output.json_option
@as_user
def show(job: str, as_json: bool, enter: Enter) -> None:
    """Show a job's result, or how far it is."""
    status, body = enter().get(f"/api/v1/scan/{job}/result")
    if status not in (200, 202):
        raise CliError(say("there is no job {job} of yours", job=job), say("see: eco2 jobs (and --user)"))
    if as_json:
        output.write(body)
    elif status == 202:
        click.echo(
            say(
                "{job} is in progress: {stage}, {percent} %",
                job=job,
                stage=body["current_stage"],
                percent=body["progress"],
            )
        )
    else:
        from cli import show as shown

        shown.result(body)


@jobs.command()
@click.argument("job")
@output.json_option
@as_user
def cancel(job: str, as_json: bool, enter: Enter) -> None:
    """Cancel a job that is in progress."""
    client = enter()
    status, _ = client.ask("DELETE", f"/api/v1/scan/{job}")
    if status != 204:
        raise CliError(say("there is no job {job} of yours", job=job), say("see: eco2 jobs (and --user)"))
    _, body = client.get(f"/api/v1/scan/{job}/result")
    now = body.get("status", "cancelled")
    output.write({"job_id": job, "status": now}) if as_json else click.echo(
        say("{job} is {status}", job=job, status=now)
    )


@jobs.command()
@click.argument("job")
@output.json_option
@as_user
def retry(job: str, as_json: bool, enter: Enter) -> None:
    """Start a failed job again: by its dead letter where there is one, else as a new job with the same picture."""
    client = enter()
    status, letters = client.get(f"{LETTERS}?limit=100")
    mine = [each["id"] for each in letters if each["subject"] == job] if status == 200 else []
    if mine:
        client.ask("POST", f"{LETTERS}/{mine[0]}/replay")
        if as_json:
            output.write({"job_id": job, "dead_letter": mine[0]})
        else:
            click.echo(say("{job} goes on: dead letter {letter} was sent again", job=job, letter=mine[0]))
        return
    status, page = client.get("/api/v1/scan?limit=100")
    scan = next((each for each in page["scans"] if each["job_id"] == job), None) if status == 200 else None
    if scan is None:
        raise CliError(say("there is no job {job} of yours", job=job), say("see: eco2 jobs (and --user)"))
    body = {"image_url": scan["image_url"]}
    accepted = client.post("/api/v1/scan", body, {"Idempotency-Key": str(uuid.uuid4())})
    if as_json:
        output.write(accepted)
    else:
        click.echo(
            say("{job} began with the same picture; see: eco2 jobs show {job}", job=accepted["job_id"])
        )


def _row(scan: dict[str, Any]) -> tuple[object, ...]:
    categories, reward = scan.get("categories") or {}, scan.get("reward") or {}
    names = [categories.get(f"{level}_category") or categories.get(level) for level in LEVELS]
    what = " › ".join(name for name in names if name)
    return scan["job_id"], scan["status"], times.shown(scan["created_at"]), what, reward.get("name")
