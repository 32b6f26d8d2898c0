"""Names that were misspelled: the ones that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from cli.words import say

MOST = 3


def near(name: str, known: Iterable[str]) -> list[str]:
    """The likeliest of the known names, else those that hold the given one; at most MOST."""
    names = list(known)
    return get_close_matches(name, names, MOST) or [each for each in names if name and name in each][:MOST]


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about an unknown name: take a near one, `otherwise` where none is."""
    found = near(name, known)
    return say("did you mean {names}?", names=", ".join(found)) if found else otherwise
