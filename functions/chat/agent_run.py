"""A run of the agent: one turn through the graph, from the stored message to the stored answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from functions.chat.checkpoint_store import CheckpointStore
from functions.chat.events import Coordinates, TurnCompleted
from functions.chat.graph.branches import character, general, waste_rag
from functions.chat.graph.drawing import Illustrator
from functions.chat.graph.locating import Locator
from functions.chat.graph.lookups import Lookups
from functions.chat.graph.memory import Memory
from functions.chat.graph.policies import Guarded
from functions.chat.graph.state import RESET, TurnState
from functions.chat.graph.understanding import Understanding
from functions.chat.graph.writer import ReplyWriter
from functions.chat.run_traces import run_callbacks
from functions.chat.turn import AgentReply, Turn
from functions.chat.turns import Turns
from functions.chat.wording import BROKEN_OFF
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_core.callbacks import BaseCallbackHandler

    from functions.chat.checkpoints import ChatCheckpointer
    from functions.chat.progress import Telling
    from functions.runtime.resources import Resources

KNOWLEDGE = {"waste_rag": waste_rag, "character": character, "general": general}


class Agent(Service):
    """The compiled graph of this process and what it stores turns with."""

    def __init__(
        self,
        graph: Any,
        checkpointer: ChatCheckpointer,
        turns: Turns,
        memory: Memory,
        callbacks: list[BaseCallbackHandler],
    ) -> None:
        self._graph, self._checkpointer = graph, checkpointer
        self._turns, self._memory, self._callbacks = turns, memory, callbacks

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the models and tools of this process."""
        import asyncio

        build, checkpoints = await asyncio.to_thread(_graph_modules)  # LangGraph takes a second to import
        lookups, illustrator = await resources.get(Lookups), await resources.get(Illustrator)
        work = {**KNOWLEDGE, **lookups.work(), "image_generation": illustrator.draw}
        nodes = build.AgentNodes(
            understanding=await resources.get(Understanding),
            locator=await resources.get(Locator),
            branches={name: Guarded(name, one) for name, one in work.items()},
            memory=await resources.get(Memory),
            writer=await resources.get(ReplyWriter),
        )
        store = CheckpointStore(await resources.redis("state"), await resources.database())
        checkpointer = checkpoints.ChatCheckpointer(store)
        graph = build.build(nodes, checkpointer)
        callbacks = await run_callbacks(resources)
        return cls(graph, checkpointer, await resources.get(Turns), nodes.memory, callbacks)

    async def run(self, job_id: UUID) -> TurnCompleted | None:
        """Answer the turn; None when it waits for its user."""
        turn = await self._turns.load(job_id)
        telling = self._turns.telling(turn)
        try:
            return await self._answer(turn, telling)
        finally:
            telling.drop()

    async def _answer(self, turn: Turn, telling: Telling) -> TurnCompleted | None:
        said = await self._turns.progress.said(str(turn.job_id)) if turn.attempt > 1 else ""
        if said:  # an attempt before this one had begun to answer: never from the start again
            return await self._turns.finish(turn, AgentReply("general", said + BROKEN_OFF), telling)
        build, _ = _graph_modules()
        thread = {"configurable": {"thread_id": str(turn.chat_id)}}
        state = await self._graph.ainvoke(
            await self._resumed(turn, thread) or await self._begin(turn),
            {**thread, "callbacks": self._callbacks, "run_name": "chat turn"},
            context=build.TurnContext(telling),
            durability="exit",  # a turn that dies begins again; one that waits is whole
        )
        if needed := build.needed(state):
            # The turn waits before anybody is told so: the answer to it may come at once.
            await self._turns.wait(turn, needed.kind)
            telling.needs_input(needed.kind, needed.message, self._turns.input_wait_s)
            await telling.all_told()
            return None
        await self._checkpointer.settle(str(turn.chat_id))
        reply = AgentReply(intent=state["intents"][0], answer=state["answer"], metadata=_metadata(state))
        return await self._turns.finish(turn, reply, telling)

    async def _resumed(self, turn: Turn, thread: Any) -> Any:
        """What goes on with the paused graph; None where the turn did not wait, or its checkpoint is lost."""
        if turn.input is None:
            return None
        snapshot = await self._graph.aget_state(thread)
        if not snapshot.interrupts or snapshot.values.get("job_id") != str(turn.job_id):
            return None
        build, _ = _graph_modules()
        return build.going_on(turn.input)

    async def _begin(self, turn: Turn) -> TurnState:
        said = await self._memory.recall(turn.chat_id, turn.job_id, turn.model)
        place = _given_location(turn) or (turn.location.model_dump() if turn.location else None)
        begun = TurnState(
            job_id=str(turn.job_id),
            user_id=turn.user_id,
            message=turn.message,
            image_url=turn.image_url,
            location=place,
            region=None,
            model=turn.model,
            summary=said.summary,
            history=said.history,
            older=said.older,
            older_until=said.until.isoformat() if said.until else "",
            seen=None,
            found=RESET,
        )
        if turn.resumed and place is None:
            begun["declined"] = True
        return begun


def _graph_modules() -> tuple[Any, Any]:
    from functions.chat import checkpoints
    from functions.chat.graph import build

    return build, checkpoints


def _given_location(turn: Turn) -> dict[str, float] | None:
    """Where the user is by what was given when it was asked for; None where it was not, or is no place."""
    try:
        return Coordinates.model_validate((turn.input or {}).get("data")).model_dump()
    except ValidationError:
        return None


def _metadata(state: TurnState) -> dict[str, Any]:
    return {
        "intents": state["intents"],
        "looked_up": {name: one["ok"] for name, one in state["found"].items()},
        "models": {
            "asked": state["model"],
            "intent": state.get("understood_by", ""),
            "vision": ((state.get("seen") or {}).get("meta") or {}).get("model", ""),
            "answer": state.get("answered_by", ""),
        },
    }
