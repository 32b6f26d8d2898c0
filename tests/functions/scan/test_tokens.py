"""Questions fall into words that names are made of, and pairs of letters."""

from __future__ import annotations

import pytest

from functions.scan.tokens import asked, tokens, words

KNOWN = words(["유리 조각", "유리컵", "컵", "면 티셔츠", "쓰레기 집게"])


def test_what_every_question_has_is_no_word() -> None:
    assert {"유리", "조각", "유리컵", "컵", "면", "티셔츠", "집게"} == KNOWN


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("유리컵이 깨졌어요", ["유리컵"]),
        ("유리조각은요", ["유리", "조각"]),
        ("컵은 어디에", ["컵"]),
        ("컵", ["컵"]),
        ("종이컵", []),  # a word of one letter within another says nothing
        ("라면 국물", []),
        ("", []),
        ("?!", []),
    ],
)
def test_the_longest_words_are_found(text: str, found: list[str]) -> None:
    assert tokens(text, KNOWN) == found


def test_verbs_are_not_spelled_out() -> None:
    assert asked("유리컵이 깨졌어요", KNOWN) == (["유리컵"], ["~유리", "~리컵", "~컵이"])
    assert asked("스티로뽐 상자", KNOWN) == ([], ["~스티", "~티로", "~로뽐", "~상자"])
