"""The feed: filters before paging, every article once, readable whatever is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from functions.news.categories.func import categories
from functions.news.collect.func import collect
from functions.news.feed.func import feed
from functions.news.reading import NewsFeed, Wanted
from functions.news.samples import NAME
from functions.ops.events import NewsCollectRequested
from tests.functions.asgi_client import Functions
from tests.functions.news.conftest import USER
from tests.functions.news.wires import NewsWires, item, result

PATH = "/api/v1/info/news"
START = datetime(2026, 11, 26, tzinfo=UTC)


async def ask(functions: Functions, **query: Any) -> Any:
    answer = await functions.call(feed, "GET", PATH, user=USER, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(connection: psycopg.Connection[Any], minute: int, **more: Any) -> str:
    """Put an article of so many minutes after the start; its title, by which it is known."""
    title = str(uuid4())
    row = {
        "address": title,
        "url": "https://example.com/",
        "title": title,
        "snippet": "",
        "source": "naver",
        "source_name": "",
        "published_at": START + timedelta(minutes=minute),
        "category": "environment",
        "keywords": [],
        **more,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO news.articles ({names}) VALUES ({values})".encode(), row)
    return title


async def test_articles_have_what_the_client_shows(functions: Functions, wires: NewsWires) -> None:
    wires.items, wires.results = [item(1)], [result(1)]
    for name in ("naver", "newsdata"):
        await functions.deliver(collect, NewsCollectRequested(provider=name))
    page = await ask(functions)
    newest = page["articles"][0]
    assert list(newest) == [
        *(
            "id",
            "title",
            "url",
            "snippet",
            "source",
            "source_name",
            "published_at",
            "thumbnail_url",
            "category",
        ),
        *("source_icon_url", "video_url", "keywords", "ai_tag"),
    ]
    assert (newest["source"], newest["category"], newest["source_name"]) == (
        "newsdata",
        "energy",
        "예시에너지",
    )
    assert newest["published_at"] == "2026-11-26T01:00:00Z"
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    meta = page["meta"]
    assert (meta["total_cached"], meta["cache_expires_in"], meta["stale"]) == (2, 60, False)
    assert meta["age_s"] < 60
    assert {name: status["state"] for name, status in meta["sources"].items()} == {
        "naver": "ok",
        "newsdata": "ok",
    }


async def test_filters_apply_before_paging(functions: Functions, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for minute in range(100, 200):
            put(connection, minute)
        wanted = put(
            connection, 1, source="newsdata", category="ai", thumbnail_url="https://example.com/a.jpg"
        )
    for query in ({"category": "ai"}, {"source": "newsdata"}, {"has_image": "true"}):
        page = await ask(functions, **query, limit=1)
        assert [article["title"] for article in page["articles"]] == [wanted]
        assert (page["has_more"], page["meta"]["total_cached"]) == (False, 1)
    assert (await ask(functions, has_image="false"))["meta"]["total_cached"] == 100
    assert (await ask(functions, category="energy"))["articles"] == []
    assert (await ask(functions, category="all", source="all"))["meta"]["total_cached"] == 101


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 3), min_size=1, max_size=25),
    limit=st.integers(1, 7),
    between=st.lists(st.lists(st.integers(-1, 4), max_size=4), max_size=8),
)
async def test_every_article_comes_once_also_of_one_time_and_while_others_arrive(
    functions: Functions,
    postgres_url: str,
    valkey_url: str,
    minutes: list[int],
    limit: int,
    between: list[list[int]],
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection, Redis.from_url(valkey_url) as cache:
        connection.execute("DELETE FROM news.articles")
        cache.flushall()
        there = [put(connection, minute) for minute in minutes]
        arrivals, arrived = iter(between), []
        seen: list[str] = []
        news = await functions.resources.get(NewsFeed)
        cursor: str | None = None
        while True:
            page = await news.page(Wanted(), limit, cursor)
            seen += [article.title for article in page.articles]
            assert len(page.articles) <= limit
            assert page.has_more == (page.next_cursor is not None)
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
            arrived += [put(connection, minute) for minute in next(arrivals, [])]
        assert len(seen) == len(set(seen))
        assert set(there) <= set(seen) <= {*there, *arrived}


async def test_a_page_is_cached_and_says_for_how_long(
    functions: Functions, postgres_url: str, valkey_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection, Redis.from_url(valkey_url) as cache:
        put(connection, 1)
        assert (await ask(functions))["meta"]["cache_expires_in"] == 60
        put(connection, 2)
        (key,) = cache.keys("news:*")
        cache.expire(key, 30)
        page = await ask(functions)
        assert len(page["articles"]) == 1
        assert 28 <= page["meta"]["cache_expires_in"] <= 30
        assert len((await ask(functions, limit=20))["articles"]) == 2  # another question
        cache.set(key, b'{"of": "another version"}')
        assert len((await ask(functions))["articles"]) == 2


async def test_without_a_cache_it_is_read_from_the_database(functions: Functions, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        put(connection, 1)
    alone = Functions({**functions.resources._environ, "ECO2_REDIS_CACHE_URL": "redis://127.0.0.1:1"})
    page = await ask(alone)
    assert (len(page["articles"]), page["meta"]["cache_expires_in"]) == (1, 0)
    await alone.close()


async def test_sources_that_are_down_leave_it_readable_and_it_says_how_old_it_is(
    functions: Functions, wires: NewsWires, postgres_url: str
) -> None:
    wires.items = [item(1)]
    await functions.deliver(collect, NewsCollectRequested(provider="naver"))
    wires.mode = "500"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE news.sources SET asked_at = now() - interval '2 h', succeeded_at = now() - interval '2 h'"
        )
    await functions.deliver(collect, NewsCollectRequested(provider="naver"))
    page = await ask(functions)
    assert len(page["articles"]) == 1
    assert page["meta"]["stale"] is True
    assert 7_200 <= page["meta"]["age_s"] < 7_260
    assert page["meta"]["sources"]["naver"]["state"] == "failing"


async def test_with_no_source_at_all_it_is_empty_and_says_so(functions: Functions) -> None:
    page = await ask(functions)
    assert page == {
        "articles": [],
        "next_cursor": None,
        "has_more": False,
        "meta": {
            "total_cached": 0,
            "cache_expires_in": 60,
            "updated_at": None,
            "age_s": None,
            "stale": True,
            "sources": {},
        },
    }


async def test_samples_say_that_they_are_and_go_with_the_first_real_article(
    functions: Functions, wires: NewsWires
) -> None:
    local = Functions({**functions.resources._environ, "ECO2_ENV": "local"})
    shown = (await ask(local))["articles"]
    assert {article["category"] for article in shown} == {"environment", "energy", "ai"}
    for article in shown:
        assert article["title"].startswith("[예시] ")
        assert article["source_name"] == NAME
        assert article["url"].startswith("https://example.com/")
    wires.items = [item(1)]
    await local.deliver(collect, NewsCollectRequested(provider="naver"))
    assert len((await ask(local, limit=50))["articles"]) == 1
    await local.close()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"cursor": "x"}, 400, "INVALID_CURSOR"),
        ({"limit": 0}, 422, "VALIDATION_FAILED"),
        ({"limit": 51}, 422, "VALIDATION_FAILED"),
        ({"category": "sports"}, 422, "VALIDATION_FAILED"),
        ({"source": "daum"}, 422, "VALIDATION_FAILED"),
        ({"has_image": "maybe"}, 422, "VALIDATION_FAILED"),
    ],
)
async def test_what_can_not_be_is_refused(
    functions: Functions, query: dict[str, Any], status: int, code: str
) -> None:
    answer = await functions.call(feed, "GET", PATH, user=USER, params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_categories_are_listed(functions: Functions) -> None:
    answer = await functions.call(categories, "GET", f"{PATH}/categories", user=USER)
    assert answer.json() == {
        "categories": [
            {"id": "all", "name": "전체"},
            {"id": "environment", "name": "환경"},
            {"id": "energy", "name": "에너지"},
            {"id": "ai", "name": "AI"},
        ]
    }


async def test_reading_needs_a_login(functions: Functions) -> None:
    assert (await functions.call(feed, "GET", PATH)).status_code == 401
    assert (await functions.call(categories, "GET", f"{PATH}/categories")).status_code == 401
