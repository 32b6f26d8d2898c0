"""`eco2 send TYPE`: publishes one CloudEvent to the running platform's Broker."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path

import click

from cli import output
from cli.errors import CliError
from cli.near import meant
from cli.options import home_option, running
from cli.words import say

SOURCE = "/eco2/cli/send"


@click.command()
@click.argument("kind", metavar="TYPE")
@click.option("--data", default="{}", show_default=True, help="JSON, or @FILE, or - for standard input.")
@click.option("--subject", help="The job or thing it is about.")
@click.option("--id", "identity", help="Its id; default: a new one.")
@click.option("--unchecked", is_flag=True, help="Send it even if it breaks its type's schema.")
@click.option("--sink", envvar="K_SINK", metavar="URL", help="Ingress of a Broker elsewhere.")
@output.json_option
@home_option
def send(
    kind: str,
    data: str,
    subject: str | None,
    identity: str | None,
    unchecked: bool,
    sink: str | None,
    as_json: bool,
    home: Path,
) -> None:
    """Publish one CloudEvent of TYPE; see what becomes of it with: eco2 events --follow."""
    from eventing.cloudevent import CloudEvent
    from eventing.ids import SHARDS, shard_of
    from functions.runtime.registry import load_all

    content = _json(data)
    load_all()
    if not unchecked:
        _check(kind, content)
    event = CloudEvent(
        id=identity or str(uuid.uuid4()),
        source=SOURCE,
        type=kind,
        subject=subject,
        datacontenttype="application/json",
        extensions={"shard": str(shard_of(subject, SHARDS))} if subject else {},
        data=content.encode(),
    )
    _publish(sink or str(running(home)["sink"]), event)
    if as_json:
        output.write(event.attributes())
    else:
        click.echo(say("sent {type} {id}", type=event.type, id=event.id))


def _json(data: str) -> str:
    """The document that the option names. Raises CliError."""
    try:
        text = sys.stdin.read() if data == "-" else data
        text = Path(data[1:]).read_text() if data.startswith("@") else text
        json.loads(text)
    except (OSError, ValueError) as error:
        raise CliError(say("--data is no JSON: {error}", error=error)) from None
    return text


def _check(kind: str, content: str) -> None:
    from pydantic import ValidationError

    from eventing.catalogue import registered

    known = registered()
    if kind not in known:
        told = meant(kind, known, say("known: {names}", names=", ".join(known)))
        raise CliError(
            say("there is no event type {wanted}", wanted=kind),
            say("{told}; --unchecked sends it all the same", told=told),
        )
    try:
        known[kind].model_validate_json(content)
    except ValidationError as error:
        findings = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'data'}: {each['msg']}" for each in error.errors()
        )
        raise CliError(
            say("that is no {kind}: {findings}", kind=kind, findings=findings),
            say("--unchecked sends it all the same"),
        ) from None


def _publish(sink: str, event: object) -> None:
    from eventing.errors import PublishFailed
    from eventing.publisher import Publisher

    async def run() -> None:
        publisher = Publisher(sink)
        try:
            await publisher.publish(event)  # type: ignore[arg-type]
        finally:
            await publisher.close()

    try:
        asyncio.run(run())
    except PublishFailed as error:
        raise CliError(
            say("the broker did not take it: {error}", error=error), say("look at: eco2 status")
        ) from None
