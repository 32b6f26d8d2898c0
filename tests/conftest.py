"""Real servers for the tests: one PostgreSQL and one Valkey a session, fresh and empty for each test."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from embedded.servers.postgres import Postgres
from embedded.servers.service_user import PASSABLE
from embedded.servers.valkey import Valkey
from process import tracing
from schemas.migrate import migrate

PHOTOS = Path(__file__).resolve().parents[2] / "shared/images/trashnet"
_numbers = itertools.count(1)
# A shell starts what runs in its background deaf to Ctrl-C, and the processes of the tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# No example has a deadline: what it takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
# Mutants run two at a time, each in a process of its own that begins cold.
settings.register_profile("mutation", deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL with a migrated template database."""
    # Not below pytest's own folder: each run closes that to others, and as root the server is another user.
    folder = TemporaryDirectory(prefix="eco2-test-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(PASSABLE)
    server = Postgres(Path(folder.name) / "data", persistent=False)
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_eco2")
    migrate(server.database_url("template_eco2"))
    yield server
    server.stop()
    folder.cleanup()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_eco2 STRATEGY FILE_COPY".encode())
    yield postgres.database_url(name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A running Valkey without persistence."""
    server = Valkey(tmp_path_factory.mktemp("valkey") / "data", persistent=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey_url(valkey: Valkey) -> str:
    """An empty Valkey."""
    from redis import Redis

    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def photos() -> Path:
    """Real photos of waste beside the repository; skipped with its reason where they are not there."""
    if not PHOTOS.is_dir():
        pytest.skip(f"no photos at {PHOTOS.parent.parent.name}/images/trashnet beside the repository")
    return PHOTOS


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans that a process with an endpoint would send."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()
