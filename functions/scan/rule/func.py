"""The rule stage: finds the disposal rule that applies."""

from __future__ import annotations

import asyncio

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.events import Classified, RulesMatched
from functions.scan.retrieval import retrieve
from functions.scan.stages import Stages


@event_function(
    on=Classified,
    emits=RulesMatched,
    wakes_on=PictureExpected,
    stage="rule",
    ledger=Stages,
    timeout=15,
    in_flight=100,
)
async def rule(event: Classified) -> RulesMatched:
    """Look the rule up by classification, situation and the user's words; no model is asked."""
    vision = event.vision
    # In a thread: a question in free words is compared with everything that is known.
    found = await asyncio.to_thread(
        retrieve,
        vision.classification,
        vision.classification.minor_category,
        vision.situation_tags,
        event.user_input,
        event.region,
    )
    # What the user's words tell to be dangerous holds whatever became of the picture.
    told = found and (vision.outcome == "waste" or found.hazards)
    match = found.stored() if found and told else None
    return RulesMatched(**dict(event), match=match)


new = rule.new
