"""kubectl, against the cluster of this machine or the one that KUBECONFIG names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcluster import network
from localcluster.errors import ClusterError
from localcluster.paths import KUBECONFIG, STATE
from localcluster.programs import program
from localcluster.waiting import wait_for

_TIMEOUT_S = 300.0
_AT_ONCE = 4
# So long any complaint may pass: an API server that has just started does not know all kinds yet.
_SURE_S = 20.0
# Complaints of a cluster that is busy or still starting.
_PASSING = (
    *("failed calling webhook", "request timed out", "connection refused", "TLS handshake timeout"),
    *("no answer within", "the server is currently unable"),
)


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


def _environment() -> dict[str, str]:
    """kubectl's own cache lies with the cluster's state, so that it goes with it."""
    return {**os.environ, "KUBECACHEDIR": str(STATE / "kubectl")} if not foreign() else dict(os.environ)


def run(*arguments: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
    """Its output. Raises ClusterError with what it complained about."""
    done = attempt(*arguments, stdin=stdin, timeout_s=timeout_s)
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments[:4])}: {done.stderr.strip()[-3000:]}")
    return done.stdout


def attempt(
    *arguments: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run it, whatever comes of it; status 124 when it takes longer than `timeout_s`."""
    whole = command(*arguments)
    try:
        return subprocess.run(
            whole,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(whole, 124, "", f"no answer within {timeout_s:.0f} s")


def apply(objects: Iterable[Mapping[str, Any]], timeout_s: float = 180) -> None:
    """Server-side apply, with field validation: an unknown field is an error.

    What does not answer yet is asked again for `timeout_s`. Raises ClusterError.
    """
    wanted = list(objects)
    parts = [part for part in (wanted[start::_AT_ONCE] for start in range(_AT_ONCE)) if part]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # kubectl sends one object after the other
        list(pool.map(lambda part: _apply(part, timeout_s), parts))


def _apply(objects: Sequence[Mapping[str, Any]], timeout_s: float) -> None:
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    arguments = ("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-")

    began = time.monotonic()

    def done() -> bool:
        result = attempt(*arguments, stdin=document)
        passing = time.monotonic() - began < _SURE_S or any(sign in result.stderr for sign in _PASSING)
        if result.returncode and not passing:
            raise ClusterError(f"kubectl apply: {result.stderr.strip()[-3000:]}")
        return not result.returncode

    wait_for("the API server and Knative's webhooks", done, timeout_s, every_s=0.5)


def wait(condition: str, *arguments: str, timeout_s: float) -> None:
    """Wait for a condition of objects. Raises ClusterError.

    `kubectl wait` is called again when it fails, as it does for an object that has no conditions yet.
    """
    complaint = ""

    def done() -> bool:
        nonlocal complaint
        result = attempt("wait", f"--for=condition={condition}", "--timeout=30s", *arguments, timeout_s=60)
        complaint = result.stderr.strip()[-2000:]
        return not result.returncode

    try:
        wait_for(f"{condition} {' '.join(arguments[:3])}", done, timeout_s, every_s=0.3)
    except ClusterError as error:
        raise ClusterError(f"{error}: {complaint}") from None


def get(*arguments: str) -> Any:
    """`kubectl get … -o json`, parsed."""
    return json.loads(run("get", *arguments, "-o", "json"))
