"""The inventory of nodes, read from `inventory.yaml` and `prices.yaml`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).resolve().parents[1]


class _Strict(BaseModel):
    """A part of a file; a name that it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeCount(_Strict):
    """How many nodes a pool has: `least` always, `most` under load."""

    least: int = Field(ge=1)
    most: int = Field(ge=1)


class Pool(_Strict):
    """Nodes of one kind, alike in size, labels and taints (`key[=value]:effect`)."""

    about: str
    instance: str
    nodes: NodeCount
    disk_gb: int
    data_disk_gb: int = 0
    labels: dict[str, str]
    taints: list[str]


class LostNode(_Strict):
    """How long the control plane waits: until a silent node counts as lost, and until its pods start elsewhere."""

    noticed_s: int
    evicted_s: int


class Part(_Strict):
    """A program that always runs: `replicas` apart on nodes of `pool`; with fewer than `needs` it stops.

    What `moves` starts anew on another node of its pool, and is only away meanwhile.
    """

    pool: str
    replicas: int = Field(ge=1)
    needs: int = Field(ge=1)
    memory_mib: int
    stops: list[str]
    back_s: int
    moves: bool = False


class ReferenceNodes(_Strict):
    """Nodes of one kind of the cluster that ours is compared with."""

    nodes: int
    instance: str
    disk_gb: int


class Edge(_Strict):
    """What stands before and beside the nodes."""

    load_balancers: int
    nat_gateways: int
    public_addresses: int
    hosted_zones: int
    images_gb: int
    backups_gb: int


class Inventory(_Strict):
    """All of `inventory.yaml`."""

    cluster: str
    region: str
    zones: list[str]
    kubernetes: str
    networks: dict[str, str]
    pools: dict[str, Pool]
    lost_node: LostNode
    parts: dict[str, Part]
    edge: Edge
    reference: dict[str, ReferenceNodes]

    def nodes(self) -> list[Node]:
        """The nodes that always run, zones in turn."""
        return [
            Node(f"{name}-{number + 1}", name, self.zones[number % len(self.zones)])
            for name, pool in self.pools.items()
            for number in range(pool.nodes.least)
        ]


class InstanceType(_Strict):
    """A size of node and its price."""

    hour: float
    vcpus: int
    memory_mib: int


class Prices(_Strict):
    """All of `prices.yaml`, US dollars as of a date."""

    as_of: datetime.date
    source: str
    hours_a_month: int
    instances: dict[str, InstanceType]
    disk_gb_month: float
    load_balancer_hour: float
    nat_gateway_hour: float
    public_address_hour: float
    hosted_zone_month: float
    object_gb_month: float


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its name, its pool and its zone."""

    name: str
    pool: str
    zone: str


def read_inventory(path: Path = FOLDER / "inventory.yaml") -> Inventory:
    """The inventory; pydantic's ValidationError names what is wrong in the file."""
    return Inventory.model_validate(_yaml(path))


def read_prices(path: Path = FOLDER / "prices.yaml") -> Prices:
    """The price list."""
    return Prices.model_validate(_yaml(path))


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
