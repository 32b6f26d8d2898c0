"""Likeness of titles, by which one report that several papers print is told once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from functions.news.article import NewArticle

ALIKE: Final = 0.7
"""Share of common pairs of characters (Jaccard) from which two titles tell of the same report."""
_LABEL: Final = re.compile(
    r"\[[^\[\]]{1,12}\]|\((?:종합\d?|속보|단독|상보|영상|포토|\d보)\)|【[^【】]{1,12}】"
)


def unlike(articles: Iterable[NewArticle], titles: Iterable[str]) -> list[NewArticle]:
    """The articles whose titles are like none of `titles` and none before them."""
    known = [found for title in titles if (found := pairs(title))]
    kept: list[NewArticle] = []
    for article in articles:
        own = pairs(article.title)
        if not _is_known(own, known):
            kept.append(article)
            if own:
                known.append(own)
    return kept


def pairs(title: str) -> frozenset[str]:
    """The pairs of neighbouring letters of a title, without labels such as [단독] and without punctuation."""
    folded = unicodedata.normalize("NFKC", _LABEL.sub("", title)).casefold()
    return frozenset(map("".join, pairwise(c for c in folded if c.isalnum())))


def _is_known(own: frozenset[str], known: Sequence[frozenset[str]]) -> bool:
    size = len(own)
    for other in known:
        # Of sets so different in size, the share can't be large enough: most are passed by here.
        if ALIKE * size <= len(other) <= size / ALIKE and size:
            common = len(own & other)
            if common >= ALIKE * (size + len(other) - common):
                return True
    return False
