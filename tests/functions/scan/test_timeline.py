"""A job's timeline: its stages as they were, for its user and for operators."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest

from functions.runtime import NotFound, User
from functions.scan.job_timeline import Timelines
from functions.scan.timeline.func import timeline
from tests.functions.asgi_client import Functions
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


async def test_outside_of_development_anothers_job_is_as_unknown_as_none(
    settings: Mapping[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url, user="u1")
    functions = Functions({**settings, "ECO2_ENV": "production", "ECO2_OPERATORS": "op"})

    async def asked(user: str, id: str = job_id) -> tuple[int, object]:
        answer = await functions.call(timeline, "GET", f"/api/v1/scan/{id}/timeline", user=user)
        body = answer.json()
        return answer.status_code, body.get("job_id") or (body["code"], body["detail"])

    assert await asked("u1") == await asked("op") == (200, job_id)
    stranger, nobody = await asked("u2"), await asked("u2", str(uuid4()))
    await functions.close()
    assert stranger == nobody
    assert stranger[0] == 404
