"""`eco2 scan PHOTO`: sends one photo through the platform, as the app does."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import photo
from cli.client import Client
from cli.errors import CliError
from cli.options import USER, address, home_option, url_option, user_option
from cli.output import json_option, write
from cli.words import say

POLLS = 60
STAGES = {
    "queued": "accepted",
    "vision": "looking at the photo",
    "rule": "finding the rule",
    "answer": "writing the answer",
    "reward": "looking for a character",
    "done": "done",
    "error": "error",
}


class LeftAlone(click.Abort):
    """The person at the terminal went; the job goes on without them."""

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id


@click.command()
@click.argument("photo", type=click.Path(path_type=Path), metavar="PHOTO")
@click.option("--text", help="A question or remark about the photo.")
@click.option("--model", help="Model to ask; default: the platform's.")
@json_option
@user_option
@url_option
@home_option
def scan(
    photo: Path, text: str | None, model: str | None, as_json: bool, user: str, url: str | None, home: Path
) -> None:
    """Sort one photo: what it is and how to throw it away."""
    try:
        result = run(address(url, home), photo, text=text, model=model, user=user, quiet=as_json)
    except LeftAlone as left:
        click.echo(f"\n{say('job {job} goes on', job=left.job_id)}", err=True)
        click.echo(say("  see it: eco2 jobs show {job}", job=left.job_id), err=True)
        click.echo(say("  cancel it: eco2 jobs cancel {job}", job=left.job_id), err=True)
        raise SystemExit(130) from None
    if as_json:
        write(result)
    else:
        from cli import show

        show.result(result)
    if result["status"] != "completed":
        raise SystemExit(1)


def run(
    url: str,
    picture: Path,
    *,
    text: str | None = None,
    model: str | None = None,
    user: str = USER,
    quiet: bool = False,
) -> dict[str, Any]:
    """Scan a photo and return the result's body. Raises CliError."""
    content, kind = photo.read(picture)
    client = Client(url)
    client.sign_in(user)
    if quiet:
        return submit(client, content, kind, text, model, lambda _stage, _percent: None)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("uploading"), total=100)

        def told(stage: str, percent: int | None) -> None:
            bar.update(task, description=say(STAGES[stage]) if stage in STAGES else stage, completed=percent)

        return submit(client, content, kind, text, model, told)


def submit(
    client: Client,
    content: bytes,
    kind: str,
    text: str | None,
    model: str | None,
    told: Callable[[str, int | None], None],
) -> dict[str, Any]:
    """Upload, submit, follow the stream, fetch the result."""
    body = {"image_url": upload(client, content, kind, "scan"), "user_input": text, "model": model}
    accepted = client.post(
        "/api/v1/scan",
        {key: value for key, value in body.items() if value is not None},
        {"Idempotency-Key": str(uuid.uuid4())},
    )
    try:
        for event, data in client.events(accepted["stream_url"]):
            if event != "keepalive":
                told(event, data.get("progress"))
        return result(client, accepted["result_url"])
    except KeyboardInterrupt:
        raise LeftAlone(accepted["job_id"]) from None


def upload(client: Client, content: bytes, kind: str, channel: str) -> str:
    """Upload a photo for the scan or the chat; its address."""
    name = f"photo.{kind.partition('/')[2]}"
    place = client.post(f"/api/v1/images/{channel}", {"filename": name, "content_type": kind})
    client.put(place["upload_url"], content, kind)
    return str(place["cdn_url"])


def result(client: Client, path: str) -> dict[str, Any]:
    """The result of a job, once it is there: with `done` it is; after an error it may take a moment."""
    for _ in range(POLLS):
        status, body = client.get(path)
        if status == 200 and isinstance(body, dict):
            return body
        if status != 202:
            raise CliError(say("the result answered {status}", status=status))
        time.sleep(0.5)  # what the contract's Retry-After allows a person's terminal to undercut
    raise CliError(say("the job does not end"), say("look at: eco2 jobs, eco2 dead-letters list"))
