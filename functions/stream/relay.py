"""The progress relay as functions get it: the router and the reclaimer over the same Redis."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from eventing.progress.reclaimer import Reclaimer
from eventing.progress.router import Routed, Router
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

DOMAINS = ("scan", "chat")
QUARANTINE = "progress:quarantine"


class ProgressRouter(Router, Service):
    """The router of this process: one consumer of the group."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A router named by host and worker, so that no two processes share a consumer."""
        consumer = f"{socket.gethostname()}-{id(resources):x}"
        return cls(
            await resources.redis("streams"), await resources.redis("pubsub"), DOMAINS, consumer=consumer
        )


class ProgressReclaimer(Reclaimer, Service):
    """The reclaimer, which takes over what a router that died has left."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A reclaimer that routes through this process's router."""
        relay = await resources.get(ProgressRouter)

        async def quarantine(entries: Sequence[Routed]) -> None:
            for entry in entries:
                fields: dict[Any, Any] = {"stream": entry.stream, "id": entry.id, "event": entry.json}
                await relay.streams.xadd(QUARANTINE, fields, maxlen=1000)

        return cls(relay, quarantine)
