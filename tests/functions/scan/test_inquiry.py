"""Whatever is asked is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.scan.classification import Classification, VisionResult
from functions.scan.defaults import RECYCLABLE
from functions.scan.inquiry import ask, look
from functions.scan.taxonomy import taxonomy

NAMES = sorted(taxonomy().spelled.values())
WORDS = """
안녕하세요 네 이거 혹시 근데 뚜껑 라벨 테이프 병 통 유리 플라스틱 깨진 젖은 남은 다 쓴 안 꼭 같이 씻어야 하나요
떼야 되나요 버려도 돼요 종량제에 재활용 이에요 인가요 아니죠 말고 이랑 은 는 가 를 도 에 으로 어디 어떻게 언제 얼마
? . , 2개 ㅋㅋ 😀 the 배터리 가스 기름 약 변기에 수거함에 무료 요일
"""
TEXTS = st.lists(
    st.sampled_from(NAMES) | st.sampled_from(WORDS.split()) | st.text(max_size=3), max_size=6
).flatmap(lambda words: st.sampled_from(["", " "]).map(lambda between: between.join(words)))


@given(TEXTS)
def test_any_text_has_an_answer(text: str) -> None:
    reply = ask(text)
    assert reply.answer and reply.steps


@given(TEXTS, st.sampled_from(["유리병", "종이", "플라스틱류", "금속류", "비닐류", "무색페트병"]))
def test_any_text_with_a_photo_has_one(text: str, middle: str) -> None:
    seen = Classification(major_category=RECYCLABLE, middle_category=middle)
    reply = look(VisionResult(classification=seen, confidence=0.9), text)
    assert reply.answer and reply.steps


@pytest.mark.parametrize("text", ["안녕하세요", "고마워요!", "?", "ㅋㅋ", "네"])
def test_what_names_nothing_is_said_to_be_unknown(text: str) -> None:
    assert ask(text).outcome == "unknown"
