"""Cost per month by list prices, idle and loaded, beside the reference."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.inventory import Inventory, Prices


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """US dollars a month of `nodes` nodes, `pools` each by itself, and of what stands beside them."""

    nodes: int
    pools: dict[str, float]
    beside: float

    @property
    def total(self) -> float:
        """All together."""
        return sum(self.pools.values()) + self.beside


def monthly(inventory: Inventory, prices: Prices, *, loaded: bool = False) -> MonthlyCost:
    """Our cluster: with the nodes that always run, or with all that load may bring, a whole month of it."""
    counts = {name: pool.nodes.most if loaded else pool.nodes.least for name, pool in inventory.pools.items()}
    pools = {
        name: counts[name] * node_cost(prices, pool.instance, pool.disk_gb + pool.data_disk_gb)
        for name, pool in inventory.pools.items()
    }
    return MonthlyCost(sum(counts.values()), pools, _beside(inventory, prices))


def reference(inventory: Inventory, prices: Prices) -> MonthlyCost:
    """The reference's nodes, with one load balancer and no gateways: its nodes have public addresses."""
    kinds = inventory.reference
    pools = {
        name: kind.nodes * node_cost(prices, kind.instance, kind.disk_gb) for name, kind in kinds.items()
    }
    count = sum(kind.nodes for kind in kinds.values())
    hourly = prices.load_balancer_hour + count * prices.public_address_hour
    beside = hourly * prices.hours_a_month + prices.hosted_zone_month
    return MonthlyCost(count, pools, beside + inventory.edge.images_gb * prices.object_gb_month)


def node_cost(prices: Prices, instance: str, disk_gb: int) -> float:
    """One node with its disks for a month."""
    return prices.instances[instance].hour * prices.hours_a_month + disk_gb * prices.disk_gb_month


def _beside(inventory: Inventory, prices: Prices) -> float:
    edge = inventory.edge
    hourly = (
        edge.load_balancers * prices.load_balancer_hour
        + edge.nat_gateways * prices.nat_gateway_hour
        + edge.public_addresses * prices.public_address_hour
    )
    stored = (edge.images_gb + edge.backups_gb) * prices.object_gb_month
    return hourly * prices.hours_a_month + edge.hosted_zones * prices.hosted_zone_month + stored
