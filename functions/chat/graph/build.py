"""The graph of a turn, put together from its nodes.

intent → (vision) → locate → router → branches in parallel → aggregator → (web search) → (summarize) → answer
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send, interrupt

from functions.chat.graph.locating import WHERE, Locator
from functions.chat.graph.memory import Memory
from functions.chat.graph.policies import BRANCH_OF, REQUIRED, Guarded, nothing
from functions.chat.graph.state import Branch, Found, TurnState
from functions.chat.graph.tokens import TokenStream
from functions.chat.graph.writer import ReplyWriter
from functions.chat.progress import Telling

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from functions.chat.graph.understanding import Understanding

ENRICHED = {"waste", "bulk_waste"}
OF_THINGS = {"bulk_waste", "recyclable_price", "collection_point"}
"""Branches about a thing: where the words name none, it is what the picture shows."""
PLACELESS = {"weather", "general", "character", "image_generation", "greeting"}
SEARCHED_BELOW = 0.75
RECENT = re.compile(r"최신|최근|요즘|오늘|올해|뉴스|정책|규제|개정|시행|바뀌|바뀐")


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What the nodes of one turn use that is no state: how the user is told."""

    telling: Telling


@dataclass(frozen=True, slots=True)
class AgentNodes:
    """The nodes of the graph over the services of a process."""

    understanding: Understanding
    locator: Locator
    branches: Mapping[str, Guarded]
    memory: Memory
    writer: ReplyWriter

    async def intent(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Tell what is asked for."""
        runtime.context.telling.started("intent")
        decision, model = await self.understanding.intents(state)
        runtime.context.telling.completed("intent")
        return TurnState(
            intents=list(decision.intents),
            queries=decision.queries,
            confidence=decision.confidence,
            understood_by=model,
        )

    async def vision(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Tell what the picture shows."""
        runtime.context.telling.started("vision")
        seen = await self.understanding.picture(state)
        runtime.context.telling.completed("vision", failed=seen is None)
        return TurnState(seen=seen)

    async def locate(self, state: TurnState) -> TurnState:
        """Tell where the question is about; the turn pauses here where its user has to be asked."""
        known = await self.locator.known(state)
        home = known.region if known.named else state.get("home")
        if not self.locator.asks(state, known):
            place = known.position and {
                "latitude": known.position.latitude,
                "longitude": known.position.longitude,
            }
            return TurnState(region=known.region, location=state.get("location") or place, home=home)
        given = interrupt({"kind": "location", "message": WHERE}).get("data")
        there = await self.locator.given(given)
        if there.position is None:
            return TurnState(region=None, declined=True)
        return TurnState(region=there.region, location=given, declined=False)

    async def router(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:  # noqa: ARG002
        """Tell that the question is divided; `fan_out` does it."""
        runtime.context.telling.started("router")
        runtime.context.telling.completed("router")
        return TurnState()

    async def branch(self, state: Branch, runtime: Runtime[TurnContext]) -> TurnState:
        """Look up one part of the question."""
        name = state["node"]
        runtime.context.telling.started(name)
        work = self.branches.get(name)
        found: Found = await work(state) if work else nothing(name)
        runtime.context.telling.completed(name, failed=not found["ok"])
        return TurnState(found={name: found})

    async def aggregator(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:  # noqa: ARG002
        """Tell that everything was looked up."""
        runtime.context.telling.started("aggregator")
        runtime.context.telling.completed("aggregator")
        return TurnState()

    async def summarize(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Sum up what is too much of the conversation for a model."""
        runtime.context.telling.started("summarize")
        before = state.get("summary", "")
        summary = await self.memory.sum_up(state)
        runtime.context.telling.completed("summarize", failed=summary == before)
        return TurnState(summary=summary)

    async def answer(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        """Write the answer, telling it as it comes."""
        runtime.context.telling.started("answer")
        with TokenStream(runtime.context.telling) as tokens:
            text, model = await self.writer.write(state, tokens)
        runtime.context.telling.completed("answer")
        return TurnState(answer=text, answered_by=model)


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
    return "vision" if state.get("image_url") else "locate"


def fan_out(state: TurnState) -> list[Send]:
    """A branch for each part of the question, the weather where it helps, the web for what is new."""
    asked = {BRANCH_OF[intent]: state["queries"].get(intent, state["message"]) for intent in state["intents"]}
    wanted = dict(asked)
    if state.get("location") and (set(state["intents"]) & ENRICHED or not set(state["intents"]) <= PLACELESS):
        wanted.setdefault("weather", state["message"])
    hosted = state["model"] != "local"
    unsure = state["intents"] == ["general"] and state["confidence"] < SEARCHED_BELOW
    if hosted and (unsure or RECENT.search(state["message"])):
        wanted.setdefault("web_search", state["message"])
    pictured = _pictured(state)
    return [
        _sent(state, name, f"{query} {pictured}".strip() if name in OF_THINGS else query, asked=name in asked)
        for name, query in wanted.items()
    ]


def _pictured(state: TurnState) -> str:
    """The thing in the picture by its names, the narrowest first; empty without a picture, or where it shows none."""
    seen = (state.get("seen") or {}).get("classification") or {}
    return " ".join(filter(None, (seen.get("minor_category"), seen.get("middle_category"))))


def after_aggregator(state: TurnState) -> list[Send] | str:
    """The web, once, for what had to be found and was not; then the answer, or what makes room for it."""
    found = state["found"]
    missing = any(not one["ok"] and name in REQUIRED for name, one in found.items())
    if missing and "web_search" not in found and state["model"] != "local":
        return [_sent(state, "web_search", state["message"], asked=False)]
    return "summarize" if state.get("older") and state["model"] != "local" else "answer"


def _sent(state: TurnState, name: str, query: str, *, asked: bool) -> Send:
    turn = TurnState(
        job_id=state["job_id"],
        user_id=state["user_id"],
        message=state["message"],
        location=state.get("location"),
        region=state.get("region"),
        model=state["model"],
        seen=state.get("seen"),
        history=state.get("history", []),
    )
    return Send("branch", Branch(node=name, query=query, asked=asked, turn=turn))


def _at_once(path: Callable[[TurnState], Any]) -> Callable[[TurnState], Awaitable[Any]]:
    """A path as a coroutine: LangGraph gives any other function to a thread, and the turn waits for its switch."""

    @wraps(path)
    async def chosen(state: TurnState) -> Any:
        return path(state)

    return chosen


def build(
    nodes: AgentNodes, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The compiled graph."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("intent", nodes.intent)
    graph.add_node("vision", nodes.vision)
    graph.add_node("locate", nodes.locate)
    graph.add_node("router", nodes.router)
    graph.add_node("branch", nodes.branch, input_schema=Branch)
    graph.add_node("aggregator", nodes.aggregator)
    graph.add_node("summarize", nodes.summarize)
    graph.add_node("answer", nodes.answer)
    graph.add_edge(START, "intent")
    graph.add_conditional_edges("intent", _at_once(after_intent), ["vision", "locate"])
    graph.add_edge("vision", "locate")
    graph.add_edge("locate", "router")
    graph.add_conditional_edges("router", _at_once(fan_out), ["branch"])
    graph.add_edge("branch", "aggregator")
    graph.add_conditional_edges("aggregator", _at_once(after_aggregator), ["branch", "summarize", "answer"])
    graph.add_edge("summarize", "answer")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)
