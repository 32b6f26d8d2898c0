"""Which functions there are."""

from __future__ import annotations

import pytest

from functions.runtime.declaration import HttpFunction
from functions.runtime.ledger import Quarantine
from functions.runtime.registry import (
    QUARANTINE,
    UnknownFunctionError,
    folders,
    load,
    load_all,
    quarantine,
    routes,
)


def test_a_function_is_named_by_its_folder() -> None:
    for name, folder in folders().items():
        function = load(name)
        assert (function.name, function.folder) == (name, folder)
        assert name == f"{folder.parent.name}-{folder.name}".replace("_", "-")
    assert [function.name for function in load_all()] == list(folders())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownFunctionError, match=r"no function 'scan-visoin'; there are: .*scan-vision"):
        load("scan-visoin")


def test_the_edge_gets_every_route_but_the_one_that_takes_everything() -> None:
    table = routes()
    declared = [
        (function.name, route.method, route.path)
        for function in load_all()
        if isinstance(function, HttpFunction)
        for route in function.routes
        if route.path != "/*"
    ]
    assert [(route.function, route.method, route.path) for route in table] == declared
    for route in table:
        function = load(route.function)
        assert isinstance(function, HttpFunction)
        assert route.timeout_s > function.timeout_s
        assert (route.auth, route.streams) == (not function.public, function.streams)
    assert "auth-authorize" not in {route.function for route in table}


def test_refused_events_have_a_place() -> None:
    assert QUARANTINE in folders()
    assert issubclass(quarantine(), Quarantine)
