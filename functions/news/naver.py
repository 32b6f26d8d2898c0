"""Naver's search of news (NAVER Developers, `GET /v1/search/news.json`): 25,000 questions a day."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pydantic import BaseModel

from functions.news.article import SNIPPET, TITLE, NewArticle, address_of, plain, publisher, web_address
from functions.news.source import NewsSource, read, rows
from functions.news.topics import topic

DISPLAY: Final = 50
"""Articles of one answer; Naver gives up to 100."""


class NaverItem(BaseModel):
    """One row of Naver's answer: title and description have `<b>` around what was searched, and entities."""

    title: str
    link: str
    originallink: str = ""
    description: str = ""
    pubDate: str  # noqa: N815 - Naver's name, a date as in e-mails (RFC 5322)


class Naver(NewsSource):
    """Articles that Naver finds, of all papers. It gives no pictures."""

    name = "naver"
    # `|` is Naver's word for or.
    questions = (
        "분리배출 | 재활용 | 자원순환",
        "기후위기 | 탄소중립 | 환경오염",
        "재생에너지 | 태양광 | 전력망",
        "인공지능 | 생성형 AI",
    )
    every_s = 300
    a_day = 25_000

    @property
    def configured(self) -> bool:
        settings = self._settings
        return bool(
            settings.naver_news_id.get_secret_value() and settings.naver_news_secret.get_secret_value()
        )

    async def ask(self, question: str) -> list[NewArticle]:
        body = await self._client.get(
            f"{self._settings.naver_news_url}/v1/search/news.json",
            {"query": question, "display": str(DISPLAY), "start": "1", "sort": "date"},
            {
                "x-naver-client-id": self._settings.naver_news_id.get_secret_value(),
                "x-naver-client-secret": self._settings.naver_news_secret.get_secret_value(),
            },
        )
        return list(read(rows(body, "items"), _article))


def _article(row: Mapping[str, Any]) -> NewArticle | None:
    item = NaverItem.model_validate(row)
    url = web_address(item.originallink) or web_address(item.link)
    published_at = parsedate_to_datetime(item.pubDate)
    title, snippet = plain(item.title, TITLE), plain(item.description, SNIPPET)
    found = topic(title, snippet)
    if not (url and title and found and published_at.tzinfo):
        return None
    return NewArticle(
        address=address_of(url),
        url=url,
        title=title,
        snippet=snippet,
        source="naver",
        source_name=publisher(url),
        published_at=published_at,
        category=found[0],
        keywords=found[1],
    )
