from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.scan.utterance import LONGEST, Utterance, normal


@pytest.mark.parametrize(
    "text",
    [
        unicodedata.normalize("NFD", "부탄가스"),
        "ㅂㅜㅌㅏㄴㄱㅏㅅㅡ",
        "부 탄 가 스",
        "부\u200b탄가스",
        "부탄-가스!",
    ],
)
def test_all_spellings_of_the_same_letters_are_one(text: str) -> None:
    assert normal(text) == "부탄가스"


def test_wide_letters_and_capitals_are_those_of_a_keyboard() -> None:
    assert normal("ＬＥＤ 전구, (2)개! ") == "led전구2개"


def test_a_past_tense_typed_in_haste_is_read_as_meant() -> None:
    assert normal("형광등이 깨졋어요") == "형광등이깨졌어요"
    assert normal("쏟앗는데 엎엇다") == "쏟았는데엎었다"
    assert normal("햇반 젓가락") == "햇반젓가락"


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert len(Utterance.of("가" * (LONGEST + 50)).letters) == LONGEST


def _span(text: str, word: str) -> tuple[Utterance, int, int]:
    said = Utterance.of(text)
    start = said.letters.index(word)
    return said, start, start + len(word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("안 깨진 병", "깨진"),
        ("병이 안깨진 거예요", "깨진"),
        ("부풀지 않았어요", "부풀"),
        ("부풀어 오르지는 않았어요", "부풀"),
        ("깨진 건 아니에요", "깨진"),
        ("깨진 데는 없어요", "깨진"),
    ],
)
def test_a_state_can_be_denied(text: str, word: str) -> None:
    said, start, end = _span(text, word)
    assert said.denied(start, end)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("집 안 깨진 유리", "깨진"),
        ("깨진 거 버릴 곳이 없어요", "깨진"),
        ("부풀어서 버리지 못해요", "부풀"),
        ("부풀었는데 쓰지 않아요", "부풀"),
        ("깨진 거 아닌가요?", "깨진"),
        ("깨진 거 아니에요?", "깨진"),
    ],
)
def test_what_is_denied_beside_it_denies_nothing(text: str, word: str) -> None:
    said, start, end = _span(text, word)
    assert not said.denied(start, end)


@pytest.mark.parametrize(
    "text", ["휘발유가 아니라 물", "휘발유 말고 물", "휘발유는 없어요", "휘발유 안 남았어요"]
)
def test_a_thing_can_be_said_not_to_be_there(text: str) -> None:
    said, _, end = _span(text, "휘발유")
    assert said.absent(end)


@pytest.mark.parametrize(
    "text", ["휘발유 버릴 데가 없어요", "휘발유 아니에요?", "휘발유인가요", "휘발유 없애는 법"]
)
def test_a_question_about_a_thing_does_not_deny_it(text: str) -> None:
    said, _, end = _span(text, "휘발유")
    assert not said.absent(end)


@given(st.text(max_size=60))
def test_words_and_letters_fit_together_in_any_text(text: str) -> None:
    said = Utterance.of(text)
    assert "".join(said.words) == said.letters
    assert said.between(0, len(said.letters)).split() == list(said.words)
