"""The list of all settings: every dataclass in a package's `settings.py`, found by folder as functions are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from process.settings import PREFIX, SettingsError, read, rows, with_files

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PACKAGES = ("process", "functions", "brokers", "embedded", "cli")
DEPTHS = ("", "*/", "*/*/")
ROOT = Path(__file__).resolve().parents[1]


@cache
def declared() -> tuple[type[DataclassInstance], ...]:
    """The settings dataclasses of all packages that are installed; a `settings.py` imports nothing heavy."""
    return tuple(kind for package in PACKAGES for kind in _of(package))


def check(environ: Mapping[str, str]) -> None:
    """Raises SettingsError with everything that is wrong: values of any package, and names that nothing reads."""
    resolved = with_files(environ)
    findings: list[str] = []
    known: set[str] = set()
    for kind in declared():
        known |= rows(kind).keys()
        try:
            read(kind, resolved)
        except SettingsError as error:
            findings += error.findings
    given = sorted(name for name in resolved if name.startswith(PREFIX))
    findings += [f"{name}: no such setting" for name in given if name not in known]
    if findings:
        raise SettingsError(list(dict.fromkeys(findings)))


def _of(package: str) -> Iterator[type[DataclassInstance]]:
    found = (path for depth in DEPTHS for path in (ROOT / package).glob(depth + "settings.py"))
    for path in sorted(found):
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for value in vars(module).values():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                yield from [value] if all("about" in each.metadata for each in fields(value)) else []
