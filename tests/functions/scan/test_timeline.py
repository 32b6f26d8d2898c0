"""A job's timeline: its stages as they were, for its user and for operators."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest

from functions.runtime import NotFound, User
from functions.scan.job_timeline import Timelines
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import line
from tests.scan_line import NAMES


async def test_every_stage_has_its_times_and_attempts(
    settings: Mapping[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = UUID(await made.submit(provider.image_url))
        timelines = await made.resources.get(Timelines)
        begun = await timelines.of(job_id, User("u1", "local"))
        assert (begun.status, begun.stages, begun.ended_at) == ("processing", [], None)
        await made.run()
        told = await timelines.of(job_id, User("u1", "local"))
        assert told.status == "completed"
        assert [each.stage for each in told.stages] == list(NAMES)
        assert all(each.attempt == 1 and each.finished_at for each in told.stages)
        assert told.ended_at
        assert told.ended_at >= told.created_at
        assert await timelines.of(job_id, User("op", "local", operator=True)) == told
        for other, id in ((User("u2", "local"), job_id), (User("op", "local", operator=True), uuid4())):
            with pytest.raises(NotFound):
                await timelines.of(id, other)
