"""Why something is so, where the reason is asked: of what is done to it, else of the thing, else of its category."""

from __future__ import annotations

import re
from collections.abc import Sequence

from functions.scan import faq
from functions.scan.matches import RuleMatch
from functions.scan.polar import destinations
from functions.scan.rules import rules
from functions.scan.utterance import normal
from functions.scan.wording import SENTENCES

_REASON = re.compile(
    r"(아서|어서|워서|해서|라서|니|이라|있어|없어|섞여|달라|되어|때문에|어려워|붙어|많아),? "
)
_NEVER = re.compile(r"(재활용되지|쓸 수|되지) (않아요|없어요)|아니에요")


def because(question: str, match: RuleMatch, notes: Sequence[str]) -> str:
    """The sentence that gives the reason for what the question asks of the thing; empty where none is known."""
    if entry := faq.explained(question):
        return entry.answer[0]
    told = [sentence for note in notes for sentence in SENTENCES.split(note)]
    for pattern in (_REASON, _NEVER):
        if reason := next((each for each in told if pattern.search(each)), ""):
            return reason
    letters = normal(question)
    asked = (each.key for each in destinations() if any(name in letters for name in each.names))
    elsewhere = next((rules()[key] for key in asked if key in rules() and key != match.rule.key), None)
    general = match.rule.category.major == match.rule.category.middle
    return elsewhere.why if elsewhere and general else match.rule.why
