"""The simulated model of the cluster: how long it takes, and what it was asked and paid for."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tests.cluster.conftest import Cluster

NAME = "simulated"
_DEPLOYMENT = "deployment/simulated-model"
_CALLS = "/api/v1/namespaces/eco2/services/simulated-model:http/proxy/calls?markers"


@contextlib.contextmanager
def latency(cluster: Cluster, vision_s: float) -> Iterator[None]:
    """It looks at a picture for so long. It is started anew for it, and so has been asked nothing yet."""
    try:
        _set(cluster, f"ECO2_SIMULATED_VISION_S={vision_s:g}")
        yield
    finally:
        _set(cluster, "ECO2_SIMULATED_VISION_S-")


def calls(cluster: Cluster) -> dict[str, Any]:
    """What `GET /calls?markers` of functions.providers.simulated says; a marker is `<job>:<stage>`."""
    report: dict[str, Any] = json.loads(cluster.kubectl("get", "--raw", _CALLS))
    return report


def _set(cluster: Cluster, variable: str) -> None:
    cluster.kubectl("set", "env", _DEPLOYMENT, variable)
    cluster.kubectl("rollout", "status", _DEPLOYMENT, "--timeout=120s", timeout_s=130)
