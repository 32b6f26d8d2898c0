"""`eco2 functions`: what the declarations say."""

from __future__ import annotations

import click


@click.command()
def functions() -> None:
    """Every function: what triggers it, limits."""
    from rich.console import Console
    from rich.table import Column, Table

    from functions.runtime.declaration import EventFunction, HttpFunction
    from functions.runtime.registry import load_all

    table = Table(Column("function", no_wrap=True), "triggered by", "emits", "timeout", "in flight", "retry")
    for function in load_all():
        emits = limit = retry = ""
        if isinstance(function, HttpFunction):
            trigger = "\n".join(f"{route.method} {route.path}" for route in function.routes)
        elif isinstance(function, EventFunction):
            trigger = function.on.type if function.on else "any dead letter"
            emits = function.emits.type if function.emits else ""
            limit, retry = str(function.in_flight), str(function.retry)
        else:
            trigger = "always runs"
        timeout = f"{function.timeout_s:g} s" if function.timeout_s else ""
        table.add_row(function.name, trigger, emits, timeout, limit, retry)
    Console().print(table)
