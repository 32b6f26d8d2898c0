"""What every pod of ours has in common: image, rights, settings."""

from __future__ import annotations

from typing import Any

IMAGE = "eco2.local/functions:dev"
"""All functions are in one image; overlays name it by digest (kustomize `images`)."""
KEYS_FOLDER = "/etc/eco2/keys"
ACCOUNT = "functions"
RESTRICTED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The pod security standard `restricted`, and a root file system that nothing writes to."""
ENVIRONMENT = [
    {"configMapRef": {"name": "eco2-settings"}},
    {"secretRef": {"name": "eco2-secrets"}},
]
