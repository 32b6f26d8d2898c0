"""Samples for a first look at the news: no paper printed them, and each of them says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from functions.news.article import NewArticle

NAME: Final = "예시 소식"
SNIPPET: Final = "화면을 미리 보여 드리려고 넣은 예시예요. 실제 기사가 아니에요."
_TITLES: Final = (
    ("environment", "투명페트병은 라벨을 떼고 찌그러뜨려 배출해요"),
    ("environment", "스티로폼 상자는 테이프와 운송장을 떼고 배출해요"),
    ("energy", "쓰지 않는 플러그를 뽑으면 대기전력을 줄일 수 있어요"),
    ("energy", "다 쓴 건전지는 폐건전지 수거함에 넣어요"),
    ("ai", "사진 한 장으로 분리배출 방법을 찾아봐요"),
)


def samples(now: datetime) -> list[NewArticle]:
    """The samples, as if of the last hours; their addresses lie below example.com, which is nobody's."""
    return [
        NewArticle(
            address=f"example.com/eco2/sample-{number}",
            url=f"https://example.com/eco2/sample-{number}",
            title=f"[예시] {title}",
            snippet=SNIPPET,
            source="naver",
            source_name=NAME,
            published_at=now - timedelta(hours=number),
            category=category,
            keywords=("예시",),
        )
        for number, (category, title) in enumerate(_TITLES, 1)
    ]
