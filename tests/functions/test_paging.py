"""Walking the pages of a collection gives every row once, whatever times are equal and whatever is added meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.chat.conversation_list.func import conversation_list
from functions.chat.detail.func import detail
from functions.news.feed.func import feed
from functions.ops.letters.func import letters
from functions.runtime.declaration import HttpFunction
from functions.runtime.decorators import Declared
from functions.runtime.registry import load_all
from functions.scan.history.func import history
from tests.functions.asgi_client import Functions

BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)
EACH = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
MOST_PAGES = 200


@dataclass
class Shelf:
    """A fresh collection: of a user of its own, where it is a user's."""

    connection: psycopg.AsyncConnection[Any]
    user: str = field(default_factory=lambda: str(uuid4()))
    chat: str = field(default_factory=lambda: str(uuid4()))


@pytest.fixture
async def functions(postgres_url: str, valkey_url: str) -> AsyncIterator[Functions]:
    """Functions of one process, without a cache of news."""
    stores = {f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "PUBSUB", "STATE")}
    stores["ECO2_REDIS_CACHE_URL"] = "redis://127.0.0.1:1"  # a cache that is down is an empty cache
    functions = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_ENV": "local", **stores})
    yield functions
    await functions.close()


class PagedContract(ABC):
    """What holds of every collection with pages."""

    function: Declared

    @abstractmethod
    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        """Add a row of that time."""

    @abstractmethod
    def path(self, shelf: Shelf) -> str:
        """Where the collection is."""

    @abstractmethod
    def rows(self, page: Any) -> list[str]:
        """The ids on a page."""

    async def begin(self, shelf: Shelf) -> None:
        """Prepare what the rows belong to."""
        assert shelf.user, "each has a user of its own"

    def following(self, page: Any) -> dict[str, Any] | None:
        """The query of the page behind this one."""
        return {"cursor": page["next_cursor"]} if page["next_cursor"] else None

    @given(
        seconds=st.lists(st.integers(0, 2), min_size=1, max_size=12),
        limit=st.integers(1, 5),
        added=st.lists(st.lists(st.integers(0, 4), max_size=2), max_size=4),
    )
    @EACH
    async def test_every_row_comes_once(
        self, functions: Functions, postgres_url: str, seconds: list[int], limit: int, added: list[list[int]]
    ) -> None:
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
            shelf = Shelf(connection)
            await self.begin(shelf)
            there = [uuid4() for _ in seconds]
            for row, second in zip(there, seconds, strict=True):
                await self.add(shelf, row, BEGAN + timedelta(seconds=second))
            seen: list[str] = []
            query: dict[str, Any] | None = {}
            meanwhile = iter(added)
            for _ in range(MOST_PAGES):
                answer = await functions.call(
                    self.function,
                    "GET",
                    self.path(shelf),
                    user=shelf.user,
                    params={"limit": limit, **(query or {})},
                )
                assert answer.status_code == 200, answer.text
                page = answer.json()
                assert len(self.rows(page)) <= limit
                seen += self.rows(page)
                if (query := self.following(page)) is None:
                    break
                for second in next(meanwhile, []):
                    await self.add(shelf, uuid4(), BEGAN + timedelta(seconds=second))
            else:
                pytest.fail("the pages have no end")
        assert len(seen) == len(set(seen)), "a row came twice"
        assert {str(row) for row in there} <= set(seen), "a row never came"


class TestHistoryOfScans(PagedContract):
    function = history

    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        await shelf.connection.execute(
            "INSERT INTO scan.jobs (id, user_id, image_url, user_input, model, request_hash, created_at, deadline_at) "
            "VALUES (%s, %s, 'https://e.example/a.jpg', '', 'local', '', %s, now())",
            (row, shelf.user, at),
        )

    def path(self, shelf: Shelf) -> str:
        return "/api/v1/scan"

    def rows(self, page: Any) -> list[str]:
        return [scan["job_id"] for scan in page["scans"]]


class TestConversations(PagedContract):
    function = conversation_list

    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        await shelf.connection.execute(
            "INSERT INTO chat.conversations (id, user_id, sorted_at) VALUES (%s, %s, %s)",
            (row, shelf.user, at),
        )

    def path(self, shelf: Shelf) -> str:
        return "/api/v1/chat"

    def rows(self, page: Any) -> list[str]:
        return [chat["id"] for chat in page["chats"]]


class TestMessages(PagedContract):
    function = detail

    async def begin(self, shelf: Shelf) -> None:
        await shelf.connection.execute(
            "INSERT INTO chat.conversations (id, user_id) VALUES (%s, %s)", (shelf.chat, shelf.user)
        )

    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        await shelf.connection.execute(
            "INSERT INTO chat.messages (id, conversation_id, job_id, role, content, created_at) "
            "VALUES (%s, %s, %s, 'user', '?', %s)",
            (row, shelf.chat, uuid4(), at),
        )

    def path(self, shelf: Shelf) -> str:
        return f"/api/v1/chat/{shelf.chat}"

    def rows(self, page: Any) -> list[str]:
        return [message["id"] for message in page["messages"]]


class TestNews(PagedContract):
    function = feed

    async def begin(self, shelf: Shelf) -> None:
        await shelf.connection.execute("DELETE FROM news.articles")

    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        await shelf.connection.execute(
            "INSERT INTO news.articles (id, address, url, title, snippet, source, source_name, published_at, "
            "category, keywords) "
            "VALUES (%s, %s, 'https://e.example/', '제목', '', 'naver', '신문', %s, 'environment', '{}')",
            (row, str(row), at),
        )

    def path(self, shelf: Shelf) -> str:
        return "/api/v1/info/news"

    def rows(self, page: Any) -> list[str]:
        return [article["id"] for article in page["articles"]]


class TestDeadLetters(PagedContract):
    """Paged by their numbers, which are given out in order: what is added meanwhile is newer than every page."""

    function = letters

    async def begin(self, shelf: Shelf) -> None:
        await shelf.connection.execute("DELETE FROM ops.quarantine")

    async def add(self, shelf: Shelf, row: UUID, at: datetime) -> None:
        await shelf.connection.execute(
            "INSERT INTO ops.quarantine (source, event_id, trigger, type, attributes, data, first_seen_at) "
            "VALUES ('/e', %s, 't', 'eco2.e', '{}', '', %s)",
            (str(row), at),
        )

    def path(self, shelf: Shelf) -> str:
        return "/api/v1/ops/dead-letters"

    def rows(self, page: Any) -> list[str]:
        return [letter["event_id"] for letter in page]

    def following(self, page: Any) -> dict[str, Any] | None:
        return {"before": page[-1]["id"]} if page else None


def test_every_collection_with_pages_is_walked_here() -> None:
    paged = {
        function.name
        for function in load_all()
        if isinstance(function, HttpFunction)
        and {"cursor", "before"} & function.handler.__annotations__.keys()
    }
    assert paged == {kind.function.declaration.name for kind in PagedContract.__subclasses__()}
