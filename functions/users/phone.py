"""Korean mobile numbers in one spelling."""

from __future__ import annotations

import re

from functions.runtime.errors import Unprocessable

_SEPARATORS = re.compile(r"[\s().+-]")
_MOBILE = re.compile(r"(010)(\d{4})(\d{4})|(01\d)(\d{3})(\d{4})")


def normalised(text: str) -> str:
    """`010-1234-5678` (or `01x-123-4567`) from any spelling, also with country code 82. Raises Unprocessable."""
    digits = _SEPARATORS.sub("", text)
    if digits.startswith("82"):
        digits = "0" + digits[2:].removeprefix("0")
    matched = _MOBILE.fullmatch(digits) if digits.isascii() and 10 <= len(text) <= 20 else None
    if matched is None:
        raise Unprocessable("INVALID_PHONE_NUMBER", "Give a Korean mobile number such as 010-1234-5678.")
    return "-".join(part for part in matched.groups() if part)
