"""The part that every pod of ours has in common: image, rights, settings."""

from __future__ import annotations

from typing import Any

from schemas.func_yaml import SECRETS, SETTINGS

IMAGE = "eco2.local/functions:dev"
"""All functions are in one image; overlays name it by digest (kustomize `images`)."""
RESTRICTED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The pod security standard `restricted`, and a root file system that nothing writes to."""
ENVIRONMENT = [{"configMapRef": {"name": SETTINGS}}]


def secret(name: str, *, optional: bool = True) -> dict[str, Any]:
    """A variable from the key of its own name; what is not there and optional counts as not set."""
    key: dict[str, Any] = {"name": SECRETS, "key": name}
    return {"name": name, "valueFrom": {"secretKeyRef": key | ({"optional": True} if optional else {})}}
