"""What a source of news is, and how the rows of its answers are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic_core import from_json

from functions.news.article import NewArticle
from functions.news.settings import NewsSettings
from functions.runtime.outside import OutsideClient, OutsideFailure


class NewsSource(ABC):
    """A source of news, asked each of its `questions` every `every_s`, and at most `a_day` of them on a day."""

    name: ClassVar[str]
    questions: ClassVar[tuple[str, ...]]
    every_s: ClassVar[int]
    a_day: ClassVar[int]

    def __init__(self, settings: NewsSettings) -> None:
        self._settings = settings
        self._client = OutsideClient(f"news {self.name}", timeout_s=settings.news_timeout_s)

    @property
    @abstractmethod
    def configured(self) -> bool:
        """Whether there is a key for it."""

    @abstractmethod
    async def ask(self, question: str) -> list[NewArticle]:
        """The newest articles for a question. Raises OutsideFailure; rows that make no sense are left out."""

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()


def rows(body: bytes, list_name: str) -> list[Any]:
    """The list of that name in a JSON object. Raises OutsideFailure."""
    try:
        document = from_json(body)
    except ValueError:
        raise OutsideFailure("an answer that is no JSON") from None
    found = document.get(list_name) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise OutsideFailure("an answer of another form")
    return found


def read(found: list[Any], one: Callable[[Mapping[str, Any]], NewArticle | None]) -> Iterator[NewArticle]:
    """The articles of these rows; `one` gives None, or raises ValueError or TypeError, for a row that is none."""
    for row in found:
        try:
            article = one(row) if isinstance(row, dict) else None
        except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
            article = None
        if article:
            yield article
