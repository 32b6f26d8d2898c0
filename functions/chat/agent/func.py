"""Answers a message: runs the agent's graph and stores what it says."""

from __future__ import annotations

from functions.chat.agent_run import Agent
from functions.chat.events import MessageSubmitted, TurnCompleted
from functions.chat.turns import Turns
from functions.runtime import event_function


@event_function(
    on=MessageSubmitted, emits=TurnCompleted, stage="answer", ledger=Turns, timeout=120, in_flight=100
)
async def agent(event: MessageSubmitted, agent: Agent) -> TurnCompleted | None:
    """Answer the turn, or pause it until its user has given what it needs."""
    return await agent.run(event.job_id)


new = agent.new
