"""`eco2 new function`: writes a folder with a function that works, its test, and every generated file."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import click

from cli import generated, output
from cli.errors import CliError
from cli.near import meant
from cli.scaffold import Emitted, Name, class_name, event_class, on_event, on_http
from cli.words import say
from eventing.catalogue import EventData, registered
from functions.runtime.declaration import EventFunction, HttpFunction, Route
from functions.runtime.registry import ROOT, folders, load_all

PAGE = "docs/deploy-a-function.md"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST = 40  # Knative adds to it in the names of Revisions and Triggers, which end at 63
TAKEN = {"runtime": "what functions stand on", "providers": "the models"}


@click.group()
def new() -> None:
    """Write the beginnings of something new."""


@new.command()
@click.argument("name", metavar="DOMAIN/NAME")
@click.option("--on", metavar="TYPE", help="Event type that triggers it.")
@click.option("--http", metavar='"METHOD /path"', help="Method and path it is called at.")
@click.option("--emits", metavar="TYPE", help="Event type it answers with; a new one is declared.")
@output.json_option
def function(name: str, on: str | None, http: str | None, emits: str | None, as_json: bool) -> None:
    """Write a function in a folder of its own: handler, func.yaml, test."""
    root = ROOT.parent
    if not (root / "tests/functions/contract.py").exists():
        raise CliError(
            say("{root} is an installed package", root=root), say("scaffold in a clone of the repository")
        )
    if bool(on) == bool(http):
        raise CliError(say("say what triggers it"), say("--on TYPE or --http 'METHOD /path', one of them"))
    if emits and not on:
        raise CliError(say("--emits is for what events trigger"), say("add --on TYPE"))
    named = _name(name, root)
    if http:
        files = on_http(named, _route(http))
    else:
        trigger = _known(str(on))
        files = on_event(named, trigger, _emitted(named, trigger, emits, root) if emits else None)
    _write(root, named, files)
    generated.documents(root)
    written = [str(path) for path in (*files, named.folder / "func.yaml")]
    if as_json:
        output.write({"function": named.function, "written": written})
    else:
        _next(named, written, emits)


def _name(text: str, root: Path) -> Name:
    matched = re.fullmatch(r"([a-z]+)/([a-z][a-z0-9]*(?:_[a-z0-9]+)*)", text)
    if not matched:
        raise CliError(
            say("{text!r} is no name", text=text),
            say("it reads domain/name, small letters, with _ between words"),
        )
    name = Name(matched[1], matched[2])
    if name.domain in TAKEN:
        raise CliError(
            say("functions/{domain} is taken: {what}", domain=name.domain, what=say(TAKEN[name.domain])),
            say("choose a domain: scan, users, …"),
        )
    if keyword.iskeyword(name.name) or name.name in ("new", "user", "event", "log"):
        raise CliError(say("a handler can't be called {name}", name=name.name), say("choose another name"))
    if len(name.function) > LONGEST:
        raise CliError(
            say("{function} is longer than {count} characters", function=name.function, count=LONGEST),
            say("choose a shorter name"),
        )
    for path in (name.folder, name.folder.with_suffix(".py"), name.test):
        if (root / path).exists():
            raise CliError(say("{path} is there already", path=path), say("choose another name"))
    if name.function in folders():
        raise CliError(
            say("there is a function {function} already", function=name.function), say("choose another name")
        )
    return name


def _route(text: str) -> Route:
    try:
        route = Route.parse(text)
    except ValueError as error:
        raise CliError(str(error)) from None
    path = re.fullmatch(r"/api/v1(/[a-z0-9-]+|/{[a-z][a-z0-9_]*})+", route.path)
    if route.method not in METHODS or not path:
        raise CliError(
            say("{text!r} is no route of ours", text=text),
            say("it reads like 'GET /api/v1/things/{{thing_id}}'"),
        )
    parameters = re.findall(r"{(\w+)}", route.path)
    if len(parameters) != len(set(parameters)) or {"user", *keyword.kwlist} & set(parameters):
        raise CliError(
            say("{path} has a parameter twice, or one that is taken", path=route.path), say("rename it")
        )
    example = re.sub(r"{\w+}", "{}", route.path)
    for other in load_all():
        for theirs in other.routes if isinstance(other, HttpFunction) else ():
            if theirs.method == route.method and re.sub(r"{\w+}", "{}", theirs.path) == example:
                raise CliError(
                    say(
                        "{name} serves {method} {path}",
                        name=other.name,
                        method=theirs.method,
                        path=theirs.path,
                    ),
                    say("choose another route"),
                )
    return route


def _known(type_name: str) -> type[EventData]:
    types = _types()
    if type_name not in types:
        raise CliError(
            say("there is no event type {wanted}", wanted=type_name),
            meant(type_name, types, say("there are: {names}", names=", ".join(types))),
        )
    return types[type_name]


def _types() -> dict[str, type[EventData]]:
    load_all()  # declares them
    return {name: data for name, data in registered().items() if data.__module__.startswith("functions.")}


def _emitted(name: Name, on: type[EventData], type_name: str, root: Path) -> Emitted:
    if type_name == on.type:
        raise CliError(
            say("a function that answers {type_name} with {type_name} never ends", type_name=type_name),
            say("choose another type"),
        )
    if known := _types().get(type_name):
        missing = [field for field, info in known.model_fields.items() if info.is_required()]
        missing = [field for field in missing if field not in on.model_fields]
        if missing:
            what = say(
                "{wanted} needs {names}, which {given} does not have",
                wanted=type_name,
                names=", ".join(missing),
                given=on.type,
            )
            raise CliError(what, say("name a new type, or write this function by hand"))
        return Emitted(known.__module__, known.__qualname__, carries=bool(known.model_fields))
    if not re.fullmatch(rf"eco2\.{name.domain}(\.[a-z]+)+", type_name):
        wanted = f"eco2.{name.domain}.<subject>.<past participle>"
        raise CliError(
            say("{type_name} is no event type of {domain}", type_name=type_name, domain=name.domain),
            say("a new one reads {wanted}", wanted=wanted),
        )
    module, path = f"functions.{name.domain}.events", root / f"functions/{name.domain}/events.py"
    here, declared = on.__module__ == module, class_name(type_name)
    text = path.read_text() if path.exists() else EVENTS.format(domain=name.domain)
    if re.search(rf"^class {declared}\b", text, re.M):
        raise CliError(
            say("{module} has a class {declared} already", module=module, declared=declared),
            say("choose another type"),
        )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + event_class(type_name, declared, on.__qualname__ if here else "EventData"))
    return Emitted(module, declared, carries=here and bool(on.model_fields))


def _write(root: Path, name: Name, files: dict[Path, str]) -> None:
    for folder in (name.folder.parent, name.folder, name.test.parent):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "__init__.py").touch()
    for path, text in files.items():
        (root / path).write_text(text)


def _next(name: Name, written: list[str], emits: str | None) -> None:
    for path in written:
        click.echo(say("wrote {path}", path=path))
    steps = [
        say("write the handler: {path}", path=name.folder / "func.py"),
        say("and what it promises: {command}", command=f".venv/bin/pytest {name.test}"),
        say("after each change of its declaration: {command}", command="make docs manifests"),
        say("deploy it: {path}", path=PAGE),
        say("take it away again: {command}", command=f"eco2 remove function {name.function}"),
    ]
    if emits and emits not in {
        each.on.type for each in load_all() if isinstance(each, EventFunction) and each.on
    }:
        command = f"eco2 new function DOMAIN/NAME --on {emits}"
        steps.insert(2, say("let something take {type}: {command}", type=emits, command=command))
    click.echo(say("\nnext:"))
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


EVENTS = '''\
"""What {domain} tells the other domains."""

from __future__ import annotations

from typing import ClassVar

from eventing.catalogue import EventData
'''
