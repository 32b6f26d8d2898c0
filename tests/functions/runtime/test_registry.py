"""Which functions there are."""

from __future__ import annotations

import pytest

from functions.runtime.ledger import Quarantine
from functions.runtime.registry import (
    QUARANTINE,
    UnknownFunctionError,
    folders,
    load,
    load_all,
    quarantine,
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


def test_refused_events_have_a_place() -> None:
    assert QUARANTINE in folders()
    assert issubclass(quarantine(), Quarantine)
