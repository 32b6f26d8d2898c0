"""The progress relay as functions get it: the router and the reclaimer over the same Redis."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from eventing.progress.reclaimer import Reclaimer
from eventing.progress.router import Routed, Router
from functions.runtime import telemetry
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

    async def relay(self, entries: Sequence[Routed]) -> None:
        """Relay, then count: the router always runs, so here no job's end is lost with a pod that goes to zero."""
        await super().relay(entries)
        metrics = telemetry.metrics()
        oldest_ms = min(int(entry.id.partition(b"-")[0]) for entry in entries)
        metrics.stream_lag.observe(max(time.time() - oldest_ms / 1000, 0.0))  # Redis's clock is another's
        for entry in entries:
            if outcome := ended(entry):
                metrics.jobs_ended.labels(entry.domain, outcome).inc()


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


def ended(entry: Routed) -> str | None:
    """How the job ended, where the entry is its last one."""
    stage = entry.entry.partition(b"\n")[0].partition(b" ")[2]
    if stage == b"error":
        return "cancelled" if b'"status":"cancelled"' in entry.json else "failed"
    return "done" if stage == b"done" else None
