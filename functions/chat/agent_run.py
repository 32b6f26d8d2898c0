"""A run of the agent: one turn through the graph, from the stored message to the stored answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from functions.chat.conversations import Conversations
from functions.chat.events import TurnCompleted
from functions.chat.graph.branches import character, general, waste_rag
from functions.chat.graph.policies import BREAKER_FAILURES, BREAKER_OPEN_S, Guarded
from functions.chat.graph.state import RESET, TurnState
from functions.chat.graph.understanding import Understanding
from functions.chat.graph.writer import ReplyWriter
from functions.chat.turn import AgentReply, Turn
from functions.chat.turns import FAILED_NOTE, Turns
from functions.providers.breaker import Breaker
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from uuid import UUID

    from functions.runtime.resources import Resources

HISTORY = 10
WORK = {"waste_rag": waste_rag, "character": character, "general": general}


class Agent(Service):
    """The compiled graph of this process and what it stores turns with."""

    def __init__(self, graph: Any, turns: Turns, conversations: Conversations) -> None:
        self._graph, self._turns, self._conversations = graph, turns, conversations

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the models and tools of this process."""
        import asyncio

        build = await asyncio.to_thread(_builder)  # LangGraph takes most of a second to import
        nodes = build.AgentNodes(
            understanding=await resources.get(Understanding),
            branches={
                name: Guarded(name, work, Breaker(name, failures=BREAKER_FAILURES, open_s=BREAKER_OPEN_S))
                for name, work in WORK.items()
            },
            writer=ReplyWriter(),
        )
        return cls(build.build(nodes), await resources.get(Turns), await resources.get(Conversations))

    async def run(self, job_id: UUID) -> TurnCompleted | None:
        """Answer the turn; None when it waits for its user."""
        turn = await self._turns.load(job_id)
        telling = self._turns.telling(turn)
        said = await self._turns.progress.said(str(job_id)) if turn.attempt > 1 else ""
        if said:  # an attempt before this one had begun to answer: never from the start again
            return await self._turns.finish(turn, AgentReply("general", said + FAILED_NOTE), telling)
        state = await self._graph.ainvoke(
            await self._begin(turn),
            {"configurable": {"thread_id": str(turn.chat_id)}},
            context=_builder().TurnContext(telling),
        )
        reply = AgentReply(intent=state["intents"][0], answer=state["answer"], metadata=_metadata(state))
        return await self._turns.finish(turn, reply, telling)

    async def _begin(self, turn: Turn) -> TurnState:
        detail = await self._conversations.detail(turn.user_id, turn.chat_id, HISTORY + 1, None)
        earlier = [one for one in detail.messages if one.content != turn.message or one.role != "user"]
        return TurnState(
            message=turn.message,
            image_url=turn.image_url,
            location=turn.location.model_dump() if turn.location else None,
            region=None,
            model=turn.model,
            history=[{"role": one.role, "content": one.content} for one in earlier],
            classification=None,
            found=RESET,
        )


def _builder() -> Any:
    from functions.chat.graph import build

    return build


def _metadata(state: TurnState) -> dict[str, Any]:
    return {
        "intents": state["intents"],
        "looked_up": {name: one["ok"] for name, one in state["found"].items()},
    }
