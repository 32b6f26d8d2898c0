"""Generated files are what the code says, and say what their readers understand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from eventing.catalogue import registered
from functions.runtime.declaration import EventFunction
from functions.runtime.registry import load_all
from schemas import generate
from schemas.generate import ROOT, files


def test_generated_files_are_up_to_date() -> None:
    stale = [str(path) for path, text in files().items() if _read(path) != text]
    assert not stale, "run `make docs`"


def test_nothing_generated_is_left_behind() -> None:
    made = {str(path) for path in files()}
    there = {str(p.relative_to(ROOT)) for p in ROOT.glob("functions/*/*/func.yaml")}
    there |= {str(p.relative_to(ROOT)) for p in ROOT.glob("functions/*/*/pyproject.toml")}
    there |= {str(p.relative_to(ROOT)) for p in ROOT.glob("schemas/events/*.json")}
    assert there <= made


def test_every_type_of_the_catalogue_has_a_trigger() -> None:
    events = [f for f in load_all() if isinstance(f, EventFunction)]
    taken = {data.type for f in events for data in (f.on, f.wakes_on) if data}
    ours = {name for name, data in registered().items() if data.__module__.startswith("functions.")}
    assert ours - taken == set()
    emitted = {f.emits.type for f in events if f.emits}
    assert emitted - taken == set()


def test_files_are_written_where_they_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {Path("docs/a.md"): "a", Path("schemas/events/b.json"): "{}"}
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "files", lambda: wanted)
    generate.main()
    assert {path: (tmp_path / path).read_text() for path in wanted} == wanted


def test_schemas_are_schemas() -> None:
    for path in (ROOT / "schemas/events").glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


def _read(path: Path) -> str | None:
    whole = ROOT / path
    return whole.read_text() if whole.exists() else None
