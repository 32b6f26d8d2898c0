"""Notes every event of a Knative Broker for whoever watches; there a Trigger without a filter sends it all."""

from __future__ import annotations

import time

from eventing.cloudevent import CloudEvent
from eventing.deliveries import delivery, write
from functions.console.settings import ConsoleSettings
from functions.runtime import Resources, event_function


@event_function(on=None, ledger=None, timeout=5)
async def observe(event: CloudEvent, resources: Resources) -> None:
    """Note that the event passed; our own brokers tell by themselves, and of each attempt."""
    if resources.settings(ConsoleSettings).watch:
        await write(await resources.redis("streams"), [delivery(event, at=time.time())])


new = observe.new
