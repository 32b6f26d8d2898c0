"""The index that tells which triggers want an event."""

from __future__ import annotations

from collections.abc import Sequence

from brokers.trigger import Trigger
from eventing.cloudevent import CloudEvent


class TriggerIndex:
    """Triggers by the `type` they filter on, since nearly all do: an event is compared with few of them."""

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        self._of_type: dict[str, list[Trigger]] = {}
        self._of_any_type: list[Trigger] = []
        for trigger in triggers:
            if "type" in trigger.filter:
                self._of_type.setdefault(trigger.filter["type"], []).append(trigger)
            else:
                self._of_any_type.append(trigger)
        # Of these types nothing else is asked.
        self._by_type_alone = {
            type: [trigger.name for trigger in wanting]
            for type, wanting in self._of_type.items()
            if not self._of_any_type and all(len(trigger.filter) == 1 for trigger in wanting)
        }

    def of(self, event: CloudEvent) -> list[str]:
        """The names of the triggers whose filter the event passes."""
        if (names := self._by_type_alone.get(event.type)) is not None:
            return names
        candidates = self._of_type.get(event.type, []) + self._of_any_type
        if not candidates:
            return []
        attributes = event.attributes()
        return [trigger.name for trigger in candidates if trigger.wants(attributes)]
