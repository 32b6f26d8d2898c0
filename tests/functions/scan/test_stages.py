"""Every stage keeps the contract of event functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from eventing.cloudevent import CloudEvent
from functions.runtime import telemetry
from functions.runtime.ledger import State
from functions.scan.stages import Stages
from tests.functions.contract import EventFunctionContract, Process
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import Line, line
from tests.scan_line import FUNCTIONS


class StageContract(EventFunctionContract):
    """A stage of a scan that other stages come before."""

    @pytest.fixture
    async def made(self, settings: dict[str, str]) -> AsyncIterator[Line]:
        async with line(settings) as made:
            yield made

    @pytest.fixture
    async def process(self, made: Line) -> Process:
        return Process(self.function, made.resources, made.work)

    @pytest.fixture
    async def event(self, made: Line, provider: Provider) -> CloudEvent:
        """Made by the stages before this one."""
        await made.submit(provider.image_url)
        for _ in FUNCTIONS[: FUNCTIONS.index(self.name)]:
            await made.deliver(made.events.pop(0))
        return made.events.pop()  # a character that was granted comes before the reply

    async def test_after_the_job_has_ended_it_only_acknowledges(
        self, made: Line, process: Process, event: CloudEvent
    ) -> None:
        made.events.append(event)
        await made.run()
        reply = await process.deliver(event)
        assert (reply.status_code, reply.body) == (204, b"") or self.function.ledger is None


class TestVision(StageContract):
    name = "scan-vision"


class TestRule(StageContract):
    name = "scan-rule"


class TestAnswer(StageContract):
    name = "scan-answer"


class TestReward(StageContract):
    name = "scan-reward"


class TestRecord(StageContract):
    name = "scan-record"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_stage_is_under_the_contract(name: str) -> None:
    assert any(each.name == name for each in StageContract.__subclasses__())


async def test_outputs_that_cost_something_and_that_did_not_are_stored_together(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        stages = await made.resources.get(Stages)
        vision = next(function for function in made.functions if function.name == "scan-vision")
        events = []
        for _ in range(2):
            await made.submit(provider.image_url)
            events.append(made.events.pop())
            assert (await stages.claim(vision, events[-1])).state is State.CLAIMED

        async def stored(event: CloudEvent, *costs: float) -> State:
            telemetry.charging()
            for cost in costs:
                telemetry.spend(cost)
            return (await stages.complete(vision, event, b"{}")).state

        run, asked = stages.database.all, []

        async def counted(sql: str, parameters: Any = ()) -> Any:
            asked.append(sql)
            return await run(sql, parameters)

        stages.database.all = counted  # type: ignore[method-assign]
        states = await asyncio.gather(stored(events[0]), stored(events[1], 0.25))
    assert set(states) == {State.DONE}
    assert sum("stage_results" in sql for sql in asked) == 1
