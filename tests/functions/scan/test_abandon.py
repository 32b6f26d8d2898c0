"""A scan whose event lies in quarantine: it fails where a function gave it up, else the sweeper has it go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from eventing.catalogue import to_event
from eventing.cloudevent import CloudEvent
from functions.ops.events import EventQuarantined
from functions.runtime.declaration import EventFunction
from functions.runtime.delivery import deliver
from functions.runtime.registry import load_all
from functions.scan.jobs import FATAL_ATTEMPTS
from functions.scan.stages import Stages
from functions.scan.sweeper import Sweeper
from tests.functions.requests import delivery
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import Line, line

DEAD = 4_000_000_007
"""A worker that no connection stands for."""


@pytest.fixture
def database(settings: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(settings["ECO2_DATABASE_URL"], autocommit=True) as connection:
        yield connection


async def abandoned(made: Line, event: CloudEvent, code: int) -> int:
    """Tell that the event lies in quarantine after `code`, -1 for no answer; the status of what that is answered."""
    about = EventQuarantined(type_of=event.type, subject=event.subject, trigger="scan-vision", code=code)
    told = to_event(about, source="/eco2/ops/quarantine", subject=event.subject)
    (function,) = (each for each in load_all() if each.name == "scan-abandon")
    assert isinstance(function, EventFunction)
    return (await deliver(function, delivery(told), made.resources, made.work)).status_code


def status(database: psycopg.Connection[Any], job_id: str) -> tuple[str, str | None]:
    """How the job stands and the code of its error."""
    query = "SELECT status, outcome->'error'->>'code' FROM scan.jobs WHERE id = %s"
    (row,) = database.execute(query, (job_id,)).fetchall()
    return row[0], row[1]


def vision(made: Line) -> EventFunction:
    return next(function for function in made.functions if function.name == "scan-vision")


async def killed(made: Line, event: CloudEvent, times: int = 1) -> None:
    """The stage is begun by workers that end without a word."""
    ours = await made.resources.get(Stages)
    dead = Stages(ours.database, DEAD, ours.jobs, ours.progress)
    for _ in range(times):
        await dead.claim(vision(made), event)


async def test_a_stage_that_its_function_handed_back_ends_the_job(
    settings: dict[str, str], provider: Provider, database: psycopg.Connection[Any]
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        event = made.events.pop()
        stages = await made.resources.get(Stages)
        await stages.claim(vision(made), event)
        await stages.release(vision(made), event)
        assert (
            await abandoned(made, event, 409) == 204
        )  # a duplicate, while the broker waits to try the other again
        assert status(database, job_id) == ("active", None)
        assert await abandoned(made, event, 503) == 204
    assert status(database, job_id) == ("failed", "STAGE_FAILED")


@pytest.mark.parametrize(("attempts", "code"), [(0, 502), (0, 503), (0, -1), (1, 502), (1, 503)])
async def test_a_stage_that_reached_no_function_or_lost_its_worker_goes_on(
    settings: dict[str, str], provider: Provider, database: psycopg.Connection[Any], attempts: int, code: int
) -> None:
    async with line(settings | {"ECO2_SCAN_OVERDUE_S": "20"}) as made:
        job_id = await made.submit(provider.image_url)
        event = made.events.pop()
        await killed(made, event, attempts)
        assert await abandoned(made, event, code) == 204
        assert status(database, job_id) == ("active", None)
        database.execute("UPDATE scan.jobs SET created_at = now() - interval '1 minute'")
        database.execute("UPDATE scan.stage_results SET started_at = now() - interval '1 minute'")
        await (await made.resources.get(Sweeper)).sweep()
        await made.run()
    assert status(database, job_id) == ("completed", None)


async def test_a_stage_that_kills_whoever_works_on_it_ends_the_job(
    settings: dict[str, str], provider: Provider, database: psycopg.Connection[Any]
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        event = made.events.pop()
        await killed(made, event, FATAL_ATTEMPTS)
        assert await abandoned(made, event, 502) == 204
    assert status(database, job_id) == ("failed", "STAGE_FAILED")


async def test_a_duplicate_that_was_tried_too_often_ends_nothing(
    settings: dict[str, str], provider: Provider, database: psycopg.Connection[Any]
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        event = made.events.pop()
        await (await made.resources.get(Stages)).claim(vision(made), event)
        assert await abandoned(made, event, 409) == 204
        assert status(database, job_id) == ("active", None)
