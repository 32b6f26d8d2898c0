"""PostgreSQL, Valkey and RabbitMQ beside the cluster, like managed services."""

from __future__ import annotations

from localcluster import backing
from localcluster.network import NODE, SERVICES

from rehearsal import beside, network
from rehearsal.machine import GENERAL, MACHINES
from rehearsal.pods import ranges
from rehearsal.stage import Stage


def run(stage: Stage) -> str:
    """Stores serve on the wire, where pods reach them; from there Services are reached through a node."""
    beside.make()
    stage.inside("ip", "address", "replace", f"{NODE}/32", "dev", network.BRIDGE)
    subnets = ranges(stage)
    for machine in MACHINES:
        stage.inside("ip", "route", "replace", subnets[machine.name], "via", machine.address)
    stage.inside("ip", "route", "replace", SERVICES, "via", GENERAL.address)
    backing.start()
    backing.ready()
    return f"PostgreSQL, Valkey and RabbitMQ at {NODE}"


def undo(_: Stage) -> None:
    """End them, and whatever else runs beside the machines; routes go with the wire."""
    beside.end()
