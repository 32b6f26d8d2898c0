"""Pods of functions and of the broker: which there are, and how one of them dies."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.cluster.conftest import Cluster
from tests.scan_line import FUNCTIONS

SCAN = (
    "auth-authorize",
    "scan-result",
    "scan-submit",
    *FUNCTIONS,
)
"""What a scan goes through and is not there while nobody asks."""
_FUNCTION = "serving.knative.dev/service"
_EVERY_S = 1.0


def running(cluster: Cluster, label: str, namespace: str = "eco2") -> list[str]:
    """Names of the pods with this label that are ready and not on their way out, the oldest first."""
    found = cluster.get("pods", f"--namespace={namespace}", "-l", label)["items"]
    ready = [each for each in found if _ready(each)]
    return [each["metadata"]["name"] for each in sorted(ready, key=_since)]


def existing(cluster: Cluster, label: str) -> list[str]:
    """Names of the pods with this label, those included that start or stop."""
    return [each["metadata"]["name"] for each in cluster.get("pods", "-l", label)["items"]]


def of(cluster: Cluster, function: str) -> list[str]:
    """Running pods of a function."""
    return running(cluster, f"{_FUNCTION}={function}")


def count(cluster: Cluster, functions: Iterable[str]) -> Counter[str]:
    """Pods of each function, those included that start or stop."""
    wanted = set(functions)
    found = cluster.get("pods", "-l", _FUNCTION)["items"]
    return Counter(name for each in found if (name := each["metadata"]["labels"][_FUNCTION]) in wanted)


async def none(cluster: Cluster, functions: Iterable[str], within_s: float = 240) -> None:
    """Wait until these functions have no pods. Raises AssertionError."""
    deadline, names = time.monotonic() + within_s, tuple(functions)
    while left := await asyncio.to_thread(count, cluster, names):
        assert time.monotonic() < deadline, f"pods after {within_s:.0f} s: {dict(left)}"
        await asyncio.sleep(_EVERY_S)


async def most(cluster: Cluster, function: str, until: asyncio.Future[Any]) -> int:
    """The most pods that ran at once while `until` was not done."""
    found = 0
    while not until.done():
        found = max(found, len(await asyncio.to_thread(of, cluster, function)))
        await asyncio.wait([until], timeout=_EVERY_S)
    return found


def delete(cluster: Cluster, pod: str, namespace: str = "eco2") -> None:
    """As when its node is lost: nothing in it is told."""
    cluster.kubectl("delete", "pod", pod, f"--namespace={namespace}", "--grace-period=0", "--force")


def kill(pod: str, program: str) -> None:
    """SIGKILL to the process of the pod whose command line holds `program`. Raises AssertionError."""
    found = [pid for pid in _processes(program) if _variable(pid, "HOSTNAME") == pod]
    assert len(found) == 1, f"processes {program!r} in {pod}: {found}"
    os.kill(found[0], signal.SIGKILL)


def _processes(program: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:  # it has ended
            continue
        if program.encode() in line:
            found.append(int(path.parent.name))
    return found


def _variable(pid: int, name: str) -> str:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return next(
        (each.partition(b"=")[2].decode() for each in environment if each.startswith(f"{name}=".encode())), ""
    )


def _ready(pod: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _since(pod: dict[str, Any]) -> str:
    created: str = pod["metadata"]["creationTimestamp"]
    return created
