"""Reading settings: types, files, emptiness, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from process.settings import Names, Secret, SettingsError, Url, read, setting


@dataclass(frozen=True, slots=True)
class Kitchen:
    """One field of each type."""

    label: str = setting("plain", "a text")
    key: Secret = setting(Secret(""), "a secret")
    open: bool = setting(True, "a switch")
    stoves: int = setting(2, "a number", least=1, most=4)
    heat: float = setting(0.5, "a fraction", most=1)
    cooks: Names = setting(("ann",), "several")
    helpers: Names = setting(("bob",), "several or none", may_be_empty=True)
    street: Url = setting("", "an address")


@dataclass(frozen=True, slots=True)
class Cellar:
    """Settings whose names begin alike."""

    prefix: ClassVar[str] = "CELLAR_"
    depth: int = setting(3, "a number")


def test_without_an_environment_the_defaults_hold() -> None:
    assert read(Kitchen, {}) == Kitchen()


def test_each_type_is_read() -> None:
    environ = {
        "ECO2_LABEL": " red ",
        "ECO2_OPEN": "No",
        "ECO2_STOVES": "4",
        "ECO2_HEAT": "0.25",
        "ECO2_COOKS": "cem, dan,,cem",
        "ECO2_STREET": "https://example.com/",
        "UNRELATED": "x",
    }
    found = read(Kitchen, environ)
    assert (found.label, found.open, found.stoves, found.heat) == ("red", False, 4, 0.25)
    assert (found.cooks, found.street) == (("cem", "dan"), "https://example.com")


def test_an_empty_value_is_the_default_unless_it_may_be_empty() -> None:
    names = ("LABEL", "OPEN", "STOVES", "COOKS", "HELPERS")
    found = read(Kitchen, {f"ECO2_{name}": "" for name in names})
    assert found == Kitchen(helpers=())


def test_a_prefix_begins_the_names_of_its_class() -> None:
    assert read(Cellar, {"ECO2_CELLAR_DEPTH": "7", "ECO2_DEPTH": "9"}) == Cellar(7)


def test_a_secret_comes_from_a_file_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hush\n")
    found = read(Kitchen, {"ECO2_KEY_FILE": str(tmp_path / "key")})
    assert found.key.get_secret_value() == "hush"
    assert "hush" not in repr(found)
    assert repr(Secret("")) != repr(found.key)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ECO2_KEY_FILE: can't read .*absent: No such file"):
        read(Kitchen, {"ECO2_KEY_FILE": str(tmp_path / "absent")})


def test_all_findings_come_at_once_with_where_to_look() -> None:
    environ = {"ECO2_OPEN": "maybe", "ECO2_STOVES": "5", "ECO2_HEAT": "warm", "ECO2_STREET": "ftp://x"}
    with pytest.raises(SettingsError) as raised:
        read(Kitchen, environ)
    assert raised.value.findings == [
        "ECO2_OPEN: expected true or false, not 'maybe'",
        "ECO2_STOVES: expected 1 to 4, not 5",
        "ECO2_HEAT: expected a number, not 'warm'",
        "ECO2_STREET: expected an http:// or https:// address",
    ]
    assert "docs/settings.md" in str(raised.value)


@pytest.mark.parametrize("text", ["nan", "inf", "-1"])
def test_numbers_outside_their_bounds_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected 0 to 1"):
        read(Kitchen, {"ECO2_HEAT": text})
