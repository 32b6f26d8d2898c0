"""`eco2 ask`: the knowledge by itself, without a platform, for people who check it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cli.words import say

if TYPE_CHECKING:
    from functions.scan.inquiry import Reply


OUTCOMES = {"hazard": "hazard", "named": "named", "asked": "asks back", "unknown": "unknown"}


@click.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--region", help="Where it is thrown away: a city's or district's name, or its code.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def ask(text: tuple[str, ...], region: str | None, as_json: bool) -> None:
    """Say how to throw away what TEXT names. With - read one text a line and print one JSON object a line."""
    from functions.scan.inquiry import ask as answer

    if text == ("-",):
        for line in sys.stdin:
            if question := line.strip():
                click.echo(json.dumps(answer(question, region).document(), ensure_ascii=False))
        return
    reply = answer(" ".join(text), region)
    if as_json:
        click.echo(json.dumps(reply.document(), ensure_ascii=False, indent=2))
    else:
        _show(reply)


def _show(reply: Reply) -> None:
    places = list(dict.fromkeys(filter(None, (reply.major, reply.middle, reply.minor))))
    click.secho(f"[{say(OUTCOMES[reply.outcome])}] {' › '.join(places)}", bold=True)
    click.echo(reply.answer)
    for number, step in enumerate(reply.steps, 1):
        click.echo(f"  {number}. {step}")
    for source in reply.sources:
        about = " ".join(filter(None, (source.get("date"), source.get("article"), source.get("url"))))
        click.secho(f"{say('Source')}: {source['title']} ({source['publisher']}) {about}", dim=True)
