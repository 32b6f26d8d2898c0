"""`eco2 invoke FUNCTION`: calls one function of the running platform, by HTTP or with an event of its type."""

from __future__ import annotations

import asyncio
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.client import Client
from cli.errors import CliError
from cli.near import meant
from cli.options import address, home_option, running, url_option, user_option
from cli.words import say

if TYPE_CHECKING:
    from functions.runtime.declaration import EventFunction, Function, HttpFunction


@click.command()
@click.argument("name", metavar="FUNCTION")
@click.option("--data", help="JSON body or event data; @FILE and - as for `send`.")
@click.option(
    "--param", "-p", "given", multiple=True, metavar="NAME=VALUE", help="Of the path, else of the query."
)
@click.option("--subject", help="The event's subject.")
@output.json_option
@user_option
@url_option
@home_option
def invoke(
    name: str,
    data: str | None,
    given: tuple[str, ...],
    subject: str | None,
    as_json: bool,
    user: str,
    url: str | None,
    home: Path,
) -> None:
    """Call FUNCTION and print its answer: the body, or the event that it replies; with --json also the status."""
    from cli.send import _json
    from functions.runtime.declaration import EventFunction, HttpFunction
    from functions.runtime.registry import UnknownFunctionError, folders, load

    try:
        function: Function = load(name)
    except UnknownFunctionError:
        todo = meant(name, folders(), say("all of them: eco2 functions"))
        raise CliError(say("no function {wanted!r}", wanted=name), todo) from None
    content = _json(data) if data else None
    parameters = dict(each.partition("=")[::2] for each in given)
    match function:
        case HttpFunction():
            _call(function, content, parameters, user, address(url, home), as_json=as_json)
        case EventFunction():
            asyncio.run(
                _deliver(function, content or "{}", subject, str(running(home)["functions"]), as_json=as_json)
            )
        case _:
            raise CliError(
                say("{name} takes no calls: it runs all the time", name=name),
                say("see: eco2 logs {name}", name=name),
            )


def _call(
    function: HttpFunction,
    content: str | None,
    parameters: dict[str, str],
    user: str,
    url: str,
    *,
    as_json: bool,
) -> None:
    import json
    from urllib.parse import quote, urlencode

    route = function.routes[0]
    names = re.findall(r"{(\w+)}", route.path)
    if missing := [each for each in names if each not in parameters]:
        raise CliError(
            say(
                "{method} {path} needs {names}",
                method=route.method,
                path=route.path,
                names=", ".join(missing),
            ),
            say("give -p NAME=VALUE"),
        )
    path = re.sub(r"{(\w+)}", lambda found: quote(parameters.pop(found[1]), safe=""), route.path)
    if parameters:
        path += f"?{urlencode(parameters)}"
    client = Client(url)
    if not function.public:
        client.sign_in(user)
    status, body = client.ask(route.method, path, json.loads(content) if content else None)
    click.secho(f"{route.method} {path} {status}", err=True, fg="red" if status >= 400 else None)
    if as_json:
        output.write({"status": status, "body": body})
    elif body is not None:
        output.write(body)
    if status >= 400:
        raise SystemExit(1)


async def _deliver(
    function: EventFunction, content: str, subject: str | None, host: str, *, as_json: bool
) -> None:
    from eventing.cloudevent import CloudEvent, decode, is_cloudevent
    from eventing.errors import NoAnswer
    from eventing.sender import Sender

    if function.on is None:
        raise CliError(say("{name} takes any event", name=function.name), say("send it one with: eco2 send"))
    event = CloudEvent(
        id=str(uuid.uuid4()),
        source="/eco2/cli/invoke",
        type=function.on.type,
        subject=subject,
        datacontenttype="application/json",
        data=content.encode(),
    )
    headers, body = event.to_binary()
    sender = Sender(host, headers={"host": function.name, "prefer": "reply"})
    try:
        answer = await sender.post(headers, body, function.timeout_s + 5)
    except NoAnswer as error:
        raise CliError(
            say("{name} did not answer: {error}", name=function.name, error=error),
            say("look at: eco2 status"),
        ) from None
    finally:
        await sender.close()
    click.secho(f"{function.name} {answer.status}", err=True, fg="red" if answer.status >= 400 else None)
    text = answer.body.decode("utf-8", "replace")
    told: dict[str, Any] | None = None
    if is_cloudevent(answer.headers):
        reply = decode(answer.headers, answer.body)
        told = {**reply.attributes(), "data": reply.json()}
    if as_json:
        output.write({"status": answer.status, "reply": told, "text": "" if told else text})
    elif told:
        output.write(told)
    elif text:
        click.echo(text)
    if answer.status >= 400:
        raise SystemExit(1)
