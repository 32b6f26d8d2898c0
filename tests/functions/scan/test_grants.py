"""A character that was granted arrives once, wherever its scan is cancelled, its process dies or the broker is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from eventing.catalogue import from_event
from eventing.cloudevent import STRUCTURED, CloudEvent, decode
from eventing.errors import PublishFailed
from functions.character.events import CharacterGranted
from functions.character.own.func import own
from functions.runtime.declaration import EventFunction
from functions.runtime.delivery import deliver
from functions.scan.jobs import Jobs
from functions.scan.outgoing import ScanOutgoing
from functions.scan.pipeline import STAGES
from functions.users.collect.func import collect
from schemas import migrations
from tests.functions.requests import delivery
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import Line, line
from tests.functions.scan.test_line import result

USER = "6f1c0000-0000-4000-8000-000000000001"


class Interrupted(Line):
    """A line on which something happens when the event of a grant is to leave."""

    happens: str = ""
    job_id: str = ""

    async def publish(self, event: CloudEvent) -> None:
        """What K_SINK would take."""
        if event.type == CharacterGranted.type:
            happens, self.happens = self.happens, ""
            if happens.startswith("cancelled"):
                await (await self.resources.get(Jobs)).cancel(USER, UUID(self.job_id))
            if happens.endswith("broker away"):
                raise PublishFailed("away", retryable=True)
            if happens == "killed":
                await asyncio.sleep(3600)
        await super().publish(event)

    async def arrive(self, event: CloudEvent) -> None:
        """Deliver the event of a grant to whoever takes it."""
        for function in (own.declaration, collect.declaration):
            assert isinstance(function, EventFunction)
            answer = await deliver(function, delivery(event), self.resources, self.work)
            assert answer.status_code == 204


@pytest.fixture
async def made(settings: dict[str, str]) -> AsyncIterator[Interrupted]:
    async with line(settings, Interrupted) as made:
        assert isinstance(made, Interrupted)
        yield made


async def until_the_reward(made: Line) -> CloudEvent:
    for _ in range(STAGES["reward"].number - 1):
        await made.deliver(made.events.pop())
    return made.events.pop()


def owned(postgres_url: str) -> list[tuple[str, int]]:
    with psycopg.connect(postgres_url) as connection:
        return connection.execute(
            "SELECT 'owned', count(*) FROM characters.ownerships UNION ALL "
            "SELECT 'collected', count(*) FROM users.user_characters"
        ).fetchall()


@pytest.mark.parametrize("happens", ["", "cancelled", "broker away", "cancelled, broker away", "killed"])
async def test_a_granted_character_arrives_once(
    made: Interrupted, provider: Provider, postgres_url: str, happens: str
) -> None:
    made.job_id = await made.submit(provider.image_url, USER)
    answered = await until_the_reward(made)
    made.happens = happens
    reward = asyncio.create_task(made.deliver(answered))
    if happens == "killed":
        async with asyncio.timeout(10):
            while made.happens:
                await asyncio.sleep(0.01)
        reward.cancel()
        await asyncio.gather(reward, return_exceptions=True)
    else:
        await reward
    outgoing = await made.resources.get(ScanOutgoing)
    await outgoing._outbox.flush(await made.resources.database())
    await outgoing.relay(grace_s=0)
    await outgoing.relay(grace_s=0)
    (granted,) = [event for event in made.events if event.type == CharacterGranted.type]
    await made.arrive(granted)
    await made.arrive(granted)
    assert owned(postgres_url) == [("owned", 1), ("collected", 1)]

    again = await made.submit(provider.image_url, USER)
    await made.run()
    assert (await result(made, again, USER))["reward"]["already_owned"] is True
    assert [event.type for event in made.events] == []


async def test_a_scan_that_was_over_before_wins_nothing(made: Interrupted, provider: Provider) -> None:
    job_id = await made.submit(provider.image_url, USER)
    answered = await until_the_reward(made)
    claimed = asyncio.Event()
    database = await made.resources.database()
    one = database.one

    async def late(sql: str, parameters: object = ()) -> object:
        if "scan.grants" in sql:
            claimed.set()
            await (await made.resources.get(Jobs)).cancel(USER, UUID(job_id))
        return await one(sql, parameters)  # type: ignore[arg-type]

    database.one = late  # type: ignore[method-assign, assignment]
    await made.deliver(answered)
    assert claimed.is_set()
    assert made.events == []
    again = await made.submit(provider.image_url, USER)
    await made.run()
    assert (await result(made, again, USER))["reward"]["received"] is True


async def test_characters_that_were_lost_before_are_told_by_the_migration(
    made: Interrupted, postgres_url: str
) -> None:
    text = (Path(migrations.__file__).parent / "081_lost_characters.sql").read_text()
    lost, kept = str(uuid4()), str(uuid4())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for user in (lost, kept):
            connection.execute(
                "INSERT INTO scan.grants (user_id, character, job_id) VALUES (%s, 'char-glassy', %s)",
                (user, uuid4()),
            )
        connection.execute(
            "INSERT INTO users.user_characters (user_id, character_code) VALUES (%s, 'char-glassy')", (kept,)
        )
        connection.execute(text.encode())
        rows = connection.execute("SELECT event FROM scan.outbox").fetchall()
    (event,) = [decode({"content-type": STRUCTURED}, bytes(row[0])) for row in rows]
    assert from_event(CharacterGranted, event).user_id == lost
    assert (await (await made.resources.get(ScanOutgoing)).relay(grace_s=0)) == 1
    await made.arrive(made.events.pop())
    assert owned(postgres_url) == [("owned", 1), ("collected", 2)]
