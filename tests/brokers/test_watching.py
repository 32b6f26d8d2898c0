"""Whoever may watch learns of each attempt; who does not wants nothing and pays nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest
from redis.asyncio import Redis

from brokers import watching
from brokers.settings import BrokerSettings
from embedded.servers.process import free_port
from eventing.deliveries import STREAM, Delivery, recent
from process.settings import Secret
from tests.brokers.subscriber import Subscriber, answers
from tests.brokers.test_dispatch import EVENT, settled


async def seen(url: str, count: int) -> list[Delivery]:
    """The first `count` records, once they are there."""
    async with Redis.from_url(url) as redis, asyncio.timeout(20):
        while True:
            _, found = await recent(redis)
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_every_attempt_and_every_arrival_is_told(subscriber: Subscriber, valkey_url: str) -> None:
    async with watching.watched(BrokerSettings(redis_streams_url=Secret(valkey_url))):
        watching.arrived(EVENT)
        await settled(subscriber, answers(503, 202))
        await settled(subscriber, answers(400))
        found = await seen(valkey_url, 4)
    assert [(each.attempt, each.status) for each in found] == [(0, 0), (1, 503), (2, 202), (1, 400)]
    assert found[0].trigger == ""
    assert {each.trigger for each in found[1:]} == {"scan-vision"}
    assert all(each.ms > 0 for each in found[1:])


@pytest.mark.parametrize(
    "off", [{"watch": False}, {"redis_streams_url": Secret("")}], ids=["switched off", "without Redis"]
)
async def test_off_means_that_nothing_is_kept(
    off: dict[str, object], subscriber: Subscriber, valkey_url: str
) -> None:
    settings = BrokerSettings(**{"redis_streams_url": Secret(valkey_url), **off})  # type: ignore[arg-type]
    async with watching.watched(settings), Redis.from_url(valkey_url) as redis:
        await settled(subscriber, answers(202))
        assert watching._seen is None
        assert not await redis.exists(STREAM)


async def test_without_redis_deliveries_go_on_and_it_is_said_once(
    subscriber: Subscriber, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_RETRY_S", 0.01)
    monkeypatch.setattr(watching, "PACE_S", 0.01)
    url = Secret(f"redis://127.0.0.1:{free_port()}")
    with caplog.at_level(logging.WARNING):
        async with watching.watched(BrokerSettings(redis_streams_url=url)):
            for _ in range(3):
                await settled(subscriber, answers(202))
                watching.arrived(EVENT)
                await asyncio.sleep(0.05)
    assert [record.getMessage() for record in caplog.records] == [
        "nobody can watch what is delivered: ConnectionError"
    ]
