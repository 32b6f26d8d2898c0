"""The relay's parts as functions get them: the router and the reclaimer over the same Redis."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from eventing.progress.reclaimer import Reclaimer
from eventing.progress.router import Routed, Router
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

DOMAINS = ("scan",)
QUARANTINE = "progress:quarantine"


class ProgressRouter(Router, Service):
    """This process's consumer of the group."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Named by host and worker, so that no two processes share a consumer."""
        consumer = f"{socket.gethostname()}-{id(resources):x}"
        return cls(
            await resources.redis("streams"), await resources.redis("pubsub"), DOMAINS, consumer=consumer
        )


class ProgressReclaimer(Reclaimer, Service):
    """Takes over what a router that died has left."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Relays through this process's router; what can't be relayed is kept aside, bounded, for a look."""
        relay = await resources.get(ProgressRouter)

        async def quarantine(entries: Sequence[Routed]) -> None:
            for entry in entries:
                fields: dict[Any, Any] = {"stream": entry.stream, "id": entry.id, "event": entry.json}
                await relay.streams.xadd(QUARANTINE, fields, maxlen=1000)

        return cls(relay, quarantine)
