"""The secrets that a function is given: those that its code asks for, and no others.

Its code is its module with what that imports of the domains; stores also count that the runtime's modules which these
import ask for. Stores are asked for by calls of Resources; every other secret is a setting that names the module which
reads it (`read_by`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from functions.runtime.declaration import EventFunction, Function, HttpFunction
from process.declared import declared
from process.settings import rows

INSIDE = "ECO2_INSIDE_SECRET"
"""Functions that the edge calls ask for it; what Knative's dispatchers call can't be shown it."""
_DATABASE = "ECO2_DATABASE_URL"
_RUNTIME = "functions.runtime"
_LOGINS = "functions.runtime.following"
"""Reads what sign-in keeps."""


def secrets(function: Function) -> tuple[str, ...]:
    """Names of the settings, sorted."""
    modules = code(function)
    of_runtime = {each for module in modules for each in _imported(module) if each.startswith(_RUNTIME)}
    asked = {name for module in modules | of_runtime for name in _stores(module)}
    asked |= {name for name, reader in readers().items() if reader in modules}
    if _LOGINS in of_runtime:
        asked |= {_DATABASE, "ECO2_REDIS_AUTH_URL"}
    if isinstance(function, HttpFunction):
        asked.add(INSIDE)
    return tuple(sorted(asked))


@cache
def readers() -> dict[str, str]:
    """Secret → the module that reads it."""
    return {
        name: field.metadata["read_by"]
        for kind in declared()
        for name, field in rows(kind).items()
        if field.metadata["read_by"]
    }


def code(function: Function) -> frozenset[str]:
    """The modules of the domains that a function runs."""
    waiting = [function.handler.__module__]
    if isinstance(function, EventFunction) and function.ledger:
        waiting.append(function.ledger.__module__)
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found and module.startswith("functions.") and not module.startswith(_RUNTIME):
            found.add(module)
            waiting += _imported(module)
    return frozenset(found)


@cache
def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec
    assert spec.origin
    return ast.parse(Path(spec.origin).read_text())


@cache
def _imported(module: str) -> list[str]:
    return list(_imports(_tree(module)))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(package), names=names):
                if not package.startswith("functions"):
                    continue
                inner = (f"{package}.{each.name}" for each in names)
                yield from (package, *(each for each in inner if _is_module(each)))
            case _:
                yield from _imports(node)


@cache
def _is_module(name: str) -> bool:
    parent = find_spec(name.rpartition(".")[0])
    return bool(parent and parent.submodule_search_locations and find_spec(name))


@cache
def _stores(module: str) -> frozenset[str]:
    """The stores that a module asks Resources for."""
    found = set()
    for node in ast.walk(_tree(module)):
        match node:
            case ast.Call(func=ast.Attribute(attr="database" | "worker", value=holder), args=[]):
                found |= {_DATABASE} if _is_resources(holder) else set()
            case ast.Call(
                func=ast.Attribute(attr="redis", value=holder), args=[ast.Constant(value=str(role))]
            ):
                found |= {f"ECO2_REDIS_{role.upper()}_URL"} if _is_resources(holder) else set()
    return frozenset(found)


def _is_resources(holder: ast.expr) -> bool:
    name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
    return name in ("resources", "_resources")
