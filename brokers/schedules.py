"""Schedules: events on a timer, where no cluster's PingSource emits them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from brokers.errors import NotDurable
from brokers.ingress import Broker
from brokers.trigger import Schedule
from eventing.cloudevent import CloudEvent
from process.tasks import cancelled

_log = logging.getLogger(__name__)


def tick(schedule: Schedule, now: float) -> CloudEvent:
    """The event of a schedule at `now` (seconds since 1970); within `every_s` it is the same event, by its id."""
    return CloudEvent(
        id=f"{schedule.name}-{int(now // schedule.every_s)}",
        source=schedule.source,
        type=schedule.type,
        time=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        datacontenttype="application/json",
        data=json.dumps(schedule.data if schedule.data is not None else {}).encode(),
    )


async def emit(schedules: Sequence[Schedule], broker: Broker) -> None:
    """Publish every schedule's events until cancelled; a tick that can't be published is left out."""
    await asyncio.gather(*(_emit_one(schedule, broker) for schedule in schedules))


async def _emit_one(schedule: Schedule, broker: Broker) -> None:
    while not cancelled():
        await asyncio.sleep(schedule.every_s)
        try:
            await broker.publish(tick(schedule, time.time()))
        except NotDurable as not_durable:
            _log.warning("schedule %s left out: %s", schedule.name, not_durable)
