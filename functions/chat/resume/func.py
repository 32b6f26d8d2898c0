"""Goes on with a turn that waited for its user."""

from __future__ import annotations

from functions.chat.agent_run import Agent
from functions.chat.events import InputReceived, TurnCompleted
from functions.chat.turns import Turns
from functions.runtime import event_function


@event_function(
    on=InputReceived, emits=TurnCompleted, stage="answer", ledger=Turns, timeout=120, in_flight=100
)
async def resume(event: InputReceived, agent: Agent) -> TurnCompleted | None:
    """Answer the turn with what the user gave, or without it."""
    return await agent.run(event.job_id)


new = resume.new
