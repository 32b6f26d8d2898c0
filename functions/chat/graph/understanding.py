"""What the user means: the intents of the message, and what the picture shows."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from functions.chat.graph.intents import IntentDecision, decide
from functions.chat.graph.knowledge import known
from functions.chat.graph.prompts import prompt
from functions.chat.graph.state import Intent, TurnState
from functions.images.fetch import ImageRejected
from functions.providers.errors import ModelError
from functions.providers.registry import provider_of
from functions.providers.request import ModelRequest
from functions.providers.shared import SharedModels
from functions.runtime.errors import FunctionError
from functions.runtime.resources import Service
from functions.scan.events import ScanRequested
from functions.scan.vision_model import VisionModel

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

BUDGET_S = 15.0
SURE = 0.6
"""A decision that is less sure than this is none: the question counts as general."""
MOST_INTENTS = 5
_NEVER_SEEN = "쀍뛟궱 어떻게 버려요"
"""Asked once at the start: what no list knows leads through everything that is read on first use."""


class IntentDraft(BaseModel):
    """What a model returns: the first thing that is asked for, what else, and each part as a question of its own."""

    model_config = ConfigDict(extra="forbid")

    intent: Intent
    confidence: float = Field(ge=0, le=1)
    additional_intents: list[Intent]
    decomposed_queries: list[str]
    reasoning: str

    def decision(self, message: str) -> IntentDecision:
        """The draft as the graph goes by it."""
        if self.confidence < SURE:
            return IntentDecision(("general",), {"general": message}, self.confidence)
        intents = tuple(dict.fromkeys([self.intent, *self.additional_intents]))[:MOST_INTENTS]
        parts = dict(zip(intents, self.decomposed_queries, strict=False))
        return IntentDecision(intents, {one: parts.get(one, message) for one in intents}, self.confidence)


class Understanding(Service):
    """The models that read messages and pictures."""

    def __init__(self, models: SharedModels, vision: VisionModel) -> None:
        self._models, self._vision = models, vision
        # A process is ready before all that is known is read, and its first question waits.
        self._read = asyncio.get_running_loop().run_in_executor(None, known, _NEVER_SEEN)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the shared models."""
        return cls(await resources.get(SharedModels), await resources.get(VisionModel))

    async def intents(self, state: TurnState) -> tuple[IntentDecision, str]:
        """What the message asks for with the conversation so far in mind, and the model that says so.

        That is `local` where the rules decide: because it was asked for, or because no other model answers.
        """
        message, history = state["message"], state.get("history", [])
        picture = bool(state.get("image_url"))
        await asyncio.shield(self._read)
        by_rules = await asyncio.to_thread(decide, message, history, picture=picture)
        if provider_of(state["model"], self._models.settings) == "local":
            return by_rules, "local"
        given = {
            "message": message,
            "history": history,
            "summary": state.get("summary", ""),
            "picture": picture,
        }
        request = ModelRequest(
            task="intent",
            instructions=prompt("intent"),
            text=json.dumps(given, ensure_ascii=False),
            output=IntentDraft,
            marker=f"{state['job_id']}:intent",
            user_id=state["user_id"],
        )
        try:
            completion = await self._models.complete(state["model"], request, budget_s=BUDGET_S)
        except ModelError:
            return by_rules, "local"
        return with_dangers(completion.output.decision(message), by_rules, message), completion.model

    async def picture(self, state: TurnState) -> dict[str, Any] | None:
        """What is seen in the picture, by the code of the scan; None where it can't be had."""
        asked = ScanRequested(
            job_id=UUID(state["job_id"]),
            user_id=state["user_id"],
            image_url=state["image_url"] or "",
            user_input=state["message"],
            model=state["model"],
        )
        try:
            seen = await self._vision.classify(asked)
        except (ImageRejected, FunctionError):
            return None
        return seen.model_dump(mode="json")


def with_dangers(decision: IntentDecision, by_rules: IntentDecision, message: str) -> IntentDecision:
    """A model's decision; where the rules see something to throw away that is dangerous, it is looked up anyway."""
    if "waste" in decision.intents or "waste" not in by_rules.intents:
        return decision
    query = by_rules.queries.get("waste", message)
    if not known(query).dangerous:
        return decision
    intents: tuple[Intent, ...] = ("waste", *(one for one in decision.intents if one != "general"))
    return IntentDecision(intents, {**decision.queries, "waste": query}, decision.confidence)
