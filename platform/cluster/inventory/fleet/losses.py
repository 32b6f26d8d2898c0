"""What the loss of a node, or of a zone, stops.

Replicas of a part stand apart: the n-th on the n-th node of its pool, zones in turn. A part whose replicas fall below
what it needs stops; it is only paused where it moves to another node of its pool. Nothing goes on whose needed
replicas no longer fit into the memory of the nodes that are left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fleet.inventory import Inventory, Node, Part, Prices

SYSTEM_MIB = 700
"""Memory of a node that kubelet, container runtime, network agent and mesh take before any pod."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Losing `what`: the parts that only lose a replica, those away until they have moved, those that stop.

    `stops` and `pauses` say what stands still by that; `back_s` is the longest time until it is taken over.
    """

    what: str
    weaker: list[str]
    stops: list[str]
    pauses: list[str]
    back_s: int


def of_each_node(inventory: Inventory, prices: Prices) -> list[Loss]:
    """The loss of every node that always runs, one at a time."""
    return [_loss(inventory, prices, node.name, {node}) for node in inventory.nodes()]


def of_each_zone(inventory: Inventory, prices: Prices) -> list[Loss]:
    """The loss of every zone."""
    nodes = inventory.nodes()
    return [
        _loss(inventory, prices, f"zone {zone}", {node for node in nodes if node.zone == zone})
        for zone in inventory.zones
    ]


def _loss(inventory: Inventory, prices: Prices, what: str, gone: Collection[Node]) -> Loss:
    weaker: list[str] = []
    stopped: list[Part] = []
    paused: list[Part] = []
    back_s = 0
    for name, part in inventory.parts.items():
        pool = [node for node in inventory.nodes() if node.pool == part.pool]
        left = [node for node in pool if node not in gone]
        kept = sum(pool[number % len(pool)] not in gone for number in range(part.replicas))
        if kept == part.replicas and _fits(inventory, prices, part.pool, len(left)):
            continue
        if not _fits(inventory, prices, part.pool, len(left)) or (kept < part.needs and not part.moves):
            stopped.append(part)
        elif kept < part.needs:
            paused.append(part)
            back_s = max(back_s, inventory.lost_node.noticed_s + inventory.lost_node.evicted_s + part.back_s)
        else:
            weaker.append(name)
            back_s = max(back_s, part.back_s)
    return Loss(what, weaker, _capabilities(stopped), _capabilities(paused), back_s)


def _fits(inventory: Inventory, prices: Prices, pool: str, left: int) -> bool:
    """Whether the needed replicas of all parts of a pool fit on the nodes that are left."""
    offered = left * (prices.instances[inventory.pools[pool].instance].memory_mib - SYSTEM_MIB)
    return needed_mib(inventory, pool) <= offered


def needed_mib(inventory: Inventory, pool: str) -> int:
    """Memory of what a pool can't do without."""
    return sum(part.needs * part.memory_mib for part in inventory.parts.values() if part.pool == pool)


def _capabilities(parts: Collection[Part]) -> list[str]:
    return sorted({capability for part in parts for capability in part.stops})
