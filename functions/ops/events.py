"""Events about operating the platform."""

from __future__ import annotations

from typing import ClassVar

from eventing.catalogue import EventData


class SweepRequested(EventData):
    """Time to look for what got stuck; emitted by a clock."""

    type: ClassVar[str] = "eco2.ops.sweep.requested"


class RedriveRequested(EventData):
    """Time to try dead letters again that are due; emitted by a clock or a person."""

    type: ClassVar[str] = "eco2.ops.redrive.requested"


class EventQuarantined(EventData):
    """An event could not be delivered and lies in quarantine: what it was and where it failed."""

    type: ClassVar[str] = "eco2.ops.event.quarantined"

    type_of: str
    subject: str | None
    trigger: str
    code: int

    @property
    def about(self) -> str:
        """The domain of the quarantined event, as in eco2.<domain>.…"""
        return self.type_of.split(".")[1] if self.type_of.count(".") > 1 else ""
