"""Lists the categories of news."""

from __future__ import annotations

from pydantic import BaseModel

from functions.news.topics import NAMES
from functions.runtime import User, http_function


class NewsCategory(BaseModel):
    """A category, and what people call it."""

    id: str
    name: str


class NewsCategories(BaseModel):
    """All categories, beginning with the one that means all."""

    categories: list[NewsCategory]


@http_function("GET /api/v1/info/news/categories")
async def categories(user: User) -> NewsCategories:  # noqa: ARG001 - asking for the user is what demands a login
    """The categories with their Korean names."""
    return NewsCategories(categories=[NewsCategory(id=id, name=name) for id, name in NAMES.items()])


new = categories.new
