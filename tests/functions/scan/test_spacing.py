"""Questions typed without spaces are read by the name they begin with."""

from __future__ import annotations

import pytest

from functions.scan.retrieval import search
from functions.scan.spacing import spaced


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("칫솔은플라스틱이에요", "칫솔은 플라스틱이에요"),
        ("우산은어떻게버려요", "우산은 어떻게 버려요"),
        ("커텐떼낸거어디버려요", "커텐 떼낸거 어디 버려요"),
        ("밥솥하나만도무료로가져가나요", "밥솥 하나만도 무료로가져가나요"),
        ("강아지배변패드는일반쓰레기죠", "강아지 배변패드는 일반쓰레기죠"),
        ("라면봉지랑과자봉지비닐류맞나요", "라면봉지랑 과자봉지 비닐류맞나요"),
        ("티백우려낸거 어떻케 버려요", "티백 우려낸거 어떻케 버려요"),
        ("칫솔은 플라스틱이에요", ""),
        ("가나다라마바사", ""),
        ("칫솔", ""),
        ("", ""),
    ],
)
def test_spaces_stand_after_the_name_and_before_what_is_asked(question: str, read: str) -> None:
    assert spaced(question) == read


@pytest.mark.parametrize(
    ("question", "item"),
    [
        ("칫솔은플라스틱이에요?", "칫솔"),
        ("냄비태웠는데어떻게버려요", "냄비"),
        ("커텐떼낸거어디버려요", "커튼"),
        ("배추는음식물이에요", "배추"),
        ("밥솥하나만도무료로가져가나요", "전기밥솥"),
        ("기타같은악기는대형인가요", "악기"),
        ("헌옷수거함에이불넣어도되나요", "솜이불"),
        ("쇼파3인용스티커얼마에요", "소파"),
    ],
)
def test_what_is_named_so_is_answered(question: str, item: str) -> None:
    match = search(question)
    assert match is not None
    assert (match.finding, match.item) == ("named", item)
