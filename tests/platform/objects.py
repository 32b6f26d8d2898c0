"""All objects below platform/knative, read from the files as they are committed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

KNATIVE = Path(__file__).resolve().parents[2] / "platform/knative"
OVERLAYS = ("local", "dev", "prod")
Object = dict[str, Any]


@cache
def committed() -> dict[Path, list[Object]]:
    """File → its objects; patches are none."""
    read = {path: list(yaml.safe_load_all(path.read_text())) for path in sorted(KNATIVE.rglob("*.yaml"))}
    return {path: found for path, found in read.items() if all(isinstance(each, dict) for each in found)}


def of_kind(kind: str, group: str = "") -> list[Object]:
    """The base's objects of one kind."""
    return [
        each
        for path, found in committed().items()
        for each in found
        if path.is_relative_to(KNATIVE / "base") and each["kind"] == kind and group in each["apiVersion"]
    ]


def pod_specs() -> Iterator[tuple[str, Object]]:
    """Name and pod specification of whatever makes pods, wherever it is."""
    for path, found in committed().items():
        for each in found:
            template = (each.get("spec") or {}).get("template")
            if template and "spec" in template:
                yield f"{path.name}: {each['kind']} {each['metadata']['name']}", template["spec"]


def kustomizations() -> dict[Path, Object]:
    """Folder → its kustomization."""
    return {
        path.parent: yaml.safe_load(path.read_text()) for path in sorted(KNATIVE.rglob("kustomization.yaml"))
    }
