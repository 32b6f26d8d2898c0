"""Generated files are what the code says, and say what their readers understand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from eventing.catalogue import registered
from functions.runtime.declaration import EventFunction, Function
from functions.runtime.registry import load_all, wiring
from schemas.generate import ROOT, files

# What `func` documents for func.yaml, as far as it concerns us; anything else it would refuse.
KNOWN: dict[str, Any] = {
    "specVersion": str,
    "name": str,
    "namespace": str,
    "runtime": str,
    "image": str,
    "registry": str,
    "created": str,
    "invoke": str,
    "build": {"builder": str, "builderImages": dict, "buildpacks": list, "buildEnvs": list},
    "run": {"envs": list, "volumes": list, "startTimeout": str},
    "deploy": {
        "namespace": str,
        "image": str,
        "annotations": dict,
        "labels": list,
        "healthEndpoints": {"liveness": str, "readiness": str},
        "serviceAccountName": str,
        "options": {
            "scale": {"min": int, "max": int, "metric": str, "target": int, "utilization": int},
            "resources": {
                "requests": {"cpu": str, "memory": str},
                "limits": {"cpu": str, "memory": str, "concurrency": int},
            },
        },
        "subscriptions": list,
    },
}


def test_generated_files_are_up_to_date() -> None:
    stale = [str(path) for path, text in files().items() if _read(path) != text]
    assert not stale, "run `make docs`"


def test_nothing_generated_is_left_behind() -> None:
    made = {str(path) for path in files()}
    there = {str(p.relative_to(ROOT)) for p in ROOT.glob("functions/*/*/func.yaml")}
    there |= {str(p.relative_to(ROOT)) for p in ROOT.glob("schemas/events/*.json")}
    assert there <= made


@pytest.mark.parametrize("function", load_all(), ids=lambda f: f.name)
def test_func_yaml_has_only_documented_fields(function: Function) -> None:
    document = yaml.safe_load((function.folder / "func.yaml").read_text())
    assert _unknown(document, KNOWN) == []
    assert document["name"] == function.name
    assert document["invoke"] in {"http", "cloudevent"}
    assert document["deploy"]["options"]["scale"]["metric"] in {"concurrency", "rps"}


def test_every_type_of_the_catalogue_has_a_trigger() -> None:
    taken = {f.on.type for f in load_all() if isinstance(f, EventFunction) and f.on}
    ours = {name for name, data in registered().items() if data.__module__.startswith("functions.")}
    assert ours - taken == set()
    emitted = {f.emits.type for f in load_all() if isinstance(f, EventFunction) and f.emits}
    assert emitted - taken == set()


def test_schemas_are_schemas() -> None:
    for path in (ROOT / "schemas/events").glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


def test_timeouts_nest_from_the_inside_out() -> None:
    triggers = {trigger["name"]: trigger for trigger in wiring("http://localhost")["triggers"]}
    for function in load_all():
        if function.name in triggers:
            assert function.timeout_s < triggers[function.name]["timeout_s"]


def _read(path: Path) -> str | None:
    whole = ROOT / path
    return whole.read_text() if whole.exists() else None


def _unknown(document: dict[str, Any], known: dict[str, Any], at: str = "") -> list[str]:
    found = []
    for name, value in document.items():
        expected = known.get(name)
        if isinstance(expected, dict):
            found += _unknown(value, expected, f"{at}{name}.")
        elif expected is None or not isinstance(value, expected):
            found.append(f"{at}{name}")
    return found
