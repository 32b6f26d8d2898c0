"""What our own brokers promise beyond Knative's: nothing accepted is lost, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from embedded.servers.process import die_with_parent, free_port
from eventing.cloudevent import CloudEvent
from tests.brokers.contract import BrokerContract, Sent, Traits, request, triggers
from tests.brokers.subscriber import Gate, Request, Response, Subscriber, answers, wait_until

ROOT = Path(__file__).resolve().parents[2]
TICK = {"name": "tick", "type": "eco2.conformance.tick", "source": "/eco2/clock", "every_s": 0.5}


@dataclass
class BrokerProcess:
    """A broker as a process of its own that can be killed and started again."""

    module: str
    arguments: list[str]
    folder: Path
    subscriber_url: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    listening: socket.socket | None = None
    traits: Traits = field(default_factory=Traits)

    def triggers(self) -> list[dict[str, object]]:
        """The suite's and one for the schedule."""
        plain = triggers(self.subscriber_url)
        tick = {**plain[0], "name": "tick", "filter": {"type": TICK["type"]}}
        return [*plain, {**tick, "subscriber": f"{self.subscriber_url}/tick"}]

    def listen(self) -> None:
        """Serve an inherited socket instead of a port."""
        self.listening = socket.create_server(("127.0.0.1", self.port))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "broker.log").read_text()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting."""
        file = self.folder / "triggers.json"
        file.write_text(json.dumps({"triggers": self.triggers(), "schedules": [TICK]}))
        where = ["--fd", str(self.listening.fileno())] if self.listening else ["--port", str(self.port)]
        command = [sys.executable, "-m", self.module, *where, "--triggers", str(file)]
        with (self.folder / "broker.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *self.arguments],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                pass_fds=[self.listening.fileno()] if self.listening else [],
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )

    def start(self) -> None:
        """Start and wait until events are taken."""
        self.process = self.launch()
        wait_until(self.ready)

    def ready(self) -> bool:
        """Whether events are taken."""
        assert self.process
        assert self.process.poll() is None, self.log
        try:
            return request(self.url, "GET", path="/health/ready") == 200
        except OSError:
            return False

    def end(self, signum: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end."""
        assert self.process
        os.kill(self.process.pid, signum)
        return self.process.wait(30)

    def metrics(self) -> str:
        """What /metrics says."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as response:
            return str(response.read().decode())


def ids(events: list[CloudEvent]) -> set[str]:
    """Their ids."""
    return {event.id for event in events}


class BrokerDurability(BrokerContract):
    """Inherited by the test classes of our own brokers."""

    def test_health_and_metrics_are_on_the_same_port(self, broker: BrokerProcess) -> None:
        assert request(broker.url, "GET", path="/health/live") == 200
        assert request(broker.url, "GET", path="/health/ready") == 200
        assert "eco2_broker_deliveries_total" in broker.metrics()

    def test_schedules_are_emitted(self, broker: BrokerProcess, subscriber: Subscriber) -> None:
        before = len(subscriber.seen("", "/tick"))
        came = subscriber.wait("", "/tick", count=before + 2)
        assert len({request.event.id for request in came[before:]}) >= 2

    def test_an_event_over_the_limit_is_too_large(self, broker: BrokerProcess, sent: Sent) -> None:
        assert sent.post(sent.event("plain", data=b'"' + b"x" * (100 * 1024) + b'"')) == 413

    def test_a_sink_that_refuses_gets_the_dead_letter_again(self, sent: Sent, subscriber: Subscriber) -> None:
        subscriber.behave(sent.run, "/plain", answers(500))
        subscriber.behave(sent.run, "/plain/dead-letters", answers(503, 400, 202))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain/dead-letters", count=3)
        assert subscriber.stays(sent.run, "/plain/dead-letters", 3)

    def test_killed_with_events_queued_nothing_is_lost(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber
    ) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        events = [sent.accept(sent.event("held")) for _ in range(200)]
        subscriber.wait(sent.run, "/held", count=5)
        broker.end(signal.SIGKILL)
        gate.open()
        broker.start()
        subscriber.wait_for(lambda: ids([r.event for r in subscriber._seen[sent.run]]) == ids(events))

    def test_killed_while_replying_no_event_and_no_reply_is_lost(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber
    ) -> None:
        async def reply(request: Request) -> Response:
            derived = CloudEvent(
                id=request.event.id + "-2",
                source="/eco2/conformance/chain",
                type="eco2.conformance.chain2",
                extensions={"run": sent.run, "conformance": "yes"},
            )
            return Response(200, event=derived)

        subscriber.behave(sent.run, "/chain-1", reply)
        events = []
        for number in range(150):
            events.append(sent.accept(sent.event("chain1")))
            if number in (60, 120):
                broker.end(signal.SIGKILL)
                broker.start()
        wanted = {event.id + "-2" for event in events}
        wait_until(lambda: ids([r.event for r in subscriber.seen(sent.run, "/chain-2")]) == wanted)

    def test_killed_between_attempts_it_goes_on(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber
    ) -> None:
        subscriber.behave(sent.run, "/plain", answers(503))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain")
        broker.end(signal.SIGKILL)
        broker.start()
        subscriber.wait(sent.run, "/plain/dead-letters")

    def test_stopped_in_order_it_finishes_what_is_under_way(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber
    ) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        events = [sent.accept(sent.event("held")) for _ in range(5)]
        subscriber.wait(sent.run, "/held", count=5)
        assert broker.process
        os.kill(broker.process.pid, signal.SIGTERM)
        wait_until(lambda: not self._takes(broker, sent))
        gate.open()
        assert broker.process.wait(30) == 0
        broker.start()
        assert subscriber.stays(sent.run, "/held", len(events))

    @staticmethod
    def _takes(broker: BrokerProcess, sent: Sent) -> bool:
        try:
            return request(broker.url, "GET", path="/health/live") == 200
        except OSError:
            return False

    def test_a_backlog_larger_than_memory_is_delivered_whole(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber
    ) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        with ThreadPoolExecutor(16) as senders:  # sooner than the first delivery runs out of time
            events = list(senders.map(sent.accept, [sent.event("held") for _ in range(1500)]))
        gate.open()
        subscriber.wait_for(lambda: ids([r.event for r in subscriber._seen[sent.run]]) == ids(events))
        assert subscriber.stays(sent.run, "/held", len(events), for_s=0.2)
