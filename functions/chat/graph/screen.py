"""The screen between a hosted model and its reader: what a model may not make up does not get through.

Links that were not among what was looked up, phone numbers and sums of money that nobody told are replaced while the
answer streams. Text is held back only while its end may still grow into one of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 8_000
"""Characters of an answer; a model that goes on and on is cut."""
LONGEST_HELD = 300
NO_LINK, NO_PHONE, NO_SUM = "(확인되지 않은 링크)", "(지자체 대표번호)", "(지자체에서 정한 금액)"
# Every repetition is bounded or of one kind of character: a model's text must not decide how long matching takes.
_CLAIM = re.compile(
    r"(?P<link>(?:https?://|www\.)[^\s<>()\"'\]]+)"
    r"|(?P<phone>(?<![\d-])(?:0\d{1,2}[-.) ]?\d{3,4}[-. ]?\d{4}|1[5-9]\d{2}-?\d{4})(?![\d-]))"
    r"|(?P<sum>\d[\d,]{0,15}(?:\.\d{1,4})?\s?(?:[만천백]\s?(?:\d[\d,]{0,15}\s?)?){0,3}원)"
)
_OPEN = re.compile(
    r"(?:https?:?/?/?|www\.|htt?|ww?)[^\s<>()\"'\]]*$|(?<![^\s(])h$|(?<![!-'*-~])\d[\d,.\-) 만천백]*$"
)


class Screen:
    """The screen of one answer, over the texts that it may repeat claims of."""

    def __init__(self, told: Iterable[str]) -> None:
        self._told = [_plain(text) for text in told]
        self._held = ""
        self._left = LONGEST

    def write(self, piece: str) -> str:
        """What of the answer may be shown now."""
        text = self._held + piece
        open_end = _OPEN.search(text)
        if open_end and len(open_end[0]) <= LONGEST_HELD:
            text, self._held = text[: open_end.start()], open_end[0]
        else:
            self._held = ""
        return self._shown(text)

    def end(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return self._shown(text)

    def _shown(self, text: str) -> str:
        shown = _CLAIM.sub(self._judged, text)[: max(self._left, 0)]
        self._left -= len(shown)
        return shown

    def _judged(self, claim: re.Match[str]) -> str:
        whole = claim[0].rstrip(".,!?;:") if claim["link"] else claim[0]
        if any(_plain(whole) in text for text in self._told):
            return claim[0]
        kind = claim.lastgroup
        instead = {"link": NO_LINK, "phone": NO_PHONE, "sum": NO_SUM}[kind or "link"]
        return instead + claim[0][len(whole) :]


def _plain(text: str) -> str:
    return re.sub(r"[\s\-.,)(]", "", text)
