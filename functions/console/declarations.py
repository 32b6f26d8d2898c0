"""The flow of events as the functions declare it: what a page needs to draw it."""

from __future__ import annotations

from pydantic import BaseModel

from functions.runtime.declaration import EventFunction, Function, HttpFunction
from functions.runtime.registry import load_all


class DeclaredFunction(BaseModel):
    """One function: what triggers it, what it answers with, and what it is for."""

    name: str
    domain: str
    about: str
    on: str | None = None
    emits: str | None = None
    stage: str | None = None
    routes: list[str] = []


class Flow(BaseModel):
    """All functions, by name, and what each event type means."""

    functions: list[DeclaredFunction]
    events: dict[str, str]


def flow() -> Flow:
    """The flow of this release."""
    functions = load_all()
    takes = [f for f in functions if isinstance(f, EventFunction)]
    events = {event.type: _first_line(event.__doc__) for f in takes for event in (f.on, f.emits) if event}
    return Flow(functions=[_declared(f) for f in functions], events=events)


def _declared(function: Function) -> DeclaredFunction:
    about = _first_line(function.handler.__doc__)
    told = DeclaredFunction(name=function.name, domain=function.domain, about=about)
    match function:
        case EventFunction():
            told.on = function.on.type if function.on else None
            told.emits = function.emits.type if function.emits else None
            told.stage = function.stage
        case HttpFunction():
            told.routes = [f"{route.method} {route.path}" for route in function.routes]
        case _:
            pass
    return told


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
