"""The figures of a broker of ours, from its own metrics; of Knative's nothing is known here."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel

from functions.runtime.outside import OutsideClient, OutsideFailure
from functions.runtime.resources import Service
from process.inside import split

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

_PREFIX = "eco2_broker_"
_SUFFIX = ".dlq"


class QueueFigures(BaseModel):
    """The queue of one Trigger: events under way and waiting now, and what became of those before."""

    trigger: str
    in_flight: int = 0
    waiting: int = 0
    delivered: int = 0
    retried: int = 0
    rejected: int = 0
    dead_lettered: int = 0
    dropped: int = 0


class BrokerFigures(Service):
    """The Broker's figures, asked from where events are sent to."""

    def __init__(self, client: OutsideClient, sink: str) -> None:
        self._client, self._sink = client, sink

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Asked at K_SINK."""
        client = OutsideClient("broker", timeout_s=2)
        resources.on_close(client.close)
        return cls(client, split(os.environ.get("K_SINK", ""))[0].rstrip("/"))

    async def queues(self) -> list[QueueFigures]:
        """Every Trigger's queue, by name; empty where the Broker tells nothing."""
        try:
            text = (await self._client.get(f"{self._sink}/metrics", {}, {})).decode()
        except (OutsideFailure, ValueError):
            return []
        return read(text)


def read(exposition: str) -> list[QueueFigures]:
    """The figures in Prometheus' text format."""
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, dict[str, int]] = defaultdict(dict)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            trigger = sample.labels.get("trigger")
            if trigger is None or trigger.endswith(_SUFFIX):
                continue
            name = sample.name.removeprefix(_PREFIX)
            if name == "deliveries_total":
                name = sample.labels["outcome"]
            if name in QueueFigures.model_fields:
                found[trigger][name] = int(sample.value)
    return [QueueFigures.model_validate({"trigger": name, **found[name]}) for name in sorted(found)]
