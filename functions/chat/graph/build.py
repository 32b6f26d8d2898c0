"""The graph of a turn, put together from its nodes.

intent → (vision) → router → branches in parallel → aggregator → answer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from functions.chat.graph.policies import POLICIES, Guarded, nothing
from functions.chat.graph.state import Branch, Found, TurnState
from functions.chat.graph.tokens import TokenStream
from functions.chat.graph.writer import ReplyWriter
from functions.chat.progress import Telling

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from functions.chat.graph.understanding import Understanding

BRANCH_OF = {"waste": "waste_rag", "greeting": "general"} | {
    name: name for name in POLICIES if name != "waste_rag"
}
ENRICHED = {"waste", "bulk_waste"}
PLACELESS = {"weather", "general", "character", "image_generation", "greeting"}


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What the nodes of one turn use that is no state: how the user is told."""

    telling: Telling


@dataclass(frozen=True, slots=True)
class AgentNodes:
    """The nodes of the graph over the services of a process."""

    understanding: Understanding
    branches: Mapping[str, Guarded]
    writer: ReplyWriter

    async def intent(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Tell what is asked for."""
        await runtime.context.telling.started("intent")
        decision = await self.understanding.intents(state)
        await runtime.context.telling.completed("intent")
        return TurnState(
            intents=list(decision.intents), queries=decision.queries, confidence=decision.confidence
        )

    async def vision(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Tell what the picture shows."""
        await runtime.context.telling.started("vision")
        seen = await self.understanding.picture(state)
        await runtime.context.telling.completed("vision", failed=seen is None)
        return TurnState(seen=seen)

    async def router(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:  # noqa: ARG002
        """Tell that the question is divided; `fan_out` does it."""
        await runtime.context.telling.started("router")
        await runtime.context.telling.completed("router")
        return TurnState()

    async def branch(self, state: Branch, runtime: Runtime[TurnContext]) -> TurnState:
        """Look up one part of the question."""
        name = state["node"]
        await runtime.context.telling.started(name)
        work = self.branches.get(name)
        found: Found = await work(state) if work else nothing(name)
        await runtime.context.telling.completed(name, failed=not found["ok"])
        return TurnState(found={name: found})

    async def aggregator(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:  # noqa: ARG002
        """Tell that everything was looked up."""
        await runtime.context.telling.started("aggregator")
        await runtime.context.telling.completed("aggregator")
        return TurnState()

    async def answer(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Write the answer, telling it as it comes."""
        await runtime.context.telling.started("answer")
        async with TokenStream(runtime.context.telling) as tokens:
            text = await self.writer.write(state, tokens)
        await runtime.context.telling.completed("answer")
        return TurnState(answer=text)


@dataclass(frozen=True, slots=True)
class Needed:
    """What a paused turn needs of its user: a location or a confirmation, and the question in words."""

    kind: str
    message: str


def needed(state: Mapping[str, Any]) -> Needed | None:
    """What the graph paused for; None when it came to its end."""
    paused = state.get("__interrupt__") or ()
    return Needed(**paused[0].value) if paused else None


def going_on(given: dict[str, Any]) -> Command[Any]:
    """What lets a paused graph go on with what its user gave."""
    return Command(resume=given)


def after_intent(state: TurnState) -> str:
    """Where a turn goes that is understood."""
    return "vision" if state.get("image_url") else "router"


def fan_out(state: TurnState) -> list[Send]:
    """A branch for each part of the question, and the weather where it helps."""
    wanted = {
        BRANCH_OF[intent]: state["queries"].get(intent, state["message"]) for intent in state["intents"]
    }
    here = state.get("location") is not None and not set(state["intents"]) <= PLACELESS
    if (here or set(state["intents"]) & ENRICHED) and state.get("location"):
        wanted.setdefault("weather", state["message"])
    turn = TurnState(
        message=state["message"],
        location=state.get("location"),
        region=state.get("region"),
        model=state["model"],
        seen=state.get("seen"),
        history=state.get("history", []),
    )
    return [Send("branch", Branch(node=name, query=query, turn=turn)) for name, query in wanted.items()]


def build(
    nodes: AgentNodes, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The compiled graph."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("intent", nodes.intent)
    graph.add_node("vision", nodes.vision)
    graph.add_node("router", nodes.router)
    graph.add_node("branch", nodes.branch, input_schema=Branch)
    graph.add_node("aggregator", nodes.aggregator)
    graph.add_node("answer", nodes.answer)
    graph.add_edge(START, "intent")
    graph.add_conditional_edges("intent", after_intent, ["vision", "router"])
    graph.add_edge("vision", "router")
    graph.add_conditional_edges("router", fan_out, ["branch"])
    graph.add_edge("branch", "aggregator")
    graph.add_edge("aggregator", "answer")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)
