"""What the user means: the intents of the message, and what the picture shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from functions.chat.graph.intents import IntentDecision, decide
from functions.chat.graph.state import TurnState
from functions.images.fetch import ImageRejected
from functions.runtime.errors import FunctionError
from functions.runtime.resources import Service
from functions.scan.events import ScanRequested
from functions.scan.inquiry import ask
from functions.scan.vision_model import VisionModel

if TYPE_CHECKING:
    from functions.runtime.resources import Resources


class Understanding(Service):
    """The models that read messages and pictures."""

    def __init__(self, vision: VisionModel) -> None:
        self._vision = vision

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the scan's vision model; the rules are read beforehand, for the first question has a second only."""
        await asyncio.to_thread(ask, "캔")
        return cls(await resources.get(VisionModel))

    async def intents(self, state: TurnState) -> IntentDecision:
        """What the message asks for, with the conversation so far in mind."""
        return decide(state["message"], state.get("history", []), picture=bool(state.get("image_url")))

    async def picture(self, state: TurnState) -> dict[str, Any] | None:
        """The classification of the picture, by the code of the scan; None where it can't be read."""
        asked = ScanRequested(
            job_id=uuid4(),
            user_id="",
            image_url=state["image_url"] or "",
            user_input=state["message"],
            model=state["model"],
        )
        try:
            seen = await self._vision.classify(asked)
        except (ImageRejected, FunctionError):
            return None
        return seen.classification.model_dump(mode="json") if seen.outcome == "waste" else None
