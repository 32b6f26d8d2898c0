"""Collecting: what sources have is stored once, within their quotas, and a source that is down costs nothing else."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import psycopg
import pytest

from functions.news.collect.func import collect
from functions.news.collector import Collector
from functions.news.naver import Naver
from functions.news.newsdata import NewsData
from functions.ops.clocks import CLOCKS
from functions.ops.events import NewsCollectRequested
from tests.functions.asgi_client import Functions
from tests.functions.contract import EventFunctionContract
from tests.functions.news.wires import NAVER_ID, NAVER_SECRET, NEWSDATA_KEY, Mode, NewsWires, item, result

FAILURES: list[Mode] = ["500", "slow", "garbage", "array", "endless", "quota"]
Name = Literal["naver", "newsdata"]


class TestContract(EventFunctionContract):
    name = "news-collect"


async def tick(functions: Functions, name: Name) -> None:
    answer = await functions.deliver(collect, NewsCollectRequested(provider=name))
    assert answer.status_code == 204, answer.text


async def rows(functions: Functions, sql: str) -> list[tuple[Any, ...]]:
    return await (await functions.resources.database()).all(sql)


async def later(functions: Functions) -> None:
    """As if the sources had been asked long ago."""
    await rows(functions, "UPDATE news.sources SET asked_at = asked_at - interval '1 hour'")


async def test_what_naver_finds_is_stored_clean(functions: Functions, wires: NewsWires) -> None:
    wires.items = [item(1, "<b>재활용</b> &quot;현장&quot;")]
    await tick(functions, "naver")
    assert await rows(
        functions,
        "SELECT title, snippet, url, source, source_name, category, thumbnail_url, published_at FROM news.articles",
    ) == [
        (
            '재활용 "현장"',
            '분리배출 재활용 "소식"',
            "https://www.example.co.kr/news/1",
            "naver",
            "example.co.kr",
            "environment",
            None,
            datetime(2026, 11, 26, tzinfo=UTC),
        )
    ]
    assert [path for path, _ in wires.asked] == ["/v1/search/news.json"] * len(Naver.questions)
    assert wires.asked[0][1] == {
        "query": Naver.questions[0],
        "display": "50",
        "start": "1",
        "sort": "date",
    }


async def test_what_newsdata_has_is_stored_without_what_the_plan_hides(
    functions: Functions, wires: NewsWires
) -> None:
    wires.results = [
        result(1),
        result(2, image_url="http://img.example.com/2.jpg", keywords=None, source_name=None),
    ]
    await tick(functions, "newsdata")
    assert await rows(
        functions,
        "SELECT source_name, thumbnail_url, source_icon_url, ai_tag, keywords, published_at "
        "FROM news.articles ORDER BY url",
    ) == [
        (
            "예시에너지",
            "https://img.example.com/1.jpg",
            "https://img.example.com/icon.png",
            None,
            ["태양광", "전력"],
            datetime(2026, 11, 26, 1, tzinfo=UTC),
        ),
        (
            "example",
            None,
            "https://img.example.com/icon.png",
            None,
            ["태양광", "재생에너지"],
            datetime(2026, 11, 26, 1, tzinfo=UTC),
        ),
    ]
    assert "apikey" not in wires.asked[0][1]


async def test_an_article_is_stored_once_whoever_tells_of_it(functions: Functions, wires: NewsWires) -> None:
    wires.items = [item(1), item(1, "다른 제목의 재활용 기사"), item(2, "태양광 소식 하나")]
    wires.results = [
        result(1, "재활용에 대한 다른 말", link="http://m.example.co.kr/news/1?utm_source=x"),
        result(2, "[속보] 태양광 소식 하나"),
    ]
    await tick(functions, "naver")
    await later(functions)
    await tick(functions, "naver")
    await tick(functions, "newsdata")
    assert len(await rows(functions, "SELECT 1 FROM news.articles")) == 2


async def test_rows_that_make_no_sense_are_left_out(functions: Functions, wires: NewsWires) -> None:
    wires.items = [
        *(
            3,
            {"title": "재활용"},
            item(2, pubDate="someday"),
            item(3, pubDate="Thu, 26 Nov 2026 09:00:00 -0000"),
        ),
        *(
            item(4, "오늘의 운세", description=""),
            item(5, originallink="javascript:x", link="x"),
            item(6, "<b></b>"),
        ),
        item(7, originallink="not an address"),
    ]
    wires.results = [result(1, pubDate="yesterday"), {**result(2), "title": None}, result(3, link="x")]
    await tick(functions, "naver")
    await tick(functions, "newsdata")
    assert await rows(functions, "SELECT url FROM news.articles") == [
        ("https://n.news.naver.com/mnews/article/001/0000000007",)
    ]


@pytest.mark.parametrize("name", ["naver", "newsdata"])
@pytest.mark.parametrize("mode", FAILURES)
async def test_a_failure_is_noted_and_the_next_time_may_succeed(
    functions: Functions, wires: NewsWires, mode: Mode, name: Name
) -> None:
    wires.mode = mode
    await tick(functions, name)
    ((failure, succeeded_at),) = await rows(functions, "SELECT failure, succeeded_at FROM news.sources")
    assert failure
    assert succeeded_at is None
    assert len(wires.asked) == 1  # and the other questions are left
    wires.mode, wires.items, wires.results = "well", [item(1)], [result(1)]
    await rows(functions, "UPDATE news.sources SET paused_until = now()")
    await later(functions)
    await tick(functions, name)
    ((failure, succeeded_at),) = await rows(functions, "SELECT failure, succeeded_at FROM news.sources")
    assert (failure, succeeded_at is not None) == (None, True)
    assert len(await rows(functions, "SELECT 1 FROM news.articles")) == 1


async def test_what_was_found_before_a_failure_is_kept(functions: Functions, wires: NewsWires) -> None:
    wires.mode, wires.items = "second fails", [item(1)]
    await tick(functions, "naver")
    assert len(await rows(functions, "SELECT 1 FROM news.articles")) == 1
    assert await rows(functions, "SELECT failure FROM news.sources") == [("status 500",)]


@pytest.mark.parametrize(("retry_after", "seconds"), [("120", 120), ("", 3_600), ("soon", 3_600)])
async def test_who_asked_too_much_waits_as_long_as_it_is_told(
    functions: Functions, wires: NewsWires, retry_after: str, seconds: int
) -> None:
    wires.mode, wires.retry_after = "quota", retry_after
    await tick(functions, "newsdata")
    ((pause,),) = await rows(
        functions, "SELECT extract(epoch FROM paused_until - now())::float8 FROM news.sources"
    )
    assert seconds - 60 < pause <= seconds
    await later(functions)
    await tick(functions, "newsdata")
    assert len(wires.asked) == 1


async def test_a_day_has_so_many_questions(functions: Functions, wires: NewsWires) -> None:
    await tick(functions, "newsdata")
    await rows(functions, "UPDATE news.sources SET asked = 198")
    await later(functions)
    await tick(functions, "newsdata")
    assert len(wires.asked) == 3  # 198 and three more would be above 200
    await rows(functions, "UPDATE news.sources SET day = day - 1")
    await tick(functions, "newsdata")
    assert len(wires.asked) == 6
    assert await rows(functions, "SELECT asked FROM news.sources") == [(3,)]


async def test_requests_that_come_together_ask_once(functions: Functions, wires: NewsWires) -> None:
    wires.items = [item(1)]
    await asyncio.gather(*(tick(functions, "naver") for _ in range(5)))
    assert len(wires.asked) == len(Naver.questions)


async def test_without_a_key_nobody_is_asked(postgres_url: str, wires: NewsWires) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url})
    for name in ("naver", "newsdata"):
        await tick(functions, name)
    assert await rows(functions, "SELECT 1 FROM news.sources") == []
    await functions.close()


def test_the_clocks_stay_within_the_quotas() -> None:
    for source in (Naver, NewsData):
        (clock,) = [clock for clock in CLOCKS if clock.data == {"provider": source.name}]
        assert NewsCollectRequested.model_validate(clock.data).provider == source.name
        assert clock.every_s == source.every_s
        assert 86_400 / source.every_s * len(source.questions) <= source.a_day


async def test_old_articles_go_and_do_not_come_again(postgres_url: str, functions: Functions) -> None:
    from functions.news.samples import samples

    now = datetime.now(UTC)
    collector = Collector(await functions.resources.database(), [], days=30)
    old = samples(now - timedelta(days=31))
    assert await collector.store(old) == 0
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        await collector.store(samples(now))
        connection.execute("UPDATE news.articles SET published_at = now() - interval '31 days'")
    assert await collector.store([]) == 0
    assert await rows(functions, "SELECT 1 FROM news.articles") == []


async def test_an_article_of_tomorrow_is_one_of_now(functions: Functions, wires: NewsWires) -> None:
    wires.items = [item(1, pubDate="Thu, 26 Nov 2099 09:00:00 +0900")]
    await tick(functions, "naver")
    assert await rows(functions, "SELECT published_at <= now() FROM news.articles") == [(True,)]


async def test_keys_are_in_no_log_and_in_no_row(
    functions: Functions, wires: NewsWires, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for mode in FAILURES:
        wires.mode = mode
        await tick(functions, "naver")
        await tick(functions, "newsdata")
        await rows(functions, "UPDATE news.sources SET paused_until = now()")
        await later(functions)
    noted = str(await rows(functions, "SELECT failure FROM news.sources"))
    for key in (NAVER_ID, NAVER_SECRET, NEWSDATA_KEY):
        assert key not in caplog.text
        assert key not in noted
    assert "news of naver: status 500" in caplog.text
