"""Collecting news: asks a source within its quota and stores what is new. Tables `news.articles`, `news.sources`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from pydantic_core import to_json

from functions.news.article import NewArticle
from functions.news.likeness import unlike
from functions.news.naver import Naver
from functions.news.newsdata import NewsData
from functions.news.settings import NewsSettings
from functions.news.source import NewsSource
from functions.runtime.outside import OutsideFailure
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
PAUSE_S: Final = 3_600
"""How long a source is left alone that says that it was asked too much, but not for how long."""
ALIKE_WITHIN: Final = timedelta(days=3)
COMPARED: Final = 2_000
"""Titles that new ones are compared with, the newest."""
EXPIRED: Final = 5_000
"""Articles that are dropped at a time."""


class Collector(Service):
    """The sources of news, and where their articles go."""

    def __init__(self, database: Database, sources: Sequence[NewsSource], days: int) -> None:
        self._database, self._days = database, days
        self._sources = {source.name: source for source in sources}

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """With the settings of the process."""
        settings = resources.settings(NewsSettings)
        sources: list[NewsSource] = [Naver(settings), NewsData(settings)]
        for source in sources:
            resources.on_close(source.close)
        return cls(await resources.database(), sources, settings.news_days)

    async def collect(self, name: str) -> None:
        """Ask a source, unless it has no key, was asked just now, or its quota or patience is at an end.

        A failure is noted with the source and left to the next time; what was found before it is kept.
        """
        source = self._sources.get(name)
        if source is None or not source.configured or not await self._may_ask(source):
            return
        found: list[NewArticle] = []
        failure: OutsideFailure | None = None
        for question in source.questions:
            try:
                found += await source.ask(question)
            except OutsideFailure as error:
                failure = error
                log.warning("news of %s: %s", name, error)
                break
        stored = await self.store(found)
        pause_s = (failure.retry_after_s or PAUSE_S) if failure and failure.status == 429 else None
        await self._database.run(
            _ASKED, {"name": name, "failure": str(failure) if failure else None, "pause_s": pause_s}
        )
        log.info("news of %s: %s found, %s new", name, len(found), stored)

    async def store(self, articles: Sequence[NewArticle], *, samples: bool = False) -> int:
        """Store the articles that are new; how many. The first real ones end the samples, the oldest go."""
        now = datetime.now(UTC)
        oldest = now - timedelta(days=self._days)
        recent = [each for each in articles if each.published_at > oldest]
        titles = await self._database.all(_TITLES, (now - ALIKE_WITHIN, COMPARED))
        new = await asyncio.to_thread(unlike, recent, [title for (title,) in titles])
        given = to_json([asdict(article) for article in new]).decode()
        stored = await self._database.all(_STORE, {"articles": given, "sample": samples})
        if stored and not samples:
            await self._database.run("DELETE FROM news.articles WHERE sample")
        await self._database.run(_EXPIRE, (oldest, EXPIRED))
        return len(stored)

    async def _may_ask(self, source: NewsSource) -> bool:
        """Whether it may be asked now; it counts as asked then, so that two collectors don't both ask."""
        claim = {
            "name": source.name,
            "questions": len(source.questions),
            "a_day": source.a_day,
            "least_s": source.every_s / 2,
        }
        return await self._database.one(_CLAIM, claim) is not None


_TITLES = """
SELECT title FROM news.articles WHERE published_at > %s AND NOT sample ORDER BY published_at DESC, id DESC LIMIT %s
"""
# An article of tomorrow would stand above all others until then.
_STORE = """
INSERT INTO news.articles (address, url, title, snippet, source, source_name, published_at, category, keywords,
    thumbnail_url, source_icon_url, video_url, ai_tag, sample)
SELECT address, url, title, snippet, source, source_name, least(published_at, now()), category, keywords,
    thumbnail_url, source_icon_url, video_url, ai_tag, %(sample)s
FROM jsonb_to_recordset(%(articles)s::jsonb) AS a (address text, url text, title text, snippet text, source text,
    source_name text, published_at timestamptz, category text, keywords text[], thumbnail_url text,
    source_icon_url text, video_url text, ai_tag text)
ON CONFLICT (address) DO NOTHING
RETURNING id
"""
_EXPIRE = """
DELETE FROM news.articles WHERE id IN (
    SELECT id FROM news.articles WHERE published_at < %s ORDER BY published_at, id LIMIT %s
)
"""
_CLAIM = """
WITH today AS (SELECT (now() AT TIME ZONE 'UTC' + interval '9 hours')::date AS day)
INSERT INTO news.sources AS s (name, asked_at, day, asked) SELECT %(name)s, now(), day, %(questions)s FROM today
ON CONFLICT (name) DO UPDATE SET asked_at = excluded.asked_at, day = excluded.day,
    asked = excluded.asked + CASE WHEN s.day = excluded.day THEN s.asked ELSE 0 END
WHERE (s.asked_at IS NULL OR s.asked_at < now() - make_interval(secs => %(least_s)s::float8))
    AND (s.paused_until IS NULL OR s.paused_until <= now())
    AND excluded.asked + CASE WHEN s.day = excluded.day THEN s.asked ELSE 0 END <= %(a_day)s
RETURNING name
"""
_ASKED = """
UPDATE news.sources SET failure = %(failure)s,
    succeeded_at = CASE WHEN %(failure)s::text IS NULL THEN now() ELSE succeeded_at END,
    paused_until = now() + make_interval(secs => %(pause_s)s::float8)
WHERE name = %(name)s
"""
