"""The sweeper of the chat: unsent events leave, turns without movement start again, late ones end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from functions.chat.outgoing import ChatOutgoing
from functions.chat.settings import ChatSettings
from functions.chat.statements import LATE, OVERDUE, UNANSWERED
from functions.chat.turn import started
from functions.chat.turns import Turns
from functions.runtime import telemetry
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from eventing.publisher import Publisher
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

BATCH = 200


@dataclass(frozen=True, slots=True)
class ChatSweeper(Service):
    """One sweep looks at a bounded number of turns; the next one takes what is left."""

    database: Database
    turns: Turns
    outgoing: ChatOutgoing
    publisher: Publisher
    overdue_s: float

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A sweeper over the database and the Broker."""
        overdue_s = resources.settings(ChatSettings).chat_overdue_s
        turns, outgoing = await resources.get(Turns), await resources.get(ChatOutgoing)
        return cls(await resources.database(), turns, outgoing, resources.publisher(), overdue_s)

    async def sweep(self) -> None:
        """Relay unsent events, end late turns, let those go on that waited long enough, start overdue ones again."""
        await self.outgoing.relay()
        late = await self.database.all(LATE, (BATCH,))
        for (job_id,) in late:
            await self.turns.abandon(job_id, "DEADLINE_EXCEEDED")
        await self.database.run(UNANSWERED, (BATCH,))
        overdue = await self.database.all(OVERDUE, {"overdue_s": self.overdue_s, "limit": BATCH})
        for job_id, chat_id, user_id, waited, traceparent in overdue:
            event = started(job_id, chat_id, user_id, waited=waited)
            if traceparent:
                event = replace(event, extensions={**event.extensions, "traceparent": traceparent})
            await self.publisher.publish(event)
        swept = telemetry.metrics().swept
        for action, count in (("ended", len(late)), ("emitted", len(overdue))):
            swept.labels(action).inc(count)
