"""The characters are the contract's, each with its own code and line."""

from __future__ import annotations

from functions.character.catalogue import CHARACTERS, DEFAULT

CONTRACT = """
페이피 char-paepy 종이
팩토리 char-factory 종이팩
페티 char-petty 무색페트병
메탈리 char-metally 금속류
비니 char-bini 비닐류
글래시 char-glassy 유리병
코튼 char-cotton 의류및원단
플리 char-plea 플라스틱류
일렉 char-eb7429f0523f 전기전자제품
배리 char-battery 전지
라이티 char-lighty 조명제품
폼이 char-foamy 발포합성수지
"""


def test_the_characters_are_those_of_the_contract() -> None:
    rows = [tuple(line.split()) for line in CONTRACT.strip().splitlines()]
    assert [(c.name, c.code, c.match) for c in CHARACTERS if c.match] == rows
    assert (DEFAULT.name, DEFAULT.code, DEFAULT.match) == ("이코", "char-eco", None)


def test_codes_and_names_are_unique_and_only_the_default_one_is_of_the_basic_type() -> None:
    assert len({c.code for c in CHARACTERS}) == len({c.name for c in CHARACTERS}) == len(CHARACTERS) == 13
    assert [c for c in CHARACTERS if c.type == "기본"] == [DEFAULT]
    assert {c.type for c in CHARACTERS} == {"기본", "재활용"}
