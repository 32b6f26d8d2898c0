"""`eco2 functions`: lists the declared functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli import output
from cli.words import say

if TYPE_CHECKING:
    from functions.runtime.declaration import Function


NAMES = ("function", "triggered_by", "emits", "timeout", "in_flight", "retry")


@click.command()
@output.json_option
def functions(as_json: bool) -> None:
    """List every function with its trigger and limits."""
    from cli import tables
    from functions.runtime.registry import load_all

    if as_json:
        output.write([dict(zip(NAMES, _row(function), strict=True)) for function in load_all()])
        return
    columns = ("function", "triggered by", "emits", "timeout", "in flight", "retry")
    tables.show(columns, map(_row, load_all()), empty=say("no functions"))


def _row(function: Function) -> tuple[object, ...]:
    from functions.runtime.declaration import EventFunction, HttpFunction
    from functions.runtime.registry import QUARANTINE

    timeout = f"{function.timeout_s:g} s" if function.timeout_s else None
    if isinstance(function, HttpFunction):
        routes = "\n".join(f"{route.method} {route.path}" for route in function.routes)
        return function.name, routes, None, timeout, None, None
    if isinstance(function, EventFunction):
        sink = say("dead letters" if function.name == QUARANTINE else "every event")
        trigger = function.on.type if function.on else sink
        emits = function.emits.type if function.emits else None
        return function.name, trigger, emits, timeout, function.in_flight, function.retry
    return function.name, say("always runs"), None, timeout, None, None
