"""Whether everything behind the edge serves: asked when somebody asks, at most every half second."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from time import monotonic

from embedded.edge.upstream import Upstream, UpstreamError

FRESH_S = 0.5
PROBE_TIMEOUT_S = 1.0


class Readiness:
    """`processes`: name to (host, port, path) of each process's readiness endpoint.

    Each is asked over a connection of its own: processes that share a port get some each.
    """

    def __init__(self, processes: Mapping[str, tuple[str, int, str]]) -> None:
        self._probes = {
            name: (
                Upstream([(host, port)]),
                f"GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n".encode(),
            )
            for name, (host, port, path) in processes.items()
        }
        self._asked = -FRESH_S
        self._missing: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def missing(self) -> dict[str, str]:
        """Process name to what is wrong with it; empty when all serve."""
        async with self._lock:
            if monotonic() - self._asked >= FRESH_S or self._missing:
                reasons = await asyncio.gather(*(self._ask(name) for name in self._probes))
                self._missing = {
                    name: reason for name, reason in zip(self._probes, reasons, strict=True) if reason
                }
                self._asked = monotonic()
            return self._missing

    async def _ask(self, name: str) -> str:
        upstream, request = self._probes[name]
        try:
            exchange = await upstream.send(request, PROBE_TIMEOUT_S, repeatable=True)
            body = b""
            while piece := await exchange.chunk():
                body += piece
        except UpstreamError as error:
            return str(error)
        if exchange.status == 200:
            return ""
        return f"status {exchange.status}: {body[:200].decode('utf-8', 'replace')}".removesuffix(": ")

    async def document(self) -> tuple[int, bytes]:
        """Status and JSON body of GET /health/ready."""
        missing = await self.missing()
        if missing:
            return 503, json.dumps({"status": "starting", "missing": missing}).encode()
        return 200, b'{"status":"ready"}'
