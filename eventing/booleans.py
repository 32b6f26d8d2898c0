"""Booleans of JSON where numbers are wanted: Python and pydantic take true for 1, a contract does not."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Number
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

REASON = "Input should be a number, not a boolean"


def taken_for_numbers(told: Any, made: BaseModel) -> list[tuple[str, ...]]:
    """Where the document `told` has a boolean and the data `made` of it a number.

    Not by pydantic's strict mode, which would also refuse numbers in texts.
    """
    return list(_taken(told, made.model_dump(by_alias=True))) if _any(told) else []


def _any(told: Any) -> bool:
    match told:
        case bool():
            return True
        case dict():
            return any(map(_any, told.values()))
        case list():
            return any(map(_any, told))
    return False


def _taken(told: Any, made: Any) -> Iterator[tuple[str, ...]]:
    match told, made:
        case bool(), bool():
            return
        case bool(), Number():
            yield ()
        case dict(), dict():
            for name in told.keys() & made.keys():
                yield from ((name, *where) for where in _taken(told[name], made[name]))
        case list(), list() | tuple():
            for place, (each, become) in enumerate(zip(told, made, strict=False)):
                yield from ((str(place), *where) for where in _taken(each, become))
