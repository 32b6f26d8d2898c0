"""Terraform's inventory of the whole cluster becomes that of the machines which are rehearsed."""

from __future__ import annotations

import yaml
from checks.terraform import Workspace

from rehearsal.machine import FIRST, MACHINES, Machine
from rehearsal.paths import STATE
from rehearsal.stage import Stage

HOSTS = STATE / "hosts.yaml"


def run(stage: Stage) -> str:
    """`tofu apply` tells Ansible's inventory."""
    stage.report("tofu apply, against the provider that knows AWS's schema")
    with Workspace.made() as workspace:
        whole = workspace.hosts()
    HOSTS.write_text(cut(whole, MACHINES))
    count = sum(len(pool["hosts"]) for pool in yaml.safe_load(whole)["all"]["children"].values())
    return f"{count} nodes told by Terraform, {len(MACHINES)} of them rehearsed"


def undo(_: Stage) -> None:
    """Nothing but a file, which goes with the rest."""


def kubernetes() -> str:
    """The version that Terraform told of."""
    return str(yaml.safe_load(HOSTS.read_text())["all"]["vars"]["eco2_kubernetes"])


def cut(told: str, machines: tuple[Machine, ...]) -> str:
    """The inventory with these machines alone, at their addresses; pools, labels, taints and versions stay as told.

    A machine that Terraform does not tell of is a KeyError.
    """
    whole = yaml.safe_load(told)["all"]
    pools = whole["children"]
    hosts = {machine: pools[machine.pool.replace("-", "_")]["hosts"][machine.name] for machine in machines}
    for pool in pools.values():
        pool["hosts"] = {}
    for machine, variables in hosts.items():
        place = pools[machine.pool.replace("-", "_")]["hosts"]
        place[machine.name] = variables | {"ansible_host": machine.address, "eco2_data_disk": ""}
    whole["vars"]["eco2_api_endpoint"] = f"{FIRST.address}:6443"
    return yaml.safe_dump({"all": whole}, sort_keys=False)
