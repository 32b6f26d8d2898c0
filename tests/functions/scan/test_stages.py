"""Every stage keeps the contract of event functions."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from eventing.cloudevent import CloudEvent, decode
from functions.runtime import Request
from functions.runtime.declaration import EventFunction
from functions.runtime.delivery import deliver
from functions.runtime.registry import load
from functions.runtime.reply import Reply
from functions.runtime.settings import Settings
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import NAMES, Line, line


class EventFunctionContract:
    """Inherited by each stage; `name` is the function's."""

    name: ClassVar[str]

    @property
    def function(self) -> EventFunction:
        declared = load(self.name)
        assert isinstance(declared, EventFunction)
        return declared

    async def event(self, made: Line, provider: Provider) -> CloudEvent:
        """The event that this stage waits for, made by the stages before it."""
        await made.submit(provider.image_url)
        for _ in NAMES[: NAMES.index(self.name)]:
            await made.deliver(made.events.pop(0))
        return made.events.pop(0)

    async def deliver(self, made: Line, event: CloudEvent) -> Reply:
        headers, body = event.to_binary()
        return await deliver(
            self.function, Request("POST", "/", "", headers, body), made.resources, made.work
        )

    async def test_it_answers_with_the_event_it_declares(
        self, settings: Settings, provider: Provider
    ) -> None:
        async with line(settings) as made:
            event = await self.event(made, provider)
            reply = await self.deliver(made, event)
        assert reply.status == 200
        answer = decode(reply.headers, reply.body)
        assert self.function.emits
        assert (answer.type, answer.subject) == (self.function.emits.type, event.subject)
        assert answer.source == self.function.source
        assert answer.extensions["userid"] == "u1"

    async def test_delivered_again_it_answers_with_the_same_event(
        self, settings: Settings, provider: Provider
    ) -> None:
        async with line(settings) as made:
            event = await self.event(made, provider)
            replies = [await self.deliver(made, event) for _ in range(3)]
        first, *others = [decode(reply.headers, reply.body) for reply in replies]
        assert all((other.id, other.data) == (first.id, first.data) for other in others)

    async def test_it_takes_no_other_type_and_no_broken_data(
        self, settings: Settings, provider: Provider
    ) -> None:
        async with line(settings) as made:
            event = await self.event(made, provider)
            wrong = replace(event, id="other", type="eco2.scan.unheard.of", subject=None)
            broken = replace(event, id="broken", data=b"{}", subject=None)
            assert [(await self.deliver(made, e)).status for e in (wrong, broken)] == [400, 400]

    async def test_after_the_job_has_ended_it_only_acknowledges(
        self, settings: Settings, provider: Provider
    ) -> None:
        async with line(settings) as made:
            event = await self.event(made, provider)
            made.events.append(event)
            await made.run()
            reply = await self.deliver(made, event)
        assert (reply.status, reply.body) == (204, b"") or self.function.ledger is None


class TestVision(EventFunctionContract):
    name = "scan-vision"


class TestRule(EventFunctionContract):
    name = "scan-rule"


class TestAnswer(EventFunctionContract):
    name = "scan-answer"


class TestReward(EventFunctionContract):
    name = "scan-reward"


class TestRecord(EventFunctionContract):
    name = "scan-record"


@pytest.mark.parametrize("name", NAMES)
def test_each_stage_is_under_the_contract(name: str) -> None:
    assert any(each.name == name for each in EventFunctionContract.__subclasses__())
