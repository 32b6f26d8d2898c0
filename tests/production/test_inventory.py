"""The production cluster's nodes: their cost, what the loss of one stops, and that manifests name the same pools."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet import cost, losses, scale
from fleet.inventory import Inventory, Prices, read_inventory, read_prices
from pydantic import ValidationError

from tests.platform.objects import KNATIVE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def inventory() -> Inventory:
    return read_inventory()


@pytest.fixture
def prices() -> Prices:
    return read_prices()


def test_no_nodes_loss_stops_scans_or_sign_in(inventory: Inventory, prices: Prices) -> None:
    stopped = {loss.what: loss.stops for loss in losses.of_each_node(inventory, prices)}
    assert len(stopped) == 14
    assert {
        what: stops for what, stops in stopped.items() if {"scans", "sign-in", "progress"} & {*stops}
    } == {}


def test_no_zones_loss_stops_scans_or_sign_in(inventory: Inventory, prices: Prices) -> None:
    zones = losses.of_each_zone(inventory, prices)
    assert [loss.what for loss in zones] == ["zone a", "zone b", "zone c"]
    assert not any({"scans", "sign-in", "progress"} & {*loss.stops} for loss in zones)


def test_what_moves_pauses_until_its_node_counts_as_lost_and_it_has_started_elsewhere(
    inventory: Inventory, prices: Prices
) -> None:
    (loss,) = (each for each in losses.of_each_node(inventory, prices) if each.what == "general-1")
    assert "scans" in loss.pauses
    waits = inventory.lost_node.noticed_s + inventory.lost_node.evicted_s
    assert loss.back_s == waits + inventory.parts["argocd"].back_s


def test_a_part_below_its_quorum_stops(inventory: Inventory, prices: Prices) -> None:
    alone = inventory.parts["rabbitmq"].model_copy(update={"replicas": 2})
    changed = inventory.model_copy(update={"parts": inventory.parts | {"rabbitmq": alone}})
    stopped = {loss.what for loss in losses.of_each_node(changed, prices) if "scans" in loss.stops}
    assert stopped == {"stateful-1", "stateful-2"}


def test_what_no_longer_fits_on_the_nodes_that_are_left_stops(inventory: Inventory, prices: Prices) -> None:
    large = inventory.parts["vision, answer"].model_copy(update={"memory_mib": 3500})
    changed = inventory.model_copy(update={"parts": inventory.parts | {"vision, answer": large}})
    stopped = {loss.what for loss in losses.of_each_node(changed, prices) if "scans" in loss.stops}
    assert stopped == {"worker-ai-1", "worker-ai-2"}


def test_every_replica_fits_while_all_nodes_are_there(inventory: Inventory, prices: Prices) -> None:
    for name, pool in inventory.pools.items():
        each = prices.instances[pool.instance].memory_mib - losses.SYSTEM_MIB
        asked = sum(part.replicas * part.memory_mib for part in inventory.parts.values() if part.pool == name)
        assert 0 < asked <= pool.nodes.least * each, name


def test_idle_costs_less_than_the_reference_which_always_runs_25_nodes(
    inventory: Inventory, prices: Prices
) -> None:
    idle, other = cost.monthly(inventory, prices), cost.reference(inventory, prices)
    assert (idle.nodes, other.nodes) == (14, 25)
    assert idle.total < other.total
    assert cost.monthly(inventory, prices, loaded=True).nodes == 27


def test_a_nodes_cost_is_its_hours_and_its_disks(prices: Prices) -> None:
    assert cost.node_cost(prices, "t3.medium", 40) == pytest.approx(0.052 * 730 + 40 * 0.0912)


def test_every_size_has_a_price_and_every_part_a_pool(inventory: Inventory, prices: Prices) -> None:
    sizes = {pool.instance for pool in inventory.pools.values()}
    sizes |= {kind.instance for kind in inventory.reference.values()}
    assert sizes <= prices.instances.keys()
    assert {part.pool for part in inventory.parts.values()} == inventory.pools.keys()


def test_an_unknown_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    text = (ROOT / "platform/cluster/inventory/inventory.yaml").read_text()
    changed = tmp_path / "inventory.yaml"
    changed.write_text(text.replace("replicas: 3, needs: 2", "replicas: 3, quorum: 2", 1))
    with pytest.raises(ValidationError, match="quorum"):
        read_inventory(changed)


def test_the_overlay_places_on_pools_that_exist_and_tolerates_their_taints(inventory: Inventory) -> None:
    asked, tolerated = _placements(KNATIVE / "overlays/prod")
    assert asked == {"general", "worker-ai", "worker-storage", "stateful"}
    labels = {pool.labels.get("eco2/pool"): pool for pool in inventory.pools.values()}
    for name in asked:
        for taint in labels[name].taints:
            assert taint in tolerated, f"nothing placed on {name} tolerates {taint}"


def test_the_command_prints_both_tables() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fleet"],
        cwd=ROOT / "platform/cluster/inventory", capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "reference: 25 nodes, always" in done.stdout
    assert all(node.name in done.stdout for node in read_inventory().nodes())


def _placements(folder: Path) -> tuple[set[str], set[str]]:
    """Pools that node affinities ask for, and taints that are tolerated, anywhere in these files."""
    asked: set[str] = set()
    tolerated: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("key") == "eco2/pool":
                asked.update(value.get("values", []))
                if "effect" in value:
                    tolerated.add(f"eco2/pool={value['value']}:{value['effect']}")
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                walk(each)

    for path in sorted(folder.glob("*.yaml")):
        walk(list(yaml.safe_load_all(path.read_text())))
    return asked, tolerated


def test_a_million_users_fit_and_ten_million_end_at_what_the_table_names() -> None:
    assert scale.need(10_000).ends == ()
    assert scale.need(1_000_000).ends == ()
    assert "a stage's events in flight: more shards" in scale.need(10_000_000).ends


def test_the_table_of_users_grows_with_them() -> None:
    small, large = scale.need(100_000), scale.need(1_000_000)
    assert large.scans_s == pytest.approx(10 * small.scans_s)
    assert large.models_usd_month == 10 * small.models_usd_month


def test_every_trigger_is_a_queue_and_its_dead_letters_another() -> None:
    assert scale.need(10_000).dispatchers == scale.deliveries()
    triggers = [each for path in sorted(scale.TRIGGERS.glob("*.yaml")) for each in _objects(path)]
    sinks = [each for each in triggers if "deadLetterSink" in each["spec"]["delivery"]]
    assert sinks
    assert scale.deliveries() == len(triggers) + len(sinks)
    assert scale.need(10_000_000).dispatchers > scale.deliveries()  # more shards


def test_a_cluster_that_grows_costs_its_nodes(inventory: Inventory, prices: Prices) -> None:
    assert scale.need(10_000).cluster_usd_month == round(cost.monthly(inventory, prices).total)
    assert scale.need(10_000_000).cluster_usd_month > scale.need(10_000).cluster_usd_month


def _objects(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each["kind"] == "Trigger"]
