"""Shows operators the Broker's queues: what is under way, what waits, what failed."""

from __future__ import annotations

from functions.console.broker_figures import BrokerFigures, QueueFigures
from functions.runtime import http_function


@http_function("GET /api/v1/console/queues", operators=True)
async def queues(broker: BrokerFigures) -> list[QueueFigures]:
    """One row a Trigger; none where the Broker is Knative's, whose figures Prometheus has."""
    return await broker.queues()


new = queues.new
