"""Which category an article belongs to, and which articles are the same report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.news.article import NewArticle
from functions.news.likeness import unlike
from functions.news.topics import NAMES, topic


@pytest.mark.parametrize(
    ("title", "snippet", "category"),
    [
        ("투명페트병 분리배출 정착", "", "environment"),
        ("태양광 발전 늘어", "환경 단체는", "energy"),
        ("AI로 쓰레기 선별", "인공지능 로봇이 재활용품을", "environment"),
        ("생성형 AI 서비스 출시", "", "ai"),
        ("오리 농장서 AI 확진", "조류인플루엔자 방역", None),
        ("고병원성 AI에 철새 감소", "생태 영향", "environment"),
        ("FAIR 원칙", "MAIL 서버", None),
        ("오늘의 운세", "", None),
        ("소식", "수소 버스", "energy"),
    ],
)
def test_the_words_decide(title: str, snippet: str, category: str | None) -> None:
    found = topic(title, snippet)
    assert (found and found[0]) == category


def test_its_keywords_are_the_words_found_the_weightiest_first() -> None:
    assert topic("재활용", "플라스틱 쓰레기 쓰레기") == ("environment", ("재활용", "쓰레기", "플라스틱"))


def test_the_names_are_those_of_the_contract() -> None:
    assert dict(NAMES) == {"all": "전체", "environment": "환경", "energy": "에너지", "ai": "AI"}


def article(title: str) -> NewArticle:
    return NewArticle(
        title, f"https://{title}", title, "", "naver", "", datetime(2026, 11, 26, tzinfo=UTC), "ai"
    )


@pytest.mark.parametrize(
    "title",
    [
        "[단독] 서울시, 내년부터 투명페트병 무인회수기 200대 늘린다",
        "서울시 내년부터 투명페트병 무인회수기 200대 늘린다(종합)",
        "서울시, 내년부터 투명페트병 무인회수기 200대 더 늘린다",
    ],
)
def test_one_report_that_several_print_is_told_once(title: str) -> None:
    first = "서울시, 내년부터 투명페트병 무인회수기 200대 늘린다"
    assert unlike([article(first), article(title)], []) == [article(first)]
    assert unlike([article(title)], [first]) == []


@pytest.mark.parametrize(
    "title",
    ["부산시, 내년부터 폐건전지 수거함 500개 늘린다", "투명페트병 무인회수기 고장 잇따라", "AI", "…", ""],
)
def test_another_report_is_another(title: str) -> None:
    first = "서울시, 내년부터 투명페트병 무인회수기 200대 늘린다"
    assert unlike([article(title)], [first]) == [article(title)]
    assert len(unlike([article("…"), article("!")], [])) == 2
