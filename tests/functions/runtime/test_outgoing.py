"""Events that leave with the change they tell of: at once, or by the next sweep; never lost, never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed
from eventing.outbox import Outbox
from functions.ops.dead_letters import DeadLetters
from functions.runtime import Resources
from functions.runtime.outgoing import Outgoing
from tests.eventing.test_outbox import INSERT, TABLE


class ShopOutgoing(Outgoing):
    """Of a domain that exists here only."""

    schema = "shop"


class Ingress:
    """A broker that takes events, refuses them for good, is away, or never answers."""

    def __init__(self) -> None:
        self.taken: list[CloudEvent] = []
        self.does: str = "takes"

    async def publish(self, event: CloudEvent) -> None:
        match self.does:
            case "takes":
                self.taken.append(event)
            case "hangs":
                await asyncio.sleep(3600)
            case _:
                raise PublishFailed(self.does, retryable=self.does == "away", status=413)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def ingress() -> Ingress:
    return Ingress()


@pytest.fixture
async def resources(postgres_url: str, ingress: Ingress) -> AsyncIterator[Resources]:
    made = Resources({"ECO2_DATABASE_URL": postgres_url})
    made._publisher = ingress  # type: ignore[assignment]
    database = await made.database()
    await database.run("CREATE SCHEMA shop")
    await database.run(TABLE)
    yield made
    await made.close()


async def written(resources: Resources) -> CloudEvent:
    """An event whose row is committed."""
    event = CloudEvent(str(uuid4()), "/eco2/shop", "eco2.shop.item.sold", "7", data=b"{}")
    await (await resources.database()).run(INSERT, Outbox.row(UUID(event.id), event))
    return event


async def rows(resources: Resources) -> int:
    row = await (await resources.database()).one("SELECT count(*) FROM shop.outbox")
    assert row
    return int(row[0])


async def test_what_is_sent_at_once_is_not_sent_again(resources: Resources, ingress: Ingress) -> None:
    outgoing = await resources.get(ShopOutgoing)
    event = await written(resources)
    assert await outgoing.send(event)
    await outgoing._outbox.flush(await resources.database())
    assert await outgoing.relay(grace_s=0) == 0
    assert ingress.taken == [event]


async def test_what_a_process_that_died_left_behind_leaves_with_the_next_sweep(
    resources: Resources, ingress: Ingress
) -> None:
    outgoing = await resources.get(ShopOutgoing)
    event = await written(resources)
    ingress.does = "hangs"
    sending = asyncio.create_task(outgoing.send(event))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    ingress.does = "away"
    assert await outgoing.relay(grace_s=0) == 0
    ingress.does = "takes"
    assert await outgoing.relay() == 0, "whoever wrote it may still be sending it"
    assert await outgoing.relay(grace_s=0) == 1
    assert ingress.taken == [event]
    assert await rows(resources) == 0


async def test_what_the_broker_refuses_for_good_is_recorded(resources: Resources, ingress: Ingress) -> None:
    outgoing = await resources.get(ShopOutgoing)
    event = await written(resources)
    ingress.does = "refuses"
    assert await outgoing.relay(grace_s=0) == 0
    assert await rows(resources) == 0
    (held,) = await (await resources.get(DeadLetters)).list()
    assert (held.event_id, held.trigger, held.error_code, held.due_at) == (event.id, "shop-outbox", 413, None)
