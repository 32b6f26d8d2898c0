from __future__ import annotations

import itertools
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from embedded.servers.postgres import Postgres
from schemas.migrate import migrate
from tests.brokers.contract import Sent
from tests.brokers.durability import BrokerDurability, BrokerProcess, ids
from tests.brokers.subscriber import Gate, Subscriber, wait_until

_numbers = itertools.count(1)


@pytest.fixture(scope="class")
def database_url(postgres: Postgres) -> Iterator[str]:
    name = f"broker_{next(_numbers)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_eco2".encode())
    yield postgres.database_url(name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="class")
def broker(
    database_url: str, subscriber: Subscriber, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerProcess]:
    process = _process(database_url, subscriber, tmp_path_factory.mktemp("embedded"))
    process.start()
    yield process
    assert process.end() == 0, process.log


def _process(database_url: str, subscriber: Subscriber, folder: Path) -> BrokerProcess:
    arguments = ["--database-url", database_url]
    return BrokerProcess("brokers.embedded", arguments, folder, f"http://127.0.0.1:{subscriber.port}")


class TestEmbeddedBroker(BrokerDurability):
    def test_settled_events_leave_the_journal(
        self, sent: Sent, subscriber: Subscriber, database_url: str
    ) -> None:
        event = sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain")
        subscriber.wait(sent.run, "/fan-out")
        with psycopg.connect(database_url, autocommit=True) as connection:
            query = "SELECT count(*) FROM broker.journal WHERE attributes->>'id' = %s"
            wait_until(lambda: connection.execute(query, (event.id,)).fetchone() == (0,))

    def test_a_second_broker_on_the_same_journal_ends_with_a_clear_error(
        self, broker: BrokerProcess, database_url: str, subscriber: Subscriber, tmp_path: Path
    ) -> None:
        second = _process(database_url, subscriber, tmp_path)
        second.arguments += ["--wait-s", "0.5"]
        assert second.launch().wait(30) == 1
        assert "another embedded broker owns this database's journal" in second.log
        assert broker.ready()

    def test_a_lost_connection_to_postgres_comes_back(
        self, broker: BrokerProcess, sent: Sent, subscriber: Subscriber, database_url: str
    ) -> None:
        events = []
        with psycopg.connect(database_url, autocommit=True) as connection:
            for number in range(100):
                if number % 25 == 10:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'eco2-broker' AND datname = current_database()"
                    )
                event = sent.event("plain")
                wait_until(lambda event=event: sent.post(event) == 202)  # type: ignore[misc]
                events.append(event)
        wait_until(lambda: ids([r.event for r in subscriber.seen(sent.run, "/plain")]) == ids(events))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Not below pytest's own folder: a second run closes that for the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestPostgresRestarts:
    def test_events_are_refused_while_it_is_down_and_nothing_accepted_is_lost(
        self, subscriber: Subscriber, public_folder: Path, tmp_path: Path
    ) -> None:
        server = Postgres(public_folder / "data")
        server.start()
        migrate(server.url)
        # A new start listens in a new folder; the link keeps the broker's address the same.
        sockets = tmp_path / "sockets"
        sockets.symlink_to(server._sockets)
        broker = _process(f"postgresql://postgres@/postgres?host={sockets}", subscriber, tmp_path)
        broker.listen()
        broker.start()
        sent = Sent(broker, "restart")
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        events = [sent.accept(sent.event("held")) for _ in range(30)]
        server.stop()
        wait_until(lambda: sent.post(sent.event("held")) == 500)
        gate.open()
        server.start()
        sockets.unlink()
        sockets.symlink_to(server._sockets)
        wait_until(broker.ready)
        events.append(sent.accept(sent.event("held")))
        wait_until(lambda: ids([r.event for r in subscriber.seen(sent.run, "/held")]) >= ids(events))
        assert broker.end(signal.SIGTERM) == 0
        assert broker.listening
        broker.listening.close()
        server.stop()
