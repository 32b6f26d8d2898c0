"""Prometheus and Alertmanager as the cluster has them, with its rules, on one machine; and where Slack would listen."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from embedded.servers.process import comes_up, die_with_parent, end, free_port

WATCH = Path(__file__).resolve().parents[2] / "platform/cluster/observability"
START_S = 30.0


def groups() -> list[dict[str, Any]]:
    """All groups of rules, as a file of Prometheus holds them."""
    found: list[dict[str, Any]] = []
    for path in sorted((WATCH / "rules").glob("*.yaml")):
        found += yaml.safe_load(path.read_text())["spec"]["groups"]
    return found


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    port: int

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector that an expression is now; a wrong expression fails the test."""
        body = self._get(f"/api/v1/query?{urlencode({'query': expression})}")
        assert body["status"] == "success", f"{expression}: {body.get('error')}"
        result: list[dict[str, Any]] = body["data"]["result"]
        return result

    def targets(self) -> dict[str, str]:
        """Job → up or what it failed by."""
        active = self._get("/api/v1/targets?state=active")["data"]["activeTargets"]
        return {each["labels"]["job"]: each["lastError"] or each["health"] for each in active}

    def _get(self, path: str) -> Any:
        return json.loads(_get(self.port, path) or b"")


@dataclass(slots=True)
class Slack:
    """Takes what Alertmanager posts to a webhook."""

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)

    def told_of(self, alert: str) -> list[dict[str, Any]]:
        """The messages about an alert."""
        return [
            message
            for message in self.messages
            if message["attachments"][0]["title"].startswith(f"{alert} (firing")
        ]


@contextlib.contextmanager
def slack() -> Iterator[Slack]:
    """A webhook that remembers."""
    taken = Slack()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.messages.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    taken.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def alertmanager(folder: Path, webhook: Slack) -> Iterator[int]:
    """The committed configuration, telling at once, to `webhook`; gives its port."""
    config = yaml.safe_load((WATCH / "alertmanager.yaml").read_text())
    address = folder / "slack-url"
    address.write_text(f"http://127.0.0.1:{webhook.port}/")
    config["global"]["slack_api_url_file"] = str(address)
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "0s"
    file = folder / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(config))
    port = free_port()
    command = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={folder / 'silences'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn"]
    with _running(command, port, folder / "alertmanager.log"):
        yield port


@contextlib.contextmanager
def prometheus(folder: Path, scrapes: list[dict[str, Any]], alerts: int) -> Iterator[Prometheus]:
    """The committed rules over `scrapes`, asked every two seconds; an alert does not wait before it fires."""
    hurried = groups()
    for group in hurried:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule.pop("for", None)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": hurried}))
    config = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(folder / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
        "scrape_configs": scrapes,
    }
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(config))
    port = free_port()
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'series'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with _running(command, port, folder / "prometheus.log"):
        yield Prometheus(port)


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )
    try:
        assert comes_up(process, lambda: _get(port, "/-/ready") is not None, START_S), log.read_text()
        yield
    finally:
        end(process)


def _get(port: int, path: str) -> bytes | None:
    """The body of an answer 200 or 400 (which says what is wrong with a query); None for others."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        return body if response.status in {200, 400} else None
    finally:
        connection.close()
