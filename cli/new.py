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
from cli.words import word
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
        raise CliError(f"{root} is an installed package", "scaffold in a clone of the repository")
    if bool(on) == bool(http):
        raise CliError("say what triggers it", "--on TYPE or --http 'METHOD /path', one of them")
    if emits and not on:
        raise CliError("--emits is for what events trigger", "add --on TYPE")
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
        raise CliError(f"{text!r} is no name", "it reads domain/name, small letters, with _ between words")
    name = Name(matched[1], matched[2])
    if name.domain in TAKEN:
        raise CliError(f"functions/{name.domain} is {TAKEN[name.domain]}", "choose a domain: scan, users, …")
    if keyword.iskeyword(name.name) or name.name in ("new", "user", "event", "log"):
        raise CliError(f"a handler can't be called {name.name}", "choose another name")
    if len(name.function) > LONGEST:
        raise CliError(f"{name.function} is longer than {LONGEST} characters", "choose a shorter name")
    for path in (name.folder, name.folder.with_suffix(".py"), name.test):
        if (root / path).exists():
            raise CliError(f"{path} is there already", "choose another name")
    if name.function in folders():
        raise CliError(f"there is a function {name.function} already", "choose another name")
    return name


def _route(text: str) -> Route:
    try:
        route = Route.parse(text)
    except ValueError as error:
        raise CliError(str(error)) from None
    path = re.fullmatch(r"/api/v1(/[a-z0-9-]+|/{[a-z][a-z0-9_]*})+", route.path)
    if route.method not in METHODS or not path:
        raise CliError(f"{text!r} is no route of ours", "it reads like 'GET /api/v1/things/{thing_id}'")
    parameters = re.findall(r"{(\w+)}", route.path)
    if len(parameters) != len(set(parameters)) or {"user", *keyword.kwlist} & set(parameters):
        raise CliError(f"{route.path} has a parameter twice, or one that is taken", "rename it")
    example = re.sub(r"{\w+}", "{}", route.path)
    for other in load_all():
        for theirs in other.routes if isinstance(other, HttpFunction) else ():
            if theirs.method == route.method and re.sub(r"{\w+}", "{}", theirs.path) == example:
                raise CliError(f"{other.name} serves {theirs.method} {theirs.path}", "choose another route")
    return route


def _known(type_name: str) -> type[EventData]:
    types = _types()
    if type_name not in types:
        raise CliError(
            word("no_type", wanted=type_name), meant(type_name, types, f"there are: {', '.join(types)}")
        )
    return types[type_name]


def _types() -> dict[str, type[EventData]]:
    load_all()  # declares them
    return {name: data for name, data in registered().items() if data.__module__.startswith("functions.")}


def _emitted(name: Name, on: type[EventData], type_name: str, root: Path) -> Emitted:
    if type_name == on.type:
        raise CliError(
            f"a function that answers {type_name} with {type_name} never ends", "choose another type"
        )
    if known := _types().get(type_name):
        missing = [field for field, info in known.model_fields.items() if info.is_required()]
        missing = [field for field in missing if field not in on.model_fields]
        if missing:
            what = f"{type_name} needs {', '.join(missing)}, which {on.type} does not have"
            raise CliError(what, "name a new type, or write this function by hand")
        return Emitted(known.__module__, known.__qualname__, carries=bool(known.model_fields))
    if not re.fullmatch(rf"eco2\.{name.domain}(\.[a-z]+)+", type_name):
        wanted = f"eco2.{name.domain}.<subject>.<past participle>"
        raise CliError(f"{type_name} is no event type of {name.domain}", f"a new one reads {wanted}")
    module, path = f"functions.{name.domain}.events", root / f"functions/{name.domain}/events.py"
    here, declared = on.__module__ == module, class_name(type_name)
    text = path.read_text() if path.exists() else EVENTS.format(domain=name.domain)
    if re.search(rf"^class {declared}\b", text, re.M):
        raise CliError(f"{module} has a class {declared} already", "choose another type")
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
        click.echo(f"wrote {path}")
    steps = [
        f"write the handler:    {name.folder}/func.py",
        f"and what it promises: .venv/bin/pytest {name.test}",
        "after each change of its declaration: make docs manifests",
        f"deploy it:            {PAGE}",
        f"take it away again:   eco2 remove function {name.function}",
    ]
    if emits and emits not in {
        each.on.type for each in load_all() if isinstance(each, EventFunction) and each.on
    }:
        steps.insert(2, f"let something take {emits}: eco2 new function DOMAIN/NAME --on {emits}")
    click.echo("\nnext:")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


EVENTS = '''\
"""What {domain} tells the other domains."""

from __future__ import annotations

from typing import ClassVar

from eventing.catalogue import EventData
'''
