"""Takes every Trigger's dead letters into quarantine and tells whom they concern."""

from __future__ import annotations

from eventing.catalogue import derived_id, to_event
from eventing.cloudevent import CloudEvent
from functions.ops.clocks import TICKS
from functions.ops.dead_letters import DeadLetters, error_code, failed_at
from functions.ops.events import EventQuarantined
from functions.ops.outgoing import OpsOutgoing
from functions.runtime import event_function

SOURCE = "/eco2/ops/quarantine"


@event_function(on=None, ledger=None, timeout=15)
async def quarantine(event: CloudEvent, letters: DeadLetters, outgoing: OpsOutgoing) -> None:
    """Store the dead letter with its announcement, and send that.

    Published, not replied: not every broker reads what a dead-letter sink answers.
    """
    if event.type in TICKS:
        return  # the next tick does what this one could not
    about = EventQuarantined(
        type_of=event.type,
        subject=event.subject,
        trigger=failed_at(event),
        code=error_code(event) or 0,
    )
    id = derived_id(event.id, f"{SOURCE}/{about.trigger}/{event.extensions.get('redrive', '0')}")
    told = to_event(about, source=SOURCE, subject=event.subject, id=id)
    if await letters.store(event, told):
        await outgoing.send(told)


new = quarantine.new
