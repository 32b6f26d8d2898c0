"""How long data is kept: each domain declares it for its tables in its `retention.py`, `ops-expire` acts on it.

A table that nobody declared fails a test, so that nothing only grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from functions.runtime.registry import ROOT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Expires:
    """Rows of `table` that go some days after `since`, a column that an index begins with, if they fulfil `only` (SQL).

    `days` is a number, or names the field of a settings class that holds it.
    """

    table: str
    what: str
    since: str
    days: int | tuple[type[DataclassInstance], str]
    only: str = "true"


@dataclass(frozen=True, slots=True)
class Stays:
    """A table, or objects of the store, that something else than a row's age bounds: `until` says what."""

    table: str
    what: str
    until: str


Retention = tuple[Expires | Stays, ...]


@cache
def declared() -> Retention:
    """The declarations of all domains, by table."""
    return tuple(sorted(_found(), key=lambda each: each.table))


def _found() -> Iterator[Expires | Stays]:
    for path in sorted(ROOT.glob("*/retention.py")):
        if path.parent.name != "runtime":
            yield from import_module(f"functions.{path.parent.name}.retention").RETENTION
