"""Events that leave with the change they tell of: written in its statement, sent at once, relayed by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from eventing.outbox import Outbox
from functions.runtime import registry, telemetry
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from eventing.cloudevent import CloudEvent
    from eventing.errors import PublishFailed
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

RELAYED = 200  # in one sweep; the next one takes what is left


class Outgoing(Service):
    """The events that leave one domain; a subclass names its `schema`, which has a table `outbox`.

    A statement that changes something inserts the event in the same breath (its id is the row's). `send` publishes it
    then, so that nothing waits; when the process dies or is stopped in between, or the broker is away, the row stays
    and `relay`, called by the domain's sweep, heals it. An event may leave twice, always with the same id.
    """

    schema: ClassVar[str]

    def __init__(self, database: Database, resources: Resources) -> None:
        self._database, self._resources = database, resources
        self._outbox = Outbox(self.schema)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database; rows of events that were sent are deleted before it is closed."""
        database = await resources.database()
        made = cls(database, resources)
        resources.on_close(lambda: made._outbox.flush(database))
        return made

    async def send(self, event: CloudEvent) -> bool:
        """Publish an event whose row is committed; False when it is left to `relay`. Raises nothing of the broker's."""
        return await self._outbox.send(event.id, event, self._database, self._resources.publisher())

    async def relay(self, *, grace_s: float = 6.0) -> int:
        """Publish what could not be; how many events the broker took. What it refuses for good goes to quarantine."""
        pool, publisher = await self._database.pool(), self._resources.publisher()
        sent = await self._outbox.relay(pool, publisher, self._record, limit=RELAYED, grace_s=grace_s)
        metrics = telemetry.metrics()
        metrics.outbox_age.labels(self.schema).set(await self._outbox.oldest_age_s(pool))
        metrics.swept.labels("relayed").inc(sent)
        return sent

    async def _record(self, event: CloudEvent, failed: PublishFailed) -> None:
        quarantine = await self._resources.get(registry.quarantine())
        await quarantine.refused(
            event, trigger=f"{self.schema}-outbox", code=failed.status or 0, reason=str(failed)
        )
