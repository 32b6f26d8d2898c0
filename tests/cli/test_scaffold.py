"""The files of a new function, as text; that they work is shown by test_new.py in a copy of the code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cli.scaffold import Emitted, Name, class_name, event_class, on_event, on_http
from functions.runtime.declaration import Route
from functions.scan.events import Answered

NAME = Name("scan", "weigh_it")
FUNC, TEST = Path("functions/scan/weigh_it/func.py"), Path("tests/functions/scan/test_weigh_it.py")


def test_a_name_says_where_everything_is() -> None:
    assert (NAME.folder, NAME.test, NAME.function, NAME.type) == (
        FUNC.parent,
        TEST,
        "scan-weigh-it",
        "WeighIt",
    )


@pytest.mark.parametrize(
    ("emits", "declared", "answers"),
    [
        (None, "@event_function(on=Answered, timeout=15)", 'log.info("took %s", event.type)'),
        (
            Emitted("functions.scan.events", "ItemWeighed", carries=True),
            "@event_function(on=Answered, emits=ItemWeighed, timeout=15)",
            "return ItemWeighed(**dict(event))",
        ),
        (
            Emitted("functions.scan.other", "ItemWeighed", carries=False),
            "@event_function(on=Answered, emits=ItemWeighed, timeout=15)",
            "return ItemWeighed()",
        ),
    ],
)
def test_an_event_function_declares_what_it_takes_and_answers(
    emits: Emitted | None, declared: str, answers: str
) -> None:
    files = on_event(NAME, Answered, emits)
    assert set(files) == {FUNC, TEST}
    for text in files.values():
        ast.parse(text)
    assert declared in files[FUNC]
    assert answers in files[FUNC]
    assert ("import logging" in files[FUNC]) == ("log.info" in files[FUNC])
    assert 'name = "scan-weigh-it"' in files[TEST]


def test_an_endpoint_takes_the_parameters_of_its_path() -> None:
    files = on_http(NAME, Route.parse("GET /api/v1/things/{thing}/{part}"))
    for text in files.values():
        ast.parse(text)
    assert "async def weigh_it(thing: str, part: str, user: User) -> WeighIt:" in files[FUNC]
    assert '"GET", "/api/v1/things/thing-1/part-1", user="u1"' in files[TEST]
    assert '{"thing": "thing-1", "part": "part-1", "user_id": "u1"}' in files[TEST]


def test_a_new_type_has_a_class_named_after_it() -> None:
    assert class_name("eco2.scan.item.weighed") == "ItemWeighed"
    written = event_class("eco2.scan.item.weighed", "ItemWeighed", "Answered")
    assert "class ItemWeighed(Answered):" in written
    assert 'type: ClassVar[str] = "eco2.scan.item.weighed"' in written
