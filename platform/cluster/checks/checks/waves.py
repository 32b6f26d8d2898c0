"""ArgoCD's health checks in Lua, run: what makes a wave wait for the one before."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from checks import tools

SETTINGS = Path(__file__).resolve().parents[2] / "argocd/bootstrap/argocd-cm.yaml"
_RUN = """
import json, sys, lupa
for script, object, status in json.load(sys.stdin):
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    check = lua.eval("function(obj) " + script + " end")
    found = check(lua.table_from(object, recursive=True))["status"]
    if found != status:
        sys.exit(f"{json.dumps(object)} is {found}, not {status}")
"""


def _application(health: str | None, sync: str | None) -> dict[str, Any]:
    return {
        "status": {"health": {"status": health} if health else {}, "sync": {"status": sync} if sync else {}}
    }


def _conditions(**states: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": name, "status": state} for name, state in states.items()]}}


def _of_generation(object: dict[str, Any], *, seen: int) -> dict[str, Any]:
    """An object that was changed once, and which change of it its controller has seen."""
    return {"metadata": {"generation": 2}, "status": {**object["status"], "observedGeneration": seen}}


_READY: list[tuple[dict[str, Any], str]] = [
    (_of_generation(_conditions(ConfigurationsReady="True", Ready="True"), seen=2), "Healthy"),
    (_of_generation(_conditions(ConfigurationsReady="True", Ready="True"), seen=1), "Progressing"),
    (_of_generation(_conditions(ConfigurationsReady="True", Ready="Unknown"), seen=2), "Progressing"),
    ({"metadata": {"generation": 1}}, "Progressing"),
]


def _unready(means: str) -> tuple[dict[str, Any], str]:
    return _of_generation(_conditions(Ready="False"), seen=2), means


CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "argoproj.io_Application": [
        (_application("Healthy", "Synced"), "Healthy"),
        (_application("Healthy", "OutOfSync"), "Progressing"),  # healthy as it was before
        (_application("Progressing", "Synced"), "Progressing"),
        (_application("Degraded", "Synced"), "Degraded"),
        (_application(None, None), "Progressing"),
        ({}, "Progressing"),
    ],
    "apiextensions.k8s.io_CustomResourceDefinition": [
        (_conditions(NamesAccepted="True", Established="True"), "Healthy"),
        (_conditions(NamesAccepted="True", Established="False"), "Progressing"),
        (_conditions(NamesAccepted="False", Established="False"), "Degraded"),
        ({}, "Progressing"),
    ],
    "serving.knative.dev_Service": [*_READY, _unready("Degraded")],
    "eventing.knative.dev_Broker": [*_READY, _unready("Progressing")],  # its own pods are not there yet
    "eventing.knative.dev_Trigger": [*_READY, _unready("Progressing")],
    "rabbitmq.com_RabbitmqCluster": [
        (_conditions(AllReplicasReady="True"), "Healthy"),
        (_conditions(AllReplicasReady="False"), "Progressing"),
    ],
    "postgresql.cnpg.io_Cluster": [
        ({"status": {"phase": "Cluster in healthy state"}}, "Healthy"),
        ({"status": {"phase": "Setting up primary"}}, "Progressing"),
    ],
}


def health_is_what_waves_wait_for() -> None:
    """Applications are healthy when synced as well, Services, queues and databases when ready."""
    scripts = yaml.safe_load(SETTINGS.read_text())["data"]
    prefix = "resource.customizations.health."
    assert {name.removeprefix(prefix) for name in scripts if name.startswith(prefix)} == CASES.keys()
    cases = [
        (scripts[f"{prefix}{kind}"], object, status)
        for kind, each in CASES.items()
        for object, status in each
    ]
    subprocess.run(
        [tools.installed("python"), "-c", _RUN], input=json.dumps(cases),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
