"""Shows the news, newest first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.news.reading import Category, FeedPage, NewsFeed, SourceName, Wanted
from functions.runtime import User, http_function


@http_function("GET /api/v1/info/news")
async def feed(
    user: User,  # noqa: ARG001 - asking for the user is what demands a login
    news: NewsFeed,
    category: Category = "all",
    source: SourceName = "all",
    has_image: bool | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
    cursor: str | None = None,
) -> FeedPage:
    """A page of at most `limit` articles behind `cursor`."""
    return await news.page(Wanted(category, source, has_image), limit, cursor)


new = feed.new
