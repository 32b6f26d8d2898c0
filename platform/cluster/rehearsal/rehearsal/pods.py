"""Pods' addresses by the plainest plugin that makes nodes ready, in Calico's place; and where pods may run."""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml
from localcluster.errors import ClusterError
from localcluster.waiting import wait_for

from rehearsal.inventory import HOSTS
from rehearsal.machine import MACHINES, Machine
from rehearsal.stage import Stage

PAUSE = "registry.k8s.io/pause:3.10.1"
_AI = {"eco2/pool": "worker-ai"}
_READY_S = 180.0


def run(stage: Stage) -> str:
    """Nodes are ready; a pool's taint keeps a pod away unless it tolerates it, then it runs there."""
    subnets = ranges(stage)
    for machine in MACHINES:
        others = {other.address: subnets[other.name] for other in MACHINES if other != machine}
        _join_pods(stage, machine, subnets[machine.name], others)
    stage.kubectl("wait", "--for=condition=Ready", "node", "--all", f"--timeout={_READY_S:.0f}s")
    _check_placement(stage)
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(pod("unwelcome", _AI, tolerated=False)))
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(pod("welcome", _AI, tolerated=True)))
    stage.kubectl("wait", "--for=condition=Ready", "pod/welcome", f"--timeout={_READY_S:.0f}s")
    wait_for("the scheduler's refusal", lambda: "untolerated taint" in _refusal(stage), 30, every_s=0.5)
    node = stage.kubectl("get", "pod", "welcome", "-o", "jsonpath={.spec.nodeName}")
    if node != "worker-ai-1":
        raise ClusterError(f"the pod runs on {node}")
    stage.kubectl("delete", "pod", "welcome", "unwelcome", "--grace-period=1")
    return f"{len(MACHINES)} nodes ready; a pod runs on {node}, one without toleration on none"


def undo(_: Stage) -> None:
    """What it made is on the machines, and goes with them."""


def plugins(subnet: str) -> str:
    """The network's configuration on a machine whose pods have addresses of `subnet`."""
    addresses = {"type": "host-local", "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}]}
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "rehearsal",
            "plugins": [
                {"type": "ptp", "ipMasq": False, "ipam": addresses},
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
    )


def pod(name: str, selector: dict[str, str], *, tolerated: bool) -> dict[str, object]:
    """A pod that does nothing, where `selector` says."""
    taints = [{"key": key, "value": value, "effect": "NoSchedule"} for key, value in selector.items()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "nodeSelector": selector,
            "tolerations": taints if tolerated else [],
            "containers": [{"name": "pause", "image": PAUSE}],
        },
    }


def ranges(stage: Stage) -> dict[str, str]:
    """Machine → the addresses of its pods."""
    nodes = json.loads(stage.kubectl("get", "node", "-o", "json"))["items"]
    return {each["metadata"]["name"]: each["spec"]["podCIDR"] for each in nodes}


def _join_pods(stage: Stage, machine: Machine, own: str, others: dict[str, str]) -> None:
    stage.ssh(
        machine,
        "sudo mkdir -p /etc/cni/net.d && sudo tee /etc/cni/net.d/10-rehearsal.conflist > /dev/null",
        stdin=plugins(own),
    )
    for address, subnet in others.items():
        stage.ssh(machine, f"sudo ip route replace {subnet} via {address}")


def _check_placement(stage: Stage) -> None:
    """Labels and taints are the pools', as Terraform told them. Raises ClusterError."""
    pools = yaml.safe_load(HOSTS.read_text())["all"]["children"]
    nodes = {
        each["metadata"]["name"]: each
        for each in json.loads(stage.kubectl("get", "node", "-o", "json"))["items"]
    }
    for machine in MACHINES:
        pool, node = pools[machine.pool.replace("-", "_")], nodes[machine.name]
        labels = pool["vars"]["eco2_labels"] | {
            "topology.kubernetes.io/zone": pool["hosts"][machine.name]["eco2_zone"]
        }
        taints = {taint(each) for each in node["spec"].get("taints", [])}
        if not labels.items() <= node["metadata"]["labels"].items() or taints != set(
            pool["vars"]["eco2_taints"]
        ):
            raise ClusterError(f"{machine.name} has labels {node['metadata']['labels']} and taints {taints}")


def taint(told: Mapping[str, str]) -> str:
    """A taint as the inventory writes it, `key[=value]:effect`."""
    value = f"={told['value']}" if told.get("value") else ""
    return f"{told['key']}{value}:{told['effect']}"


def _refusal(stage: Stage) -> str:
    path = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'
    return stage.kubectl("get", "pod", "unwelcome", "-o", path)
