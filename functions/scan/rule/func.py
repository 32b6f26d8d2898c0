"""The rule stage: finds the disposal rule that applies."""

from __future__ import annotations

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.events import Classified, RulesMatched
from functions.scan.knowledge import Knowledge
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
async def rule(event: Classified, knowledge: Knowledge) -> RulesMatched:
    """Look the rule up by classification, situation and the user's words; no model is asked."""
    return RulesMatched(
        **dict(event), match=await knowledge.match(event.vision, event.user_input, event.region)
    )


new = rule.new
