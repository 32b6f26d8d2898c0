"""The cluster that `make cluster-up` started, or the one that KUBECONFIG names; without one nothing here is collected.

`make cluster-test` runs these tests inside the cluster's network, where pods and tests reach each other.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
from localcluster import kubectl, network

collect_ignore_glob = [] if os.environ.get("KUBECONFIG") else ["test_*.py"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The platform on its cluster."""

    url: str
    """Of the public API."""

    image: str
    """The functions' image, by digest."""

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout_s: float = 120) -> str:
        """Output of a kubectl command in namespace eco2. Raises ClusterError."""
        return kubectl.run("--namespace=eco2", *arguments, stdin=stdin, timeout_s=timeout_s)

    def get(self, *arguments: str) -> Any:
        """`kubectl get … -o json`, parsed."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The running cluster."""
    path = "{.spec.template.spec.containers[0].image}"
    image = kubectl.run("--namespace=eco2", "get", "ksvc", "scan-submit", "-o", f"jsonpath={path}")
    return Cluster(os.environ.get("ECO2_URL") or network.URL, image)
