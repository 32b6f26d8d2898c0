"""Text from people: one spelling (Unicode NFC) at the door, nothing that can't be stored, names that can be seen."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from uuid import UUID

from functions.runtime.errors import Unprocessable

NUL = "must not contain the character U+0000"
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def composed(value: Any, *where: str) -> Any:
    """A text, or a JSON value with all texts in it, in NFC: what macOS sends decomposed is what others send.

    `where` says which part of a request it is. Raises Unprocessable for U+0000, which PostgreSQL can't store, and where
    two names of one object become the same.
    """
    match value:
        case str():
            if "\0" in value:
                raise refused(NUL, *where)
            return value if value.isascii() else _nfc(value)
        case list():
            return [composed(item, *where, str(place)) for place, item in enumerate(value)]
        case dict():
            made = {composed(name, *where): composed(item, *where, name) for name, item in value.items()}
            if len(made) != len(value):
                raise refused("holds one name in two spellings", *where)
            return made
        case _:
            return value


def _nfc(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


def refused(reason: str, *where: str) -> Unprocessable:
    """The client's error for a text: what is wrong with it, and where."""
    told = ".".join(where[1:]) or ".".join(where)
    finding = {"loc": list(where), "msg": reason, "type": "text"}
    return Unprocessable("VALIDATION_FAILED", f"{told}: {reason}", errors=[finding])


def identifier(text: str) -> UUID | None:
    """The UUID that a text is in its usual form; Python's parser also takes URNs, braces and other scripts' digits."""
    return UUID(text) if _ID.fullmatch(text) else None


def named(text: str) -> str:
    """A name without white space around it. Raises ValueError unless it can be seen and reads in one direction.

    Refused are control characters, those that show nothing (also 한글 채움 문자, U+3164) and those that turn the text
    around; emoji keep the invisible joints that they are made with.
    """
    import unicodedata

    text = text.strip()
    seen = _joints().sub("", text)
    kinds = [unicodedata.category(character) for character in seen]
    if "Cf" in kinds or _invisible().search(seen):
        raise ValueError("must not contain control, invisible or direction-changing characters")
    if all(kind[0] in "ZM" for kind in kinds):
        raise ValueError("must have a character that can be seen")
    return text


def shown(text: str) -> str:
    """A text without what `named` refuses, for names that nobody typed, such as those of files."""
    return _invisible().sub("", text).strip()


_PICTURES = "\u2190-\u2bff\U0001f000-\U0001faff"


@cache
def _joints() -> re.Pattern[str]:
    """Variation selectors after something, and the joiner between two pictures (a selector or not in between)."""
    joined = rf"(?<=[{_PICTURES}])\ufe0f?\u200d(?=[{_PICTURES}])"
    return re.compile(rf"{joined}|(?<=[^\s\u200b-\u200f\ufe0e\ufe0f])[\ufe0e\ufe0f]")


@cache
def _invisible() -> re.Pattern[str]:
    """Controls, lone surrogates, private use, Unicode's Default_Ignorable_Code_Point, and the empty Braille pattern."""
    ignorable = (
        "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
        "\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    )
    return re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\u2800\ud800-\uf8ff{ignorable}\U000f0000-\U0010ffff]")
