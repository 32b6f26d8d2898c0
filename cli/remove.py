"""`eco2 remove function`: takes a function away, with its tests, its own event type and its generated files."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import generated, output
from cli.errors import CliError
from cli.near import meant
from cli.words import say
from functions.runtime.declaration import EventFunction
from functions.runtime.registry import ROOT, UnknownFunctionError, folders, load, load_all

if TYPE_CHECKING:
    from eventing.catalogue import EventData
    from functions.runtime.declaration import Function


@click.group()
def remove() -> None:
    """Take something away."""


@remove.command()
@click.argument("name", metavar="FUNCTION")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@output.json_option
def function(name: str, yes: bool, as_json: bool) -> None:
    """Remove FUNCTION: its folder, its tests, its event type where nobody else knows it, its generated files."""
    root = ROOT.parent
    if not (root / "tests/functions/contract.py").exists():
        raise CliError(
            say("{root} is an installed package", root=root), say("remove it in a clone of the repository")
        )
    try:
        found = load(name.replace("/", "-").replace("_", "-"))
    except UnknownFunctionError:
        todo = meant(name, folders(), say("all of them: eco2 functions"))
        raise CliError(say("no function {wanted!r}", wanted=name), todo) from None
    others = [each for each in load_all() if each.name != found.name]
    folder = found.folder
    tests = root / "tests/functions" / folder.parent.name / f"test_{folder.name}.py"
    _refuse_what_others_need(found, others, root, (folder, tests))
    gone = [path for path in (folder, tests) if path.exists()]
    kept = _elsewhere(root, tuple(gone))
    unknown = [data for data in _types(found) if _only_here(data, others, kept)]
    told = [str(path.relative_to(root)) for path in gone] + [data.type for data in unknown]
    if not yes:
        click.confirm(say("remove {names}?", names=", ".join(told)), abort=True, err=True)
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for data in unknown:
        _remove_type(data, root)
    for domain in (folder.parent, tests.parent):
        _remove_if_empty(domain)
    generated.documents(root)
    generated.objects(root)
    output.write({"removed": told}) if as_json else click.echo(
        "\n".join(say("removed {path}", path=each) for each in told)
    )


def _types(found: Function) -> list[type[EventData]]:
    """The event types that the function takes or answers with."""
    known = (found.on, found.emits) if isinstance(found, EventFunction) else ()
    return [data for data in known if data and data.__module__.startswith("functions.")]


def _refuse_what_others_need(
    found: Function, others: list[Function], root: Path, gone: tuple[Path, ...]
) -> None:
    emits = found.emits if isinstance(found, EventFunction) else None
    events = [each for each in others if isinstance(each, EventFunction)]
    takers = [each.name for each in events if emits and each.on is emits]
    if emits and takers and not any(each.emits is emits for each in events):
        raise CliError(
            say(
                "{names} take {type}, which only {name} answers with",
                names=", ".join(takers),
                type=emits.type,
                name=found.name,
            ),
            say("let them take another event, or remove them first"),
        )
    module = ".".join(found.folder.relative_to(root).parts)
    for path, text in _elsewhere(root, gone):
        if re.search(rf"\b{re.escape(module)}\b", text):
            raise CliError(
                say("{path} uses {module}", path=path.relative_to(root), module=module),
                say("let it do without first"),
            )


def packages(root: Path) -> list[str]:
    """The packages of a clone, as pyproject.toml names them to import-linter."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    return list(settings["tool"]["importlinter"]["root_packages"])


def _elsewhere(root: Path, gone: tuple[Path, ...]) -> list[tuple[Path, str]]:
    """All code but what goes."""
    return [
        (path, path.read_text())
        for package in (*packages(root), "tests")
        for path in (root / package).rglob("*.py")
        if not any(path.is_relative_to(each) for each in gone)
    ]


def _only_here(data: type[EventData], others: list[Function], kept: list[tuple[Path, str]]) -> bool:
    """Whether nothing that stays has to do with the type: no function, and no line but its own class."""
    for each in others:
        if isinstance(each, EventFunction) and data in (each.on, each.emits, each.wakes_on):
            return False
    name = re.compile(rf"\b{data.__name__}\b|{re.escape(data.type)}\b")
    return all(not name.search(text) for text in _without(data, kept))


def _without(data: type[EventData], kept: list[tuple[Path, str]]) -> Iterator[str]:
    """The code, with the module of the type without its class."""
    own = Path(*data.__module__.split(".")).with_suffix(".py")
    for path, text in kept:
        yield _cut(text, data.__name__) if path.match(str(own)) else text


def _cut(text: str, name: str) -> str:
    """A module without the class of that name and the blank lines before it."""
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            first = node.lineno - 1
            while first and not lines[first - 1].strip():
                first -= 1
            return "".join([*lines[:first], *lines[node.end_lineno :]])
    return text


def _remove_type(data: type[EventData], root: Path) -> None:
    path = root / Path(*data.__module__.split(".")).with_suffix(".py")
    text = _cut(path.read_text(), data.__name__)
    if any(isinstance(node, (ast.ClassDef, ast.FunctionDef)) for node in ast.parse(text).body):
        path.write_text(text)
    else:
        path.unlink()  # it told of nothing else
    (root / "schemas/events" / f"{data.type}.json").unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    """A domain's folder in which nothing is left but that it is a package."""
    left = (
        {path.name for path in folder.iterdir() if path.name != "__pycache__"} if folder.is_dir() else {"-"}
    )
    if left <= {"__init__.py"} and not (folder / "__init__.py").read_text():
        shutil.rmtree(folder)
