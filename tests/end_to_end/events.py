"""Events as the broker carried them, made again from what is stored."""

from __future__ import annotations

import asyncio
import random

import aiohttp

from eventing.cloudevent import CloudEvent
from functions.scan.sweeper import emitted_again
from tests.end_to_end.platform import Platform

_EVENTS = """
SELECT j.id, j.user_id, j.image_url, j.user_input, j.model, j.region, j.traceparent, s.stage, s.event_id, s.output
FROM scan.jobs j JOIN scan.stage_results s ON s.job_id = j.id AND s.output IS NOT NULL
UNION ALL
SELECT id, user_id, image_url, user_input, model, region, traceparent, NULL, NULL, NULL FROM scan.jobs
"""


async def repeat(platform: Platform, chance: random.Random) -> int:
    """Every event of a scan there has been so far, three times, in another order; how many were taken."""
    rows = await asyncio.to_thread(platform.rows, _EVENTS)
    events: list[CloudEvent] = [emitted_again(row) for row in rows] * 3
    chance.shuffle(events)
    taken = 0
    async with aiohttp.ClientSession() as http:
        for at in range(0, len(events), 20):
            taken += sum(
                await asyncio.gather(*(platform.emit(event, http) for event in events[at : at + 20]))
            )
    return taken
