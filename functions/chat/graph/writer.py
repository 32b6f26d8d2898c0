"""The writer of answers: the parts that were found, in order, with an honest word on what was not."""

from __future__ import annotations

from functions.chat.graph.branches import GREETING
from functions.chat.graph.policies import POLICIES, REQUIRED
from functions.chat.graph.state import Found, TurnState
from functions.chat.graph.tokens import TokenStream
from functions.scan.korean import with_particle

PIECE_LENGTH = 24
NOTHING_FOUND = "지금은 답을 찾지 못했어요. 잠시 후 다시 물어봐 주세요."


class ReplyWriter:
    """The answer by templates, for the model `local`."""

    async def write(self, state: TurnState, tokens: TokenStream) -> str:
        """The whole text, given to `tokens` piece by piece."""
        text = composed(state)
        for start in range(0, len(text), PIECE_LENGTH):
            await tokens.write(text[start : start + PIECE_LENGTH])
        return text


def composed(state: TurnState) -> str:
    """The answer from what the branches found, the most urgent part first."""
    if state["intents"] == ["greeting"]:
        return GREETING
    found: dict[str, Found] = state.get("found", {})
    parts = sorted(
        (one for one in found.values() if one["ok"] and one["text"]), key=lambda one: one["priority"]
    )
    missing = [name for name, one in found.items() if not one["ok"] and (name in REQUIRED or len(found) == 1)]
    lines = [part["text"] for part in parts]
    if missing:
        names = ", ".join(POLICIES[name].without for name in missing)
        lines.append(
            f"{with_particle(names, '은', '는')} 지금 찾아보지 못했어요. 잠시 후 다시 물어봐 주세요."
        )
    return "\n\n".join(lines) or NOTHING_FOUND
