"""Which functions exist: one folder with a func.py each, below a domain's folder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from functions.runtime.declaration import EventFunction, Function, HttpFunction
from functions.runtime.ledger import Quarantine

ROOT = Path(__file__).resolve().parents[1]


@cache
def folders() -> dict[str, Path]:
    """Function name → folder, without importing anything."""
    found = sorted(path.parent for path in ROOT.glob("*/*/func.py"))
    return {f"{folder.parent.name}-{folder.name}".replace("_", "-"): folder for folder in found}


class UnknownFunctionError(LookupError):
    """No function of that name."""


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


def routes() -> list[dict[str, Any]]:
    """The route table of the edge: method, path template, function, whether a login is needed, rate limit."""
    return [
        {
            "method": route.method,
            "path": route.path,
            "function": function.name,
            "auth": not function.public,
            "limit": function.rate_limit,
            "timeout_s": function.timeout_s + 5,
            "max_body": function.max_body,
            "streams": function.streams,
        }
        for function in load_all()
        if isinstance(function, HttpFunction)
        for route in function.routes
        if not route.everything
    ]


def wiring(functions_url: str) -> dict[str, Any]:
    """Triggers and schedules for a broker outside Kubernetes (`brokers.trigger` reads them).

    Every function is behind `functions_url` and told apart by its Host header. On a cluster the same comes from
    Trigger and PingSource objects.
    """
    triggers = [
        {
            "name": function.name,
            "filter": {"type": function.on.type},
            "subscriber": functions_url,
            "headers": {"host": function.name},
            "retry": function.retry,
            "backoff_delay_s": function.backoff_delay_s,
            "backoff_policy": function.backoff_policy,
            "timeout_s": function.timeout_s + 5,  # timeouts nest: the handler gives up before its broker does
            "in_flight": function.in_flight,
            "dead_letter_sink": functions_url,
            "dead_letter_headers": {"host": QUARANTINE},
        }
        for function in load_all()
        if isinstance(function, EventFunction) and function.on
    ]
    return {"triggers": triggers, "schedules": SCHEDULES}


def quarantine() -> type[Quarantine]:
    """Where this process keeps refused events; imported by the first of them."""
    found: type[Quarantine] = import_module("functions.ops.dead_letters").DeadLetters
    return found


QUARANTINE = "ops-quarantine"
SCHEDULES: list[dict[str, Any]] = [
    {
        "name": "sweep",
        "type": "eco2.ops.sweep.requested",
        "source": "/eco2/ops/clock",
        "every_s": 5,
        "data": {},
    },
    {
        "name": "redrive",
        "type": "eco2.ops.redrive.requested",
        "source": "/eco2/ops/clock",
        "every_s": 300,
        "data": {},
    },
]
TICKS = frozenset(schedule["type"] for schedule in SCHEDULES)
"""Event types that clocks emit."""
