"""Knative Services, changed while they are used.

What is changed and what is read of the status are typed. A whole Service can't be read into its model: that checks
the pattern of a quantity (`cpu: "1"`) on numbers, too, and fails.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from cloudcoil.models.knative_serving.serving.v1 import ServiceSpec, ServiceStatus, Traffic

from tests.cluster.conftest import Cluster

WITHIN_S = 180
_ENV = "/spec/template/spec/containers/0/env"


def status(cluster: Cluster, name: str) -> ServiceStatus:
    """As it is reported now."""
    return ServiceStatus.model_validate(cluster.get("ksvc", name)["status"])


def latest(cluster: Cluster, name: str) -> str:
    """Name of the latest revision that is ready."""
    revision = status(cluster, name).latest_ready_revision_name
    assert revision, f"{name} has no revision that is ready"
    return revision


def annotate(cluster: Cluster, name: str, annotation: str, value: str | None) -> None:
    """Of the template, so that there is a new revision; None removes it."""
    _merge(cluster, name, {"template": {"metadata": {"annotations": {annotation: value}}}})


def set_variable(cluster: Cluster, name: str, variable: str, value: str | None) -> None:
    """In the function's environment, where it wins over settings, beside what a SinkBinding put there."""
    container = cluster.get("ksvc", name)["spec"]["template"]["spec"]["containers"][0]
    kept = [each for each in container.get("env", []) if each["name"] != variable]
    kept += [{"name": variable, "value": value}] if value is not None else []
    _patch(cluster, name, [{"op": "add", "path": _ENV, "value": kept}])


def split(cluster: Cluster, name: str, traffic: Sequence[Traffic] | None) -> None:
    """Send requests to these revisions; None: all to the latest, as a Service does by itself."""
    spec = ServiceSpec(traffic=list(traffic) if traffic else None)
    _merge(cluster, name, spec.model_dump(mode="json", by_alias=True, exclude_none=True) or {"traffic": None})


async def ready(cluster: Cluster, name: str, before: str) -> str:
    """Wait for a revision that comes after `before`; its name. Raises AssertionError."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = await asyncio.to_thread(_settled, cluster, name)
        if found not in (None, before):
            return str(found)
        assert time.monotonic() < deadline, f"{name} has no revision after {before}: {status(cluster, name)}"
        await asyncio.sleep(0.5)


async def settled(cluster: Cluster, name: str) -> None:
    """Wait until the Service is as its specification says. Raises AssertionError."""
    await ready(cluster, name, "")


def _settled(cluster: Cluster, name: str) -> str | None:
    service = cluster.get("ksvc", name)
    found = ServiceStatus.model_validate(service["status"])
    conditions = {each.type: each.status for each in found.conditions or []}
    current = found.observed_generation == service["metadata"]["generation"]
    done = found.latest_created_revision_name == found.latest_ready_revision_name
    return (
        found.latest_ready_revision_name if current and done and conditions.get("Ready") == "True" else None
    )


def _merge(cluster: Cluster, name: str, spec: dict[str, Any]) -> None:
    cluster.kubectl("patch", "ksvc", name, "--type=merge", "-p", json.dumps({"spec": spec}))


def _patch(cluster: Cluster, name: str, operations: list[dict[str, Any]]) -> None:
    cluster.kubectl("patch", "ksvc", name, "--type=json", "-p", json.dumps(operations))
