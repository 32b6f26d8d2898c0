"""kubectl, against the cluster of this machine or the one that KUBECONFIG names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcluster import network
from localcluster.errors import ClusterError
from localcluster.paths import KUBECONFIG
from localcluster.programs import program
from localcluster.waiting import wait_for

_TIMEOUT_S = 300.0
_AT_ONCE = 4


def foreign() -> bool:
    """Whether another cluster than this machine's own is used."""
    return bool(os.environ.get("KUBECONFIG")) and os.environ["KUBECONFIG"] != str(KUBECONFIG)


def command(*arguments: str) -> list[str]:
    """The whole command line. Raises ClusterError when there is no kubectl for a foreign cluster."""
    if not foreign():
        return network.inside(str(program("kubectl")), f"--kubeconfig={KUBECONFIG}", *arguments)
    found = shutil.which("kubectl") or (str(program("kubectl")) if program("kubectl").exists() else None)
    if not found:
        raise ClusterError(
            "KUBECONFIG names a cluster, but there is no kubectl: https://kubernetes.io/docs/tasks/tools"
        )
    return [found, *arguments]


def run(*arguments: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
    """Its output. Raises ClusterError with what it complained about."""
    done = attempt(*arguments, stdin=stdin, timeout_s=timeout_s)
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments[:4])}: {done.stderr.strip()[-3000:]}")
    return done.stdout


def attempt(
    *arguments: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run it, whatever comes of it."""
    return subprocess.run(
        command(*arguments), input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def apply(objects: Iterable[Mapping[str, Any]], timeout_s: float = 60) -> None:
    """Server-side apply, with field validation: an unknown field is an error.

    A webhook that does not answer yet is asked again for `timeout_s`. Raises ClusterError.
    """
    wanted = list(objects)
    parts = [part for part in (wanted[start::_AT_ONCE] for start in range(_AT_ONCE)) if part]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # kubectl sends one object after the other
        list(pool.map(lambda part: _apply(part, timeout_s), parts))


def _apply(objects: Sequence[Mapping[str, Any]], timeout_s: float) -> None:
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    arguments = ("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-")

    def done() -> bool:
        result = attempt(*arguments, stdin=document)
        if result.returncode and "failed calling webhook" not in result.stderr:
            raise ClusterError(f"kubectl apply: {result.stderr.strip()[-3000:]}")
        return not result.returncode

    wait_for("Knative's webhooks", done, timeout_s, every_s=0.5)


def get(*arguments: str) -> Any:
    """`kubectl get … -o json`, parsed."""
    return json.loads(run("get", *arguments, "-o", "json"))
