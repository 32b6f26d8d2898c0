"""Spaces for a question that was typed without any: 칫솔은플라스틱이에요 reads 칫솔은 플라스틱이에요."""

from __future__ import annotations

import re

from functions.scan.taxonomy import taxonomy

SHORTEST, LONGEST = 2, 10  # letters of the name that it begins with
_PARTICLE = re.compile(r"(은|는|이|가|을|를|도|만|하나만?|같은(것|거)?|여러개)(?=[가-힣]{2})")
_SPACE = r" \g<1>"
_BEFORE = re.compile(r"(?<=[가-힣])(어떻게|어디|무료|그냥|버려|버리|넣어|되나요|돼요)")


def spaced(question: str) -> str:
    """The question with spaces after the name that it begins with and its particle, and before what is asked.

    Empty where there are spaces already, or where it begins with no name.
    """
    text = question.strip()
    if len(text.split()) != 1:
        return ""
    for size in range(min(LONGEST, len(text) - SHORTEST), SHORTEST - 1, -1):
        if taxonomy().named(text[:size]):
            particle = _PARTICLE.match(text, size)
            end = particle.end() if particle else size
            return f"{text[:end]} {_BEFORE.sub(_SPACE, text[end:]).strip()}"
    return ""
