"""`make cost`: what the cluster costs a month, beside the reference, and what the loss of each node stops."""

from __future__ import annotations

from fleet import cost, losses
from fleet.inventory import read_inventory, read_prices


def main() -> None:
    """Print both tables."""
    inventory, prices = read_inventory(), read_prices()
    idle, loaded = cost.monthly(inventory, prices), cost.monthly(inventory, prices, loaded=True)
    other = cost.reference(inventory, prices)
    print(
        f"USD a month in {inventory.region}, list prices as of {prices.as_of}, without traffic and models\n"
    )
    print(f"{'pool':18}{'instance':12}{'idle':>14}{'loaded':>14}")
    for name, pool in inventory.pools.items():
        numbers = (
            f"{pool.nodes.least} × = {idle.pools[name]:.0f}",
            f"{pool.nodes.most} × = {loaded.pools[name]:.0f}",
        )
        print(f"{name:18}{pool.instance:12}{numbers[0]:>14}{numbers[1]:>14}")
    print(f"{'beside nodes':30}{idle.beside:14.0f}{loaded.beside:14.0f}")
    print(f"{f'all: {idle.nodes} to {loaded.nodes} nodes':30}{idle.total:14.0f}{loaded.total:14.0f}")
    print(f"{f'reference: {other.nodes} nodes, always':30}{other.total:14.0f}{other.total:14.0f}\n")
    print(f"{'lost':18}{'stops':16}{'pauses':18}{'back within':>12}  with a replica less")
    for loss in (*losses.of_each_node(inventory, prices), *losses.of_each_zone(inventory, prices)):
        stops, pauses = (", ".join(each) or "nothing" for each in (loss.stops, loss.pauses))
        print(f"{loss.what:18}{stops:16}{pauses:18}{loss.back_s:>10} s  {', '.join(loss.weaker) or '–'}")


if __name__ == "__main__":
    main()
