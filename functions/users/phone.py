"""Korean mobile numbers in one spelling."""

from __future__ import annotations

import re
import unicodedata

from functions.runtime.errors import Unprocessable

_FULL_WIDTH = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)
}  # ０１０－１２３４ as Korean keyboards type it
_BETWEEN = frozenset(".()+/·")
_MOBILE = re.compile(r"(010)([0-9]{4})([0-9]{4})|(01[16-9])([0-9]{3})([0-9]{4})")


def normalised(text: str) -> str:
    """`010-1234-5678` (or `011-123-4567`) from any spelling, also with country code 82. Raises Unprocessable.

    Eleven digits from 010, ten from 011 and 016 to 019; 010 never had ten. What is pasted along – spaces, dashes of any
    kind, invisible marks – is left out.
    """
    digits = "".join(c for c in text.translate(_FULL_WIDTH) if not _separates(c))
    if digits.startswith("82"):
        digits = "0" + digits[2:].removeprefix("0")
    matched = _MOBILE.fullmatch(digits)
    if matched is None:
        raise Unprocessable("INVALID_PHONE_NUMBER", "Give a Korean mobile number such as 010-1234-5678.")
    return "-".join(part for part in matched.groups() if part)


def _separates(character: str) -> bool:
    """White space, dashes and invisible marks; `−` (minus) and `~` stand for dashes, too."""
    return (
        character.isspace()
        or character in _BETWEEN
        or character in "−~"
        or unicodedata.category(character) in {"Pd", "Cf"}
    )
