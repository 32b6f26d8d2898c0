"""`python -m fleet.scale`: what 10,000 to 10 million users need at their busiest hour, from measured figures.

A calculation, not a simulation: figures a job are those of docs/measurements.md (`make bench`, the ceiling), how people
behave is assumed below and said with the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import yaml

from fleet.cost import monthly, node_cost
from fleet.inventory import FOLDER, read_inventory, read_prices

TRIGGERS = FOLDER.parents[1] / "knative/base/functions"
DAILY_SHARE = 0.1  # of all registered users scan on a day
SCANS_A_DAY = 2.0
BUSIEST_HOUR = 0.15  # of a day's scans
BURST = 3.0  # the busiest minute beside its hour

VISION_S, ANSWER_S, SCAN_S = 7.0, 5.0, 12.3
CPU_MS = {"functions": 18.0, "PostgreSQL": 7.0, "edge": 2.8, "broker": 2.6, "Valkey": 1.7}
TRANSACTIONS = 13
IN_FLIGHT = 400  # of a stage: four Triggers by shard, a hundred each
SHARDS, IN_SHARD = 4, 100
FUNCTION_NODES = 4  # worker-ai and worker-storage, which always run
POD_TARGET = 100
PODS_MOST = 50
STREAM_KIB = 35
STREAMS_A_GATEWAY = 500
CONNECTIONS_A_POD = 8
CONNECTIONS_MOST = 400
CORES_A_NODE = 2 * 0.6  # a t3 at six tenths, which a burst may exceed
MODEL_USD = 0.004  # both calls of a scan, by the price list's cheap vision model; a choice, not a measurement


@dataclass(frozen=True, slots=True)
class Need:
    """What so many users need in their busiest minute; `ends` names what no longer holds."""

    users: int
    scans_s: float
    in_flight: int
    ai_pods: int
    streams: int
    transactions_s: int
    connections: int
    dispatchers: int
    function_nodes: int
    database_cores: float
    cluster_usd_month: int
    models_usd_month: int
    ends: tuple[str, ...]


@cache
def deliveries() -> int:
    """Queues with a dispatcher each: one a Trigger, and one more for the dead letters of each that has a sink."""
    made = [each for path in sorted(TRIGGERS.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]
    triggers = [each["spec"] for each in made if each["kind"] == "Trigger"]
    return len(triggers) + sum("deadLetterSink" in spec["delivery"] for spec in triggers)


def need(users: int) -> Need:
    """The need of `users` registered users."""
    scans_s = users * DAILY_SHARE * SCANS_A_DAY * BUSIEST_HOUR / 3600 * BURST
    vision, answer = scans_s * VISION_S, scans_s * ANSWER_S
    pods = max(1, math.ceil(vision / POD_TARGET)) + max(1, math.ceil(answer / POD_TARGET))
    streams = math.ceil(scans_s * SCAN_S)
    others = 6 + math.ceil(
        scans_s * CPU_MS["functions"] / 1000
    )  # the other functions of a scan, one a core at most
    connections = (pods + others) * CONNECTIONS_A_POD
    cores = scans_s * (CPU_MS["functions"] + CPU_MS["edge"] + CPU_MS["broker"]) / 1000
    database = scans_s * CPU_MS["PostgreSQL"] / 1000
    shards = sum(max(0, math.ceil(stage / IN_SHARD) - SHARDS) for stage in (vision, answer))
    nodes = max(FUNCTION_NODES, math.ceil(cores / CORES_A_NODE))
    limits = {
        "a stage's events in flight: more shards": max(vision, answer) > IN_FLIGHT,
        "connections: a pooler before PostgreSQL": connections > CONNECTIONS_MOST,
        "PostgreSQL on two cores: a larger node": database > 2 * 0.7,
        "one gateway's streams: more gateways": streams > 10 * STREAMS_A_GATEWAY,
        "pods of a stage: a higher limit": pods > PODS_MOST,
    }
    return Need(
        users, scans_s, math.ceil(vision + answer), pods, streams, math.ceil(scans_s * TRANSACTIONS), connections,
        deliveries() + 2 * shards, nodes, database, round(_cluster_usd(nodes - FUNCTION_NODES)),
        round(users * DAILY_SHARE * SCANS_A_DAY * 30 * MODEL_USD), tuple(what for what, over in limits.items() if over),
    )  # fmt: skip


def _cluster_usd(more_nodes: int) -> float:
    """Dollars a month of the nodes that always run and so many more for functions, without traffic."""
    inventory, prices = read_inventory(), read_prices()
    pool = inventory.pools["worker-ai"]
    return monthly(inventory, prices).total + more_nodes * node_cost(prices, pool.instance, pool.disk_gb)


def main() -> None:
    """Print the table."""
    print(
        f"Assumed: {DAILY_SHARE:.0%} of users scan {SCANS_A_DAY:.0f} times a day, "
        f"{BUSIEST_HOUR:.0%} of it in one hour, its busiest minute {BURST:.0f} times as much.\n"
    )
    print("| users | scans/s | in flight | pods of vision, answer | streams | transactions/s | connections |"
          " queues, a dispatcher each | nodes for functions | PostgreSQL cores | cluster $/month | models $/month |"
          " what ends |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for users in (10_000, 100_000, 1_000_000, 10_000_000):
        n = need(users)
        print(
            f"| {n.users:,} | {n.scans_s:.1f} | {n.in_flight} | {n.ai_pods} | {n.streams} | {n.transactions_s} |"
            f" {n.connections} | {n.dispatchers} | {n.function_nodes} | {n.database_cores:.2f} |"
            f" {n.cluster_usd_month:,} | {n.models_usd_month:,} |"
            f" {'; '.join(n.ends) or '–'} |"
        )


if __name__ == "__main__":
    main()
