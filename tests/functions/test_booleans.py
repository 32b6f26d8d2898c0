"""A boolean is no number: true is taken for 1 by no body of a function and by no event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from eventing.booleans import taken_for_numbers
from eventing.catalogue import EventData, InvalidEventData, from_event, registered
from eventing.cloudevent import CloudEvent
from functions.runtime import Resources, Unprocessable
from functions.runtime.binding import http_arguments, parameters
from functions.runtime.declaration import HttpFunction
from functions.runtime.registry import load_all
from tests.functions.examples import whole
from tests.functions.requests import request

Place = tuple[str | int, ...]


def bodies() -> Iterator[tuple[str, type[BaseModel]]]:
    for function in load_all():
        if isinstance(function, HttpFunction):
            for parameter in parameters(function.handler):
                if isinstance(parameter.type, type) and issubclass(parameter.type, BaseModel):
                    yield function.name, parameter.type


def numbers(document: Any, *above: str | int) -> list[Place]:
    """Where a document has numbers."""
    match document:
        case bool():
            return []
        case int() | float():
            return [above]
        case dict():
            return [place for name, each in document.items() for place in numbers(each, *above, name)]
        case list():
            return [place for name, each in enumerate(document) for place in numbers(each, *above, name)]
    return []


def changed(document: Any, place: Place, value: Any) -> Any:
    made = deepcopy(document)
    above = made
    for name in place[:-1]:
        above = above[name]
    above[place[-1]] = value
    return made


BODIES = {name: kind for name, kind in bodies() if numbers(whole(kind))}
EVENTS = {
    kind.type: kind
    for kind in registered().values()
    if kind.__module__.startswith("functions.") and numbers(whole(kind))
}


async def read(kind: type[BaseModel], document: Any) -> Any:
    async def takes(body: Any) -> None: ...

    takes.__annotations__["body"] = kind
    asked = request("POST", "/", {"content-type": "application/json"}, json.dumps(document).encode())
    asked.scope["path_params"] = {}
    return (await http_arguments(takes, asked, Resources({})))["body"]


@pytest.mark.parametrize("name", BODIES)
async def test_no_number_of_a_body_is_a_boolean(name: str) -> None:
    document = whole(BODIES[name])
    assert isinstance(await read(BODIES[name], document), BaseModel)
    for place in numbers(document):
        for value in (True, False):
            with pytest.raises(Unprocessable) as refused:
                await read(BODIES[name], changed(document, place, value))
            assert [found["loc"] for found in refused.value.errors] == [["body", *map(str, place)]]


@pytest.mark.parametrize("name", EVENTS)
def test_no_number_of_an_event_is_a_boolean(name: str) -> None:
    kind = EVENTS[name]

    def event(document: Any) -> CloudEvent:
        return CloudEvent("1", "/eco2/tests", name, data=json.dumps(document).encode())

    document = whole(kind)
    assert isinstance(from_event(kind, event(document)), EventData)
    for place in numbers(document):
        with pytest.raises(InvalidEventData) as refused:
            from_event(kind, event(changed(document, place, True)))
        assert list(refused.value.findings) == [".".join(map(str, place))]


def test_there_are_numbers_to_look_at() -> None:
    assert {"chat-send", "images-upload"} <= set(BODIES)
    assert {"eco2.scan.classified", "eco2.ops.event.quarantined"} <= set(EVENTS)


class Inner(BaseModel):
    count: int = 0
    flag: bool = False


class Anything(BaseModel):
    """Numbers and booleans wherever they may stand."""

    share: float = Field(0.0, alias="theShare")
    either: int | bool | None = None
    flags: dict[str, bool] = {}
    weights: dict[str, float] = {}
    several: tuple[Inner, ...] = ()
    inner: Inner | None = None


_INNER = st.fixed_dictionaries({}, optional={"count": st.integers() | st.booleans(), "flag": st.booleans()})
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "theShare": st.floats(0, 1) | st.booleans(),
        "either": st.integers() | st.booleans() | st.none(),
        "flags": st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2),
        "weights": st.dictionaries(st.text(max_size=3), st.integers() | st.booleans(), max_size=2),
        "several": st.lists(_INNER, max_size=3),
        "inner": _INNER | st.none(),
        "unknown": st.booleans(),
    },
)


@given(document=_DOCUMENTS)
def test_exactly_what_would_have_become_a_number_is_found(document: dict[str, Any]) -> None:
    wanted: list[tuple[str, ...]] = []
    if isinstance(document.get("theShare"), bool):
        wanted.append(("theShare",))
    weights = document.get("weights", {})
    wanted += [("weights", name) for name, each in weights.items() if isinstance(each, bool)]
    inner: dict[tuple[str, ...], dict[str, Any]] = {("inner",): document.get("inner") or {}}
    inner |= {("several", str(place)): each for place, each in enumerate(document.get("several", []))}
    wanted += [(*place, "count") for place, each in inner.items() if isinstance(each.get("count"), bool)]
    found = taken_for_numbers(document, Anything.model_validate(document))
    assert sorted(found) == sorted(wanted)
