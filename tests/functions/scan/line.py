"""A scan's functions in one process over real servers, with a broker that the test steers.

The broker is the one thing replaced: a test chooses which event is delivered when and how often, which no real
broker lets it do. The brokers have their own conformance suite.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from eventing.cloudevent import CloudEvent, decode
from functions.runtime import Resources
from functions.runtime.declaration import EventFunction
from functions.runtime.delivery import deliver
from functions.runtime.registry import load_all
from functions.runtime.work import Work
from functions.scan.jobs import Jobs
from schemas.filters import filters
from schemas.generate import ROOT
from tests.functions.requests import delivery
from tests.scan_line import FUNCTIONS

LIMIT = 2_000


@dataclass
class Line:
    """Events on their way and the functions that take them."""

    resources: Resources
    work: Work = field(default_factory=Work)
    events: list[CloudEvent] = field(default_factory=list)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    async def publish(self, event: CloudEvent) -> None:
        """What K_SINK would take."""
        self.events.append(event)

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def functions(self) -> list[EventFunction]:
        """The event functions of a scan."""
        return [f for f in load_all() if isinstance(f, EventFunction) and f.name in FUNCTIONS]

    async def deliver(self, event: CloudEvent) -> int:
        """Deliver once to every function that is triggered; the reply joins the events. Returns the last status.

        Triggered as on a cluster, where one of several Triggers takes an event by its shard.
        """
        status = 0
        attributes = event.attributes().items()
        for function in self.functions:
            taking = [wanted for wanted in filters(function) if wanted.items() <= attributes]
            if not taking:
                continue
            assert len(taking) == 1
            reply = await deliver(function, delivery(event), self.resources, self.work)
            status = reply.status_code
            self.statuses.append((function.name, status))
            if status == 200:
                answer = decode(reply.headers, bytes(reply.body))
                validator(answer.type).validate(answer.json())
                self.events.append(answer)
        return status

    async def run(self, *, choose: Callable[[int], int] = lambda _: 0, times: int = 1) -> None:
        """Deliver until nothing is left: each event `times` times, the next one by `choose(how many wait)`."""
        waiting: list[CloudEvent] = []
        for _ in range(LIMIT):
            waiting += [event for event in self.events for _ in range(times)]
            self.events.clear()
            if not waiting:
                return
            event = waiting.pop(choose(len(waiting)))
            status = await self.deliver(event)
            if status in {409, 503}:
                waiting.append(event)
        raise AssertionError(f"{len(waiting)} events are still waiting")

    async def submit(self, image_url: str, user: str = "u1", **options: Any) -> str:
        """Accept a job; its id."""
        jobs = await self.resources.get(Jobs)
        wanted = {"user_input": "이거 어떻게 버려요?", "model": "simulated", "key": None} | options
        return str(await jobs.submit(user, image_url, **wanted))


@cache
def validator(name: str) -> Draft202012Validator:
    """The committed schema of an event type."""
    return Draft202012Validator(json.loads((ROOT / "schemas/events" / f"{name}.json").read_text()))


@asynccontextmanager
async def line(environ: Mapping[str, str], kind: type[Line] = Line) -> AsyncIterator[Line]:
    """A line over the servers that `environ` names."""
    resources = Resources(environ)
    made = kind(resources)
    resources.cancel = made.work.cancel
    resources._publisher = made  # type: ignore[assignment]
    try:
        yield made
    finally:
        await resources.close()


def shuffled(seed: int) -> Callable[[int], int]:
    """A choice among the waiting events."""
    return random.Random(seed).randrange
