"""Events that wake functions before their own events come (`wakes_on`), so that sleeping pods start together.

From zero pods the stages of a job would start one after the other, each when the one before is done.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Self

from eventing.catalogue import EventData, to_event
from eventing.errors import PublishFailed
from functions.runtime.errors import Unavailable
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
SOURCE = "/eco2/runtime/waking"
AGAIN_AFTER_S = 30.0
"""A pod stays for a minute after its last event: within this, nothing has gone to sleep."""


class Waking(Service):
    """Publishes events that wake, of each type at most one in AGAIN_AFTER_S.

    One that is lost costs a job some seconds and nothing else, so nobody waits for it and it is not repeated.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._last: dict[str, float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the publisher, which is opened by the first event: without a Broker nothing is woken."""
        waking = cls(resources)
        resources.on_close(waking.close)
        return waking

    def wake(self, data: EventData) -> None:
        """Publish the event in the background, unless one of its type was lately."""
        now = time.monotonic()
        if now - self._last.get(data.type, float("-inf")) < AGAIN_AFTER_S:
            return
        self._last[data.type] = now
        task = asyncio.create_task(self._tell(data), name=f"publish {data.type}")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, data: EventData) -> None:
        try:
            await self._resources.publisher().publish(to_event(data, source=SOURCE))
        except (PublishFailed, Unavailable) as error:
            log.warning("nothing was woken: %s", error)

    async def close(self) -> None:
        """Give up what is not published yet."""
        telling = list(self._telling)
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)
