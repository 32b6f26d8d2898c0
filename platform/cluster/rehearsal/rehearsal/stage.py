"""What every link of the chain works with: commands in the rehearsal's network, on its machines, to its cluster."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from localcluster.errors import ClusterError
from localcluster.programs import program

from rehearsal import network
from rehearsal.machine import Machine
from rehearsal.paths import KUBECONFIG, STATE

USER = "admin"
"""Whom Debian's cloud images let in."""
KEY = STATE / "ssh" / "id"
KNOWN_HOSTS = STATE / "ssh" / "known_hosts"
SSH_OPTIONS = (
    *("-F", "none", "-o", f"UserKnownHostsFile={KNOWN_HOSTS}", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
)
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Stage:
    """report: told what goes on, a line a time."""

    report: Callable[[str], None]

    def inside(self, *command: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
        """What a command in the rehearsal's network prints. Raises ClusterError with what it complained of."""
        return told(network.inside(*command), stdin, timeout_s)

    def ssh(self, machine: Machine, command: str, *, stdin: str | None = None, timeout_s: float = 60) -> str:
        """What a shell's command prints on a machine. Raises ClusterError."""
        whole = ("ssh", *SSH_OPTIONS, "-i", str(KEY), f"{USER}@{machine.address}", command)
        return self.inside(*whole, stdin=stdin, timeout_s=timeout_s)

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
        """What kubectl prints, as the cluster's administrator. Raises ClusterError."""
        whole = (str(program("kubectl")), f"--kubeconfig={KUBECONFIG}", *arguments)
        return self.inside(*whole, stdin=stdin, timeout_s=timeout_s)


def told(command: list[str], stdin: str | None = None, timeout_s: float = _TIMEOUT_S) -> str:
    """What a command prints. Raises ClusterError with the end of what it complained of."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
            env={**os.environ, "KUBECACHEDIR": str(STATE / "kubectl")},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{_short(command)}: no answer within {timeout_s:.0f} s") from None
    if done.returncode:
        raise ClusterError(f"{_short(command)}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def _short(command: list[str]) -> str:
    return " ".join(command[-4:])[:200]
