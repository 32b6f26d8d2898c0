"""Deliveries that may be watched: bounded, in order, and without what nobody shall read."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from eventing import deliveries
from eventing.cloudevent import CloudEvent
from eventing.deliveries import SHOWN_BYTES, delivery, mask

TRACE = "0af7651916cd43dd8448eb211c80319c"
EVENT = CloudEvent(
    "1",
    "/eco2/scan/submit",
    "eco2.scan.requested",
    subject="job-1",
    extensions={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    data='{"user_input":"병\\n010-1234-5678"}'.encode(),
)


@pytest.mark.parametrize("protocol", [2, 3])
async def test_records_come_back_in_order_and_go_on_where_they_were_left(
    valkey_url: str, protocol: int
) -> None:
    async with Redis.from_url(valkey_url, protocol=protocol) as redis:
        assert await deliveries.recent(redis) == ("0-0", [])
        await deliveries.write(redis, [delivery(EVENT, at=1.0)])
        await deliveries.write(
            redis,
            [
                delivery(
                    EVENT, at=2.0, trigger="scan-vision", attempt=1, status=503, ms=12.34, error=b"busy"
                ),
                delivery(EVENT, at=3.0, trigger="scan-vision", attempt=2, status=200, ms=5),
            ],
        )
        place, found = await deliveries.recent(redis)
        assert [(each.at, each.trigger, each.attempt, each.status, each.ms) for each in found] == [
            (1.0, "", 0, 0, 0.0),
            (2.0, "scan-vision", 1, 503, 12.3),
            (3.0, "scan-vision", 2, 200, 5.0),
        ]
        assert [each.failed for each in found] == [False, True, False]
        assert (found[1].error, found[1].subject, found[1].trace) == ("busy", "job-1", TRACE)
        assert found[0].data == '{"user_input":"병\\n…"}'
        assert await deliveries.after(redis, place, 10) == (place, [])
        await deliveries.write(redis, [delivery(EVENT, at=4.0)])
        assert [each.at for each in (await deliveries.after(redis, place, 10))[1]] == [4.0]
        assert 0 < await redis.ttl(deliveries.STREAM) <= deliveries.KEPT_S


async def test_there_are_never_many_and_never_large_ones(valkey_url: str) -> None:
    large = CloudEvent("1", "/x", "eco2.x.y.z", data=b"x" * 60_000)
    async with Redis.from_url(valkey_url) as redis:
        for _ in range(deliveries.MOST_ENTRIES + 300):
            await deliveries.write(redis, [delivery(large, at=1.0, error=b"e" * 10_000)])
        assert await redis.xlen(deliveries.STREAM) < deliveries.MOST_ENTRIES + 200
        _, (*_, last) = await deliveries.recent(redis, 2)
    assert len(last.data) == SHOWN_BYTES
    assert len(last.error) == SHOWN_BYTES // 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"phone_number": "010-1234-5678", "a": 1}', '{"phone_number": "…", "a": 1}'),
        ('{"email":"a@b.example"}', '{"email":"…"}'),
        ('{"note":"call 010 1234 5678 or +82-10-1234-5678"}', '{"note":"call … or …"}'),
        ('{"refresh_token":"ab\\"cd"', '{"refresh_token":"…"'),
        ('{"password":"cut of', '{"password":"…"'),
        ("http://x/a.jpg?X-Amz-Signature=abc&x=1", "http://x/a.jpg?X-Amz-Signature=…&x=1"),
        ('{"id":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}', '{"id":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}'),
        ('{"n": 1010123456789}', '{"n": 1010123456789}'),
    ],
)
def test_secrets_and_phone_numbers_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert mask(text) == shown
