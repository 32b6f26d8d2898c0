"""Reading news: pages of articles, newest first, from a cache that is at most a minute old."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ValidationError

from functions.news.settings import NewsSettings
from functions.runtime.cache import Cache
from functions.runtime.cursor import Cursor
from functions.runtime.resources import Service
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

STALE_S: Final = 3_600
Category = Literal["all", "environment", "energy", "ai"]
SourceName = Literal["all", "naver", "newsdata"]


class ArticleEntry(BaseModel):
    """An article as the client shows it."""

    id: UUID
    title: str
    url: str
    snippet: str
    source: str
    source_name: str
    published_at: datetime
    thumbnail_url: str | None
    category: str
    source_icon_url: str | None
    video_url: str | None
    keywords: list[str]
    ai_tag: str | None


class SourceStatus(BaseModel):
    """How it stands with a source: `ok`, or `failing` since the last time it was asked."""

    state: Literal["ok", "failing"]
    updated_at: datetime | None


class FeedMeta(BaseModel):
    """How many articles match, for how many seconds this page stays as it is, and how old the news are.

    `updated_at` is when any source last gave an answer, null if none ever did; `stale`: that is over an hour ago.
    """

    total_cached: int
    cache_expires_in: int
    updated_at: datetime | None
    age_s: int | None
    stale: bool
    sources: dict[str, SourceStatus]


class FeedPage(BaseModel):
    """A page of the news; `next_cursor` is null on the last one."""

    articles: list[ArticleEntry]
    next_cursor: str | None
    has_more: bool
    meta: FeedMeta


class KeptPage(BaseModel):
    """A page as the cache holds it: without what depends on when it is read."""

    articles: list[ArticleEntry]
    next_cursor: str | None
    total: int
    sources: dict[str, SourceStatus]

    def shown(self, expires_in: int) -> FeedPage:
        """The page as it is read now."""
        updated = [status.updated_at for status in self.sources.values() if status.updated_at]
        latest = max(updated, default=None)
        age_s = max(0, int((datetime.now(UTC) - latest).total_seconds())) if latest else None
        return FeedPage(
            articles=self.articles,
            next_cursor=self.next_cursor,
            has_more=self.next_cursor is not None,
            meta=FeedMeta(
                total_cached=self.total,
                cache_expires_in=expires_in,
                updated_at=latest,
                age_s=age_s,
                stale=age_s is None or age_s > STALE_S,
                sources=self.sources,
            ),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the news is wanted."""

    category: Category = "all"
    source: SourceName = "all"
    has_image: bool | None = None

    @property
    def conditions(self) -> list[str]:
        """SQL of the rows that match."""
        conditions = []
        if self.category != "all":
            conditions.append("category = %(category)s")
        if self.source != "all":
            conditions.append("source = %(source)s")
        if self.has_image is not None:
            conditions.append(f"thumbnail_url IS {'NOT ' if self.has_image else ''}NULL")
        return conditions


class NewsFeed(Service):
    """The articles that were collected."""

    def __init__(self, database: Database, cache: Redis, cache_s: int) -> None:
        self._database, self._cache, self._cache_s = database, Cache(cache, "news"), cache_s

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over database and cache; on a developer's machine that has no articles, with the samples."""
        feed = cls(
            await resources.database(),
            await resources.redis("cache"),
            resources.settings(NewsSettings).news_cache_s,
        )
        if resources.settings(ProcessSettings).env == "local" and await feed.is_empty():
            from functions.news.collector import Collector
            from functions.news.samples import samples

            await (await resources.get(Collector)).store(samples(datetime.now(UTC)), samples=True)
        return feed

    async def is_empty(self) -> bool:
        """Whether there is no article at all."""
        return await self._database.one("SELECT 1 FROM news.articles LIMIT 1") is None

    async def page(self, wanted: Wanted, limit: int, cursor: str | None) -> FeedPage:
        """At most `limit` articles behind `cursor`. Raises Invalid for a cursor that is none."""
        behind = Cursor.parse(cursor)
        key = hashlib.sha256(repr((wanted, limit, behind)).encode()).hexdigest()
        if kept := await self._cache.get(key):
            # What another version of this code has kept may not be a page of this one.
            with suppress(ValidationError):
                return KeptPage.model_validate_json(kept.body).shown(kept.left_s)
        page = await self._read(wanted, limit, behind)
        is_kept = await self._cache.set(key, page.model_dump_json(), self._cache_s)
        return page.shown(self._cache_s if is_kept else 0)

    async def _read(self, wanted: Wanted, limit: int, behind: Cursor | None) -> KeptPage:
        parameters: dict[str, Any] = {"category": wanted.category, "source": wanted.source}
        (total,) = await self._database.one(_statement("count(*)", wanted.conditions), parameters) or (0,)
        conditions = wanted.conditions + (["(published_at, id) < (%(at)s, %(id)s)"] if behind else [])
        newest = f"{_statement(_COLUMNS, conditions)} ORDER BY published_at DESC, id DESC LIMIT %(limit)s"
        if behind:
            parameters |= {"at": behind.at, "id": behind.id}
        rows = await self._database.all(newest, {**parameters, "limit": limit + 1})
        articles = [
            ArticleEntry(**dict(zip(ArticleEntry.model_fields, row, strict=True))) for row in rows[:limit]
        ]
        more = len(rows) > limit
        last = articles[-1] if more else None
        return KeptPage(
            articles=articles,
            next_cursor=str(Cursor(last.published_at, last.id)) if last else None,
            total=total,
            sources={
                name: SourceStatus(state="failing" if failure else "ok", updated_at=at)
                for name, at, failure in await self._database.all(_SOURCES)
            },
        )


def _statement(columns: str, conditions: list[str]) -> str:
    """A SELECT from the articles; all parts are constants of this module."""
    return f"SELECT {columns} FROM news.articles WHERE {' AND '.join(conditions) or 'true'}"  # noqa: S608


_COLUMNS = ", ".join(ArticleEntry.model_fields)
_SOURCES = "SELECT name, succeeded_at, failure FROM news.sources ORDER BY name"
