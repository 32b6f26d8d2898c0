"""The registry of functions: one folder with a func.py each, below a domain's folder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from functions.runtime.declaration import Function
from functions.runtime.ledger import Quarantine

ROOT = Path(__file__).resolve().parents[1]
QUARANTINE = "ops-quarantine"
"""The function that every Trigger's dead letters go to."""


@cache
def folders() -> dict[str, Path]:
    """Function name → folder, without importing anything."""
    found = sorted(path.parent for path in ROOT.glob("*/*/func.py"))
    return {f"{folder.parent.name}-{folder.name}".replace("_", "-"): folder for folder in found}


class UnknownFunctionError(LookupError):
    """There is no function of that name."""


def load(name: str) -> Function:
    """Import one function's declaration. Raises UnknownFunctionError."""
    if name not in folders():
        raise UnknownFunctionError(f"no function {name!r}; there are: {', '.join(folders())}")
    folder = folders()[name]
    module = import_module(f"functions.{folder.parent.name}.{folder.name}.func")
    declared = next(
        value.declaration
        for value in vars(module).values()
        if getattr(getattr(value, "declaration", None), "folder", None) == folder
    )
    assert isinstance(declared, Function)
    return declared


@cache
def load_all() -> tuple[Function, ...]:
    """Every function's declaration, by name."""
    return tuple(load(name) for name in folders())


def quarantine() -> type[Quarantine]:
    """The quarantine in which this process keeps refused events; imported by the first of them."""
    found: type[Quarantine] = import_module("functions.ops.dead_letters").DeadLetters
    return found
