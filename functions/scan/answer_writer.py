"""The answer writer: a model words what the user is told; steps and what is left to do are decided here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

from functions.providers.errors import ModelRefused
from functions.providers.request import ModelRequest
from functions.providers.shared import SharedModels, ask
from functions.runtime.resources import Service
from functions.scan.events import Answer, RulesMatched
from functions.scan.knowledge import Knowledge
from functions.scan.prompts import prompt

if TYPE_CHECKING:
    from functions.runtime.resources import Resources
    from functions.scan.matches import RuleMatch

BUDGET_S = 38.0  # below the function's timeout, above the model's own
LONGEST = 600  # characters of 이코's words


class AnswerDraft(BaseModel):
    """What a model returns: steps of the rule in order, what is still to be done, and 이코's words."""

    model_config = ConfigDict(extra="forbid")

    disposal_steps: list[str]
    insufficiencies: list[str]
    user_answer: str


@dataclass(frozen=True, slots=True)
class AnswerWriter(Service):
    """The models of this process."""

    models: SharedModels

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the shared models; what is known about waste is read beforehand."""
        await resources.get(Knowledge)
        return cls(await resources.get(SharedModels))

    async def answer(self, event: RulesMatched) -> tuple[Answer, str]:
        """The answer and the model that worded it, "" where none did. Raises Retry and Reject."""
        from functions.scan.compose import compose
        from functions.scan.matches import restore
        from functions.scan.rules import lookup

        found = event.match
        match = restore(found) if found else None
        vision = event.vision
        offline = vision.meta.provider == "local"
        fixed = compose(
            vision.classification,
            match,
            vision.situation_tags,
            event.user_input,
            offline=offline,
            outcome=vision.outcome,
            candidates=vision.candidates,
        )
        if match is None or match.finding != "named" or vision.outcome != "waste":
            return fixed, ""  # no model words what is dangerous, doubtful or unknown, and none is paid
        shown = lookup(vision.classification.major_category, vision.classification.middle_category)
        if shown and shown.key != match.rule.key:
            return fixed, ""  # a model that sees one thing and reads of another would mix them
        todo = fixed.insufficiencies

        async def composed() -> AnswerDraft:
            return AnswerDraft(
                disposal_steps=list(match.steps), insufficiencies=todo, user_answer=fixed.user_answer
            )

        request = ModelRequest(
            task="answer",
            instructions=prompt("answer"),
            text=_question(event, match, todo),
            output=AnswerDraft,
            offline=composed,
            marker=f"{event.job_id}:answer",
            user_id=event.user_id,
        )
        try:
            completion = await ask(self.models, event.model, request, budget_s=BUDGET_S)
        except ModelRefused:
            return fixed, ""
        return accepted(completion.output, fixed, match), completion.model


def accepted(draft: AnswerDraft, fixed: Answer, match: RuleMatch) -> Answer:
    """What of a model's draft we stand for: its choice of our steps, and its words.

    What is still to be done decides about rewards, so it is never the model's.
    """
    from functions.scan.compose import for_region, numbered

    chosen = [step for step in match.steps if step in draft.disposal_steps]
    words = draft.user_answer.strip()
    taken = 0 < len(words) <= LONGEST
    return Answer(
        disposal_steps=numbered(chosen) if chosen else fixed.disposal_steps,
        insufficiencies=fixed.insufficiencies,
        user_answer=" ".join([words, *for_region(match)]) if taken else fixed.user_answer,
    )


def _question(event: RulesMatched, match: RuleMatch, todo: list[str]) -> str:
    return json.dumps(
        {
            "classification": event.vision.classification.model_dump(),
            "rule": match.rule.model_dump(mode="json", include={"name", "targets", "not_accepted", "facts"}),
            "steps": match.steps,
            "insufficiencies": todo,
            "region": {"name": match.place, "note": match.variant.note} if match.variant else None,
            "user_input": event.user_input,
        },
        ensure_ascii=False,
    )
