"""What every event function promises the broker, whatever it does; the tests of each one inherit it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from starlette.responses import Response

from eventing.catalogue import to_event
from eventing.cloudevent import CloudEvent, decode
from functions.runtime import Resources
from functions.runtime.declaration import EventFunction
from functions.runtime.delivery import deliver
from functions.runtime.registry import load
from functions.runtime.work import Work
from tests.functions.examples import example
from tests.functions.requests import delivery


@dataclass
class Process:
    """One process of a function, with its database behind it."""

    function: EventFunction
    resources: Resources
    work: Work = field(default_factory=Work)

    async def deliver(self, event: CloudEvent) -> Response:
        """One delivery, as a broker makes it."""
        return await deliver(self.function, delivery(event), self.resources, self.work)


class EventFunctionContract:
    """`name` is the function's. Override `event` where made-up data is not enough, `process` to run it elsewhere."""

    name: ClassVar[str]

    @property
    def function(self) -> EventFunction:
        """Its declaration."""
        declared = load(self.name)
        assert isinstance(declared, EventFunction)
        return declared

    @pytest.fixture
    async def process(self, postgres_url: str) -> AsyncIterator[Process]:
        """Where it runs: over an empty database."""
        resources = Resources({"ECO2_DATABASE_URL": postgres_url})
        yield Process(self.function, resources)
        await resources.close()

    @pytest.fixture
    async def event(self) -> CloudEvent:
        """An event that it waits for."""
        assert self.function.on
        return to_event(example(self.function.on), source="/eco2/tests", id="1", subject="s1", userid="u1")

    async def test_it_answers_with_the_event_it_declares(self, process: Process, event: CloudEvent) -> None:
        reply = await process.deliver(event)
        if self.function.emits is None:
            assert (reply.status_code, reply.body) == (204, b"")
            return
        assert reply.status_code == 200
        answer = decode(reply.headers, bytes(reply.body))
        assert (answer.type, answer.subject) == (self.function.emits.type, event.subject)
        assert answer.source == self.function.source
        assert answer.extensions["userid"] == "u1"

    async def test_delivered_again_it_answers_the_same(self, process: Process, event: CloudEvent) -> None:
        first, *others = [await process.deliver(event) for _ in range(3)]
        assert first.status_code < 300
        for other in others:
            assert (other.status_code, other.body) == (first.status_code, first.body)
            assert other.headers.get("ce-id") == first.headers.get("ce-id")

    async def test_it_takes_no_other_type_and_no_broken_data(
        self, process: Process, event: CloudEvent
    ) -> None:
        wrong = replace(event, id="other", type="eco2.scan.unheard.of", subject=None)
        broken = replace(event, id="broken", data=b"[]", subject=None)
        assert [(await process.deliver(each)).status_code for each in (wrong, broken)] == [400, 400]
