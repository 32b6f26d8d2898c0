"""Takes every Trigger's dead letters into quarantine and tells whom they concern."""

from __future__ import annotations

from eventing.catalogue import derived_id, to_event
from eventing.cloudevent import CloudEvent
from functions.ops.clocks import TICKS
from functions.ops.dead_letters import DeadLetters, failed_at
from functions.ops.events import EventQuarantined
from functions.runtime import Resources, event_function

SOURCE = "/eco2/ops/quarantine"


@event_function(on=None, ledger=None, timeout=15)
async def quarantine(event: CloudEvent, letters: DeadLetters, resources: Resources) -> None:
    """Store the dead letter and announce it.

    Published, not replied: not every broker reads what a dead-letter sink answers.
    """
    if event.type in TICKS:
        return  # the next tick does what this one could not
    await letters.store(event)
    told = EventQuarantined(
        type_of=event.type,
        subject=event.subject,
        trigger=failed_at(event),
        code=int(event.extensions.get("knativeerrorcode", "0")),
    )
    id = derived_id(event.id, f"{SOURCE}/{told.trigger}/{event.extensions.get('redrive', '0')}")
    await resources.publisher().publish(to_event(told, source=SOURCE, subject=event.subject, id=id))


new = quarantine.new
