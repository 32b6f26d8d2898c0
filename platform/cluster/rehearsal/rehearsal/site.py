"""Our playbooks, over ssh, from bare Debian to a cluster; and once more, which changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from checks import tools
from localcluster.errors import ClusterError

from rehearsal import network
from rehearsal.inventory import HOSTS, kubernetes
from rehearsal.machine import FIRST
from rehearsal.paths import CLUSTER, KUBECONFIG, STATE
from rehearsal.sources import URL
from rehearsal.stage import KEY, KNOWN_HOSTS, USER, Stage
from rehearsal.versions import pair

SETTINGS = STATE / "settings.json"
# Calico's operator and ArgoCD are fetched as manifests whose images are not to be had here.
SKIPPED = "network,argocd"
_TIMEOUT_S = 1200
_RECAP = re.compile(r"^(\S+)\s*: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
_NO_OOM_RIGHT = 1 << 24
"""CAP_SYS_RESOURCE, without which no process is made less likely to be killed than its parent."""


def run(stage: Stage) -> str:
    """`site.yaml` makes a cluster: containerd, kubeadm, a control plane, workers that join with their pools' taints."""
    SETTINGS.write_text(json.dumps(settings()))
    first = playbook(stage, "site.yaml", *arguments())
    KUBECONFIG.touch(mode=0o600)
    KUBECONFIG.write_text(stage.ssh(FIRST, "sudo cat /etc/kubernetes/admin.conf"))
    return f"changed {sum(first.values())} things on {len(first)} machines"


def undo(_: Stage) -> None:
    """What it made is on the machines, and goes with them."""


def arguments() -> tuple[str, ...]:
    """Of `site.yaml`: without what is skipped, at the version from which the upgrade is rehearsed."""
    return ("--skip-tags", SKIPPED, "-e", f"eco2_kubernetes={pair(kubernetes())[0]}")


def settings() -> dict[str, object]:
    """What differs from production: where things are fetched from, and what a machine within a machine may not do."""
    rights = re.search(r"^CapBnd:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert rights
    return {
        "machine_repository": f"{URL}/kubernetes",
        "machine_restricted_oom": not int(rights[1], 16) & _NO_OOM_RIGHT,
        # The disk is the whole machine's, and may be fuller than a node's.
        "control_plane_kubelet": {
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "imageGCHighThresholdPercent": 100,
            # One node stands for three of its pool, dispatchers and all.
            "maxPods": 200,
        },
        # The table of connections has one size for all namespaces.
        "control_plane_proxy": {"mode": "iptables", "conntrack": {"maxPerCore": 0, "min": 0}},
    }


def playbook(stage: Stage, name: str, *arguments: str) -> dict[str, int]:
    """Run a playbook; how many things it changed on each machine. Raises ClusterError with what failed."""
    stage.report(f"ansible-playbook {name}")
    command = network.inside(
        *(tools.installed("ansible-playbook"), "-i", str(HOSTS), "-e", f"@{SETTINGS}", name, *arguments)
    )
    log = STATE / "log" / f"{name}.log"
    with log.open("ab") as output:
        done = subprocess.run(
            command, cwd=CLUSTER / "ansible", env={**os.environ, **_environment()},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
    told = log.read_text(errors="replace")
    if done.returncode:
        raise ClusterError(f"{name} failed:\n" + told[-4000:])
    return changes(told)


def changes(told: str) -> dict[str, int]:
    """Machine → things changed, by the last recap of a playbook's output."""
    last = told.rpartition("PLAY RECAP")[2]
    return {host: int(changed) for host, changed, _, _ in _RECAP.findall(last)}


def _environment() -> Mapping[str, str]:
    return {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_TIMEOUT": "60",  # seconds; sudo takes more than the usual ten where the machines share busy cores
        "ANSIBLE_HOME": str(STATE / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(STATE / "ansible/tmp"),
        "ANSIBLE_REMOTE_USER": USER,
        "ANSIBLE_PRIVATE_KEY_FILE": str(KEY),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(STATE / "ssh"),
        "ANSIBLE_SSH_COMMON_ARGS": f"-F none -o UserKnownHostsFile={KNOWN_HOSTS}",
    }
