"""Files that `func` reads in a function's folder: func.yaml, and the pyproject.toml its build by source needs.

func.yaml has the fields of schemas/func.schema.json only, which are those that func documents.
"""

from __future__ import annotations

from typing import Any

import yaml

from functions.runtime.declaration import EventFunction, Function
from schemas.filters import filters
from schemas.secrets import code, secrets
from schemas.sizing import sizing

NAMESPACE = "eco2"
LABELS = {
    "app.kubernetes.io/part-of": "eco2",  # the SinkBinding gives K_SINK to what has it
    "app.kubernetes.io/component": "function",
    # Past the edge nobody would check who asks.
    "networking.knative.dev/visibility": "cluster-local",
}
ACCOUNT = "functions"
SETTINGS, SECRETS, KEYS = "eco2-settings", "eco2-secrets", "eco2-signing-keys"
VERIFYING_KEYS = "eco2-verifying-keys"
"""The public halves of the same keys."""
_ISSUES, _VERIFIES = "functions.auth.issuing", "functions.auth.keys"
"""The modules that need the private keys, and any."""
KEYS_PATH = "/etc/eco2/keys"


def func_yaml(function: Function) -> str:
    """The func.yaml of a function."""
    document: dict[str, Any] = {
        "specVersion": "0.36.0",
        "name": function.name,
        "namespace": NAMESPACE,
        "runtime": "python",
        # Events too: the functions read CloudEvents by themselves, so func shall give them the request as it came.
        "invoke": "http",
        "created": "2026-11-22T00:00:00Z",
        "build": {"builder": "pack"},
        "run": _run(function),
        "deploy": _deploy(function),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _run(function: Function) -> dict[str, Any]:
    given = [{"name": name, "value": f"{{{{ secret:{SECRETS}:{name} }}}}"} for name in secrets(function)]
    run: dict[str, Any] = {"envs": [{"value": f"{{{{ configMap:{SETTINGS} }}}}"}, *given]}
    if mounted := keys(function):
        run["volumes"] = [{"secret": mounted, "path": KEYS_PATH}]
    return run


def keys(function: Function) -> str:
    """The Secret with the keys of tokens that a function mounts: private ones only where tokens are issued."""
    modules = code(function)
    return KEYS if _ISSUES in modules else VERIFYING_KEYS if _VERIFIES in modules else ""


def _deploy(function: Function) -> dict[str, Any]:
    size = sizing(function)
    labels = {"app.kubernetes.io/name": function.name, **LABELS}
    deploy: dict[str, Any] = {
        "namespace": NAMESPACE,
        "labels": [{"key": key, "value": value} for key, value in labels.items()],
        "healthEndpoints": {"liveness": "/health/live", "readiness": "/health/ready"},
        "serviceAccountName": ACCOUNT,
        "options": {
            "scale": {
                "min": size.min_scale,
                "max": size.max_scale,
                "metric": "concurrency",
                "target": size.target,
            },
            "resources": {
                "requests": {"cpu": size.cpu, "memory": size.memory},
                "limits": {
                    "cpu": size.cpu_limit,
                    "memory": size.memory_limit,
                    "concurrency": size.concurrency,
                },
            },
        },
    }
    if isinstance(function, EventFunction) and function.on:
        deploy["subscriptions"] = [{"source": "default", "filters": each} for each in filters(function)]
    return deploy


# func installs the folder as the package `function`. `eco2`, the wheel with all that functions share, comes from
# where pip looks: an index, or the folder that PIP_FIND_LINKS names.
PYPROJECT = """\
[project]
name = "function"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["eco2"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
bypass-selection = true

[tool.hatch.build.targets.wheel.force-include]
"func.py" = "function/__init__.py"
"func.yaml" = "function/func.yaml"
"""
