"""NewsData.io's latest news (`GET /api/1/latest`): 200 questions a day without a contract, ten articles each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from functions.news.article import SNIPPET, TITLE, NewArticle, address_of, plain, publisher, web_address
from functions.news.source import NewsSource, read, rows
from functions.news.topics import KEYWORDS, topic


class NewsDataResult(BaseModel):
    """One row of NewsData's answer; what a plan does not include is a sentence in capitals that says so."""

    title: str
    link: str
    pubDate: datetime  # noqa: N815 - NewsData's name; without an offset, in UTC
    description: str | None = None
    image_url: str | None = None
    video_url: str | None = None
    source_name: str | None = None
    source_id: str | None = None
    source_icon: str | None = None
    keywords: list[str] | None = None
    ai_tag: str | list[str] | None = None


class NewsData(NewsSource):
    """Articles of Korean papers that NewsData has, often with a picture."""

    name = "newsdata"
    questions = ("재활용 OR 분리배출 OR 기후", "재생에너지 OR 태양광 OR 전력", "인공지능 OR AI")
    every_s = 1_800
    a_day = 200

    @property
    def configured(self) -> bool:
        return bool(self._settings.newsdata_key.get_secret_value())

    async def ask(self, question: str) -> list[NewArticle]:
        body = await self._client.get(
            f"{self._settings.newsdata_url}/api/1/latest",
            {"q": question, "country": "kr", "language": "ko"},
            # In a header and not in the address, which others may write down.
            {"x-access-key": self._settings.newsdata_key.get_secret_value()},
        )
        return list(read(rows(body, "results"), _article))


def _article(row: Mapping[str, Any]) -> NewArticle | None:
    result = NewsDataResult.model_validate(row)
    url = web_address(result.link)
    title, snippet = plain(result.title, TITLE), plain(_given(result.description) or "", SNIPPET)
    found = topic(title, snippet)
    if not (url and title and found):
        return None
    named = [plain(word, 30) for word in result.keywords or () if _given(word)]
    tag = result.ai_tag if isinstance(result.ai_tag, str) else ", ".join(result.ai_tag or ())
    at = result.pubDate if result.pubDate.tzinfo else result.pubDate.replace(tzinfo=UTC)
    return NewArticle(
        address=address_of(url),
        url=url,
        title=title,
        snippet=snippet,
        source="newsdata",
        source_name=plain(result.source_name or result.source_id or "", 60) or publisher(url),
        published_at=at,
        category=found[0],
        keywords=tuple(filter(None, named))[:KEYWORDS] or found[1],
        thumbnail_url=web_address(result.image_url, secure=True),
        source_icon_url=web_address(result.source_icon, secure=True),
        video_url=web_address(result.video_url, secure=True),
        ai_tag=plain(_given(tag) or "", 100) or None,
    )


def _given(text: str | None) -> str | None:
    """The text, unless it is NewsData's word for what the plan does not include."""
    return None if text is None or text.upper().startswith("ONLY AVAILABLE IN") else text
