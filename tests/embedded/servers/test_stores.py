"""PostgreSQL and Valkey: they come up, keep data and address over restarts, and say why they can't start."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.servers.postgres import Postgres
from embedded.servers.process import ServerStartError, comes_up, end, free_port, last_lines
from embedded.servers.valkey import Valkey


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's folder: that is closed to the user that PostgreSQL runs as when we are root."""
    with tempfile.TemporaryDirectory(prefix="eco2-test-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        yield Path(made)


def test_postgresql_keeps_its_data_and_knows_its_program_the_second_time(folder: Path) -> None:
    server = Postgres(folder / "data")
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    server.stop()
    again = Postgres(folder / "data", address="127.0.0.1")
    again.start()
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        again.stop()
    assert not again._sockets.name


def test_postgresql_that_can_not_start_shows_its_log(folder: Path) -> None:
    server = Postgres(folder / "data")
    server.prepare()
    (folder / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerStartError, match="no_such_setting"):
        server.start()


def test_valkey_keeps_its_address_its_data_and_its_password(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", password="secret")
    server.start()
    url = server.url
    assert server.process
    assert "secret" not in Path("/proc", str(server.process.pid), "cmdline").read_text()
    with redis.Redis.from_url(url) as client:
        client.set("kept", "1")
    server.stop()
    server.start()
    try:
        assert server.url == url
        with redis.Redis.from_url(url) as client:
            assert client.get("kept") == b"1"
        with redis.Redis(port=server.port) as nobody, pytest.raises(redis.AuthenticationError):
            nobody.get("kept")
    finally:
        server.stop()


def test_valkey_on_a_taken_port_shows_its_log(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Valkey(tmp_path / "data", port=taken.getsockname()[1], persistent=False)
        with pytest.raises(ServerStartError, match=r"(?s)did not start; .*in use"):
            server.start()


def test_a_process_that_ends_does_not_come_up() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert not comes_up(process, lambda: False, 20)
    end(process)  # nothing is left to end
    end(None)


def test_a_process_that_ignores_its_signal_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        end(process, timeout_s=0.2)
        assert process.returncode == -9


def test_ports_come_from_below_those_of_outgoing_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def ranging(first: str) -> int:
        monkeypatch.setattr(Path, "read_text", lambda _path: f"{first}\t60999\n")
        return free_port()

    assert 10_000 <= ranging("12000") < 12_000
    assert 10_000 <= ranging("1024") < 65_536
    monkeypatch.setattr("embedded.servers.process.random.sample", lambda _range, _count: [])
    with pytest.raises(ServerStartError, match="none is free"):
        free_port()


def test_the_end_of_logs_is_shown_as_far_as_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\nthree\n")
    assert last_lines(tmp_path / "a", tmp_path / "none", most=2) == "two\nthree"
