"""The cluster that `make cluster-up` started, or the one that KUBECONFIG names; without one nothing here is collected.

`make cluster-test` runs these tests inside the cluster's network, where pods and tests reach each other.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from localcluster import backing, kubectl, network

from tests.cluster.records import Records

# They change what they find: only the commands that mean a cluster run them, never a KUBECONFIG that happens to be set.
collect_ignore_glob = [] if os.environ.get("ECO2_CLUSTER_TESTS") else ["test_*.py"]


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


@pytest.fixture(scope="session")
def records() -> Records:
    """The platform's database; skipped where it is not reached from here."""
    addresses = None if kubectl.foreign() else backing.Addresses.read()
    if addresses is None:
        pytest.skip("another cluster's database is not reached from here")
    return Records(addresses.database)


@pytest.fixture(autouse=True, scope="session")
def localhost() -> Iterator[None]:
    """Names below localhost are this machine (RFC 6761), though not every resolver knows."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolved)
        yield
