"""Events of operations: what clocks ask for, and dead letters."""

from __future__ import annotations

from typing import ClassVar, Literal

from eventing.catalogue import EventData


class SweepRequested(EventData):
    """A clock's request to look for what got stuck."""

    type: ClassVar[str] = "eco2.ops.sweep.requested"


class ExpiryRequested(EventData):
    """A clock's request to remove what was kept long enough."""

    type: ClassVar[str] = "eco2.ops.expiry.requested"


class RedriveRequested(EventData):
    """A clock's or a person's request to send dead letters that are due again."""

    type: ClassVar[str] = "eco2.ops.redrive.requested"


class NewsCollectRequested(EventData):
    """A clock's request to collect the news of one source."""

    type: ClassVar[str] = "eco2.news.collect.requested"

    provider: Literal["naver", "newsdata"]


class EventQuarantined(EventData):
    """An event could not be delivered and lies in quarantine: what it was and where it failed."""

    type: ClassVar[str] = "eco2.ops.event.quarantined"

    type_of: str
    subject: str | None
    trigger: str
    code: int

    @property
    def answered(self) -> bool:
        """Whether the function itself failed last: what stands before it answers otherwise (502, 504, none at all), and
        a duplicate of what is being worked on gets 409.
        """
        return self.code in {500, 503}

    @property
    def about(self) -> str:
        """The domain of the quarantined event, as in eco2.<domain>.…"""
        return self.type_of.split(".")[1] if self.type_of.count(".") > 1 else ""
