"""The answer stage: says what to do, in steps and in words."""

from __future__ import annotations

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.answer_writer import AnswerWriter
from functions.scan.events import Answered, RulesMatched
from functions.scan.stages import Stages


@event_function(
    on=RulesMatched,
    emits=Answered,
    wakes_on=PictureExpected,
    stage="answer",
    ledger=Stages,
    timeout=45,
    in_flight=400,
)
async def answer(event: RulesMatched, writer: AnswerWriter) -> Answered:
    """A model words it from the rule; without a rule an honest sentence is fixed and no model is asked."""
    said, model = await writer.answer(event)
    return Answered(**dict(event), answer=said, answered_by=model)


new = answer.new
