"""What is known about waste, as the stages of a scan ask for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources
    from functions.scan.classification import VisionResult
    from functions.scan.events import MatchedRules


class Knowledge(Service):
    """Rules, items and hazards of one process, imported and read after it is ready."""

    @classmethod
    async def open(cls, _resources: Resources) -> Self:
        """Read beforehand, so that the first event does not wait."""
        await asyncio.to_thread(_read)
        return cls()

    async def match(self, vision: VisionResult, user_input: str, region: str | None) -> MatchedRules | None:
        """The rule that applies; None where nothing is to be thrown away, or nothing is known of it."""
        from functions.scan.retrieval import retrieve

        # In a thread: a question in free words is compared with everything that is known.
        found = await asyncio.to_thread(
            retrieve,
            vision.classification,
            vision.classification.minor_category,
            vision.situation_tags,
            user_input,
            region,
        )
        # What the user's words tell to be dangerous holds whatever became of the picture.
        told = found and (vision.outcome == "waste" or found.hazards)
        return found.stored() if found and told else None


def _read() -> None:
    from functions.scan.hazards import hazards
    from functions.scan.retrieval import retrieve  # noqa: F401 - its patterns are compiled by importing it
    from functions.scan.rules import rules
    from functions.scan.taxonomy import taxonomy

    for reading in (taxonomy, rules, hazards):
        reading()
