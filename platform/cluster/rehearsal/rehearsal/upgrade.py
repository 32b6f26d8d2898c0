"""The next version of Kubernetes, one node at a time."""

from __future__ import annotations

import json

from localcluster.errors import ClusterError

from rehearsal.inventory import kubernetes
from rehearsal.machine import MACHINES
from rehearsal.site import playbook
from rehearsal.stage import Stage
from rehearsal.versions import pair


def run(stage: Stage) -> str:
    """`upgrade.yaml` drains each node, raises its version and lets pods come again."""
    before, after = pair(kubernetes())
    playbook(stage, "upgrade.yaml", "-e", f"eco2_kubernetes={after}")
    nodes = json.loads(stage.kubectl("get", "node", "-o", "json"))["items"]
    found = {each["metadata"]["name"]: each["status"]["nodeInfo"]["kubeletVersion"] for each in nodes}
    cordoned = [each["metadata"]["name"] for each in nodes if each["spec"].get("unschedulable")]
    server = json.loads(stage.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    if found != {machine.name: f"v{after}" for machine in MACHINES} or server != f"v{after}" or cordoned:
        raise ClusterError(f"after the upgrade: server {server}, nodes {found}, cordoned {cordoned}")
    again = playbook(stage, "upgrade.yaml", "-e", f"eco2_kubernetes={after}")
    if any(again.values()):
        raise ClusterError(f"a second upgrade changed things: {again}")
    return f"from {before} to {after}, and again, which changes nothing"


def undo(_: Stage) -> None:
    """What it made is on the machines, and goes with them."""
