"""The writer of answers: a hosted model words what was found; without one, and for what is dangerous, templates do."""

from __future__ import annotations

import json
import logging
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Self

from functions.chat.graph.branches import greeting
from functions.chat.graph.policies import BRANCH_OF, POLICIES, REQUIRED
from functions.chat.graph.prompts import prompt
from functions.chat.graph.screen import Screen
from functions.chat.graph.state import Found, TurnState
from functions.chat.graph.tokens import TokenStream
from functions.chat.wording import BROKEN_OFF
from functions.providers.errors import ModelError, ModelRefused
from functions.providers.registry import provider_of
from functions.providers.request import Answering, TextRequest
from functions.providers.shared import SharedModels
from functions.runtime.resources import Service
from functions.scan.korean import with_particle

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
PIECE_LENGTH = 24
BUDGET_S = 60.0
_ADDRESS = re.compile(r"https?://[^\s<>()\"'\]]+")
NOTHING_FOUND = "지금은 답을 찾지 못했어요. 잠시 후 다시 물어봐 주세요."


class ReplyWriter(Service):
    """The writer over the models of this process."""

    def __init__(self, models: SharedModels) -> None:
        self._models = models

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the shared models."""
        return cls(await resources.get(SharedModels))

    async def write(self, state: TurnState, tokens: TokenStream) -> tuple[str, str]:
        """The whole answer, given to `tokens` piece by piece, and the model that worded it, "" where none was asked.

        A picture that was drawn is shown, whatever the model has made of it. Raises ModelError where nothing was
        written.
        """
        text, model = await self._worded(state, tokens)
        for one in state.get("found", {}).values():
            if one["data"].get("picture") not in (None, *_ADDRESS.findall(text)):
                text += _told("\n\n" + one["text"], tokens)
        return text, model

    async def _worded(self, state: TurnState, tokens: TokenStream) -> tuple[str, str]:
        if self._fixed(state):
            return _told(composed(state), tokens), ""
        parts = [one["text"] for one in state.get("found", {}).values()]
        screen = Screen([*parts, state["message"]])
        request = TextRequest(
            task="answer",
            instructions=prompt("answer"),
            text=question(state),
            offline=lambda: composed(state),
            marker=f"{state['job_id']}:answer",
            user_id=state["user_id"],
        )
        text, model = "", ""
        try:
            async with aclosing(self._models.write(state["model"], request, budget_s=BUDGET_S)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Answering):
                        model = piece.model
                    elif isinstance(piece, str) and (shown := screen.write(piece)):
                        text += shown
                        tokens.write(shown)
        except ModelRefused:
            if not text:
                return _told(composed(state), tokens), ""
            text += _told(BROKEN_OFF, tokens)
        except ModelError as failure:
            if not text:
                raise
            log.warning("an answer broke off: %s", failure)
            return text + _told(BROKEN_OFF, tokens), model
        text += _told(screen.end(), tokens)
        return (text, model) if text.strip() else (_told(composed(state), tokens), "")

    def _fixed(self, state: TurnState) -> bool:
        """Whether the words are ours: no model words what is dangerous or doubtful, a greeting, or a picture alone."""
        if provider_of(state["model"], self._models.settings) == "local" or state["intents"] == ["greeting"]:
            return True
        found = state.get("found", {})
        outcome = found["waste_rag"]["data"].get("outcome") if "waste_rag" in found else None
        return outcome in ("hazard", "asked") or found.keys() == {"image_generation"}


def _told(text: str, tokens: TokenStream) -> str:
    for start in range(0, len(text), PIECE_LENGTH):
        tokens.write(text[start : start + PIECE_LENGTH])
    return text


def question(state: TurnState) -> str:
    """What a model gets: the message, the conversation, and what was found for it, as JSON."""
    found = state.get("found", {})
    return json.dumps(
        {
            "message": state["message"],
            "history": state.get("history", []),
            "summary": state.get("summary", ""),
            "found": {
                name: {"text": one["text"], "data": one["data"]}
                for name, one in sorted(found.items(), key=lambda pair: pair[1]["priority"])
                if one["ok"] and name != "general"
            },
            "missing": [
                one["text"] or POLICIES[name].without for name, one in found.items() if not one["ok"]
            ],
        },
        ensure_ascii=False,
    )


def composed(state: TurnState) -> str:
    """The answer from what the branches found: dangers first, then what was asked for in its order."""
    if state["intents"] == ["greeting"]:
        return greeting(state["message"])
    found: dict[str, Found] = state.get("found", {})
    asked = [BRANCH_OF[intent] for intent in state["intents"] if intent in BRANCH_OF]

    def place(pair: tuple[str, Found]) -> tuple[bool, int, int]:
        name, one = pair
        order = asked.index(name) if name in asked else len(asked)
        return one["data"].get("outcome") != "hazard", order, one["priority"]

    parts = [one for _, one in sorted(found.items(), key=place) if one["ok"] and one["text"]]
    failed = {name: one for name, one in found.items() if not one["ok"]}
    told = [one["text"] for one in failed.values() if one["text"]]
    missing = [
        name
        for name, one in failed.items()
        if not one["text"] and (name in REQUIRED or len(failed) == len(found))
    ]
    lines = [part["text"] for part in parts] + told
    if missing:
        names = ", ".join(POLICIES[name].without for name in missing)
        lines.append(
            f"{with_particle(names, '은', '는')} 지금 찾아보지 못했어요. 잠시 후 다시 물어봐 주세요."
        )
    return "\n\n".join(lines) or NOTHING_FOUND
