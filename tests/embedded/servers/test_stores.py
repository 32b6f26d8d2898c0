"""PostgreSQL and Valkey: they come up, keep data and address over restarts, and say why they can't start."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.servers import service_user
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


def test_a_first_start_that_was_cut_off_is_made_again_and_what_it_left_is_kept(folder: Path) -> None:
    (folder / "data" / "base").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("18\n")
    (folder / "data.x1.part").mkdir()
    server = Postgres(folder / "data")
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
    assert not list(folder.glob("*.part"))
    (aside,) = folder.glob("incomplete.*")
    assert (aside / "data" / "PG_VERSION").exists()


def test_data_that_can_not_be_made_is_told_with_initdbs_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "no_SUCH")
    with pytest.raises(ServerStartError, match=r"initdb failed: .*locale"):
        Postgres(folder / "data").prepare()
    assert not list(folder.iterdir())


def test_folders_are_closed_when_others_may_not_pass(folder: Path) -> None:
    (folder / "open" / "data").mkdir(parents=True)
    (folder / "open").chmod(0o755)
    assert service_user.closed_above(folder / "open" / "data") is None
    (folder / "open").chmod(0o750)
    assert service_user.closed_above(folder / "open" / "data" / "more") == folder / "open"
    assert service_user.closed_above(folder / "open") is None  # the folder itself is PostgreSQL's


class TestStartedByRoot:
    """As root would have it; also shown where somebody else runs the tests."""

    @pytest.fixture(autouse=True)
    def _root(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service_user, "PLACE", folder / "place")
        monkeypatch.setattr(os, "geteuid", lambda: 0)

    def test_a_folder_that_is_closed_is_told(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service_user, "USER", pwd.getpwuid(os.getuid()).pw_name)
        (folder / "private").mkdir(mode=0o700)
        with pytest.raises(
            ServerStartError, match=r"can't pass .*/private: choose a folder that others may pass"
        ):
            Postgres(folder / "private" / "data").prepare()

    def test_programs_in_a_closed_folder_are_copied_once(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service_user, "closed_above", lambda _path: folder)
        programs = service_user.programs()
        assert programs.is_relative_to(folder / "place")
        assert service_user.programs() == programs
        assert len(list((folder / "place").iterdir())) == 1
        for file in (programs / "initdb", programs / "postgres", programs.parent):
            assert file.stat().st_mode & 0o055 == 0o055
        done = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, timeout=20, check=True
        )
        assert b"PostgreSQL) 18" in done.stdout

    def test_a_user_that_can_not_be_made_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service_user, "USER", "eco2nobody")
        monkeypatch.setattr(service_user, "_CREATE", ("false",))
        with pytest.raises(ServerStartError, match="run `useradd --system eco2nobody`"):
            service_user.name()

    def test_a_place_that_can_not_be_made_is_told(self, folder: Path) -> None:
        (folder / "place").write_text("")
        with pytest.raises(ServerStartError, match="can't be made: File exists"):
            service_user.place()


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


def test_no_other_process_is_given_a_port_before_its_server_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = free_port(), free_port()
    asks = (
        f"import random; random.sample = lambda *_: [{first}, {second}];"
        "from embedded.servers.process import ServerStartError, free_port\n"
        "try: print(free_port())\nexcept ServerStartError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", asks], capture_output=True, text=True, check=True, timeout=30
    )
    assert "none is free" in told.stdout


def test_the_end_of_logs_is_shown_as_far_as_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\nthree\n")
    assert last_lines(tmp_path / "a", tmp_path / "none", most=2) == "two\nthree"
