"""A home with half-written files starts, or says what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from embedded.servers.valkey import Valkey
from embedded.supervisor import stores, wiring
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.home import Home
from functions.auth.keys import ensure_keys
from tests.embedded.supervisor.test_run import folder

__all__ = ["folder"]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a Valkey that ran."""
    server = Valkey(tmp_path_factory.mktemp("valkey") / "data")
    server.start()
    server.stop()
    return server.data


def aof(data: Path, kind: str) -> Path:
    (found,) = (data / "appendonlydir").glob(f"*{kind}")
    return found


@pytest.mark.parametrize(
    ("file", "left"),
    [
        (".manifest", b""),
        (".manifest", b"file appendonly.aof.1.base"),
        (".manifest", b"file gone seq 1 type b\n"),
        (".base.rdb", b""),
        (".base.rdb", b"\0\0\0\0\0\0"),
        (".incr.aof", b"\0\0\0\0\0\0"),
    ],
)
def test_valkey_starts_anew_beside_files_that_are_damaged(
    used: Path, tmp_path: Path, file: str, left: bytes
) -> None:
    data = tmp_path / "data"
    (data / "appendonlydir").mkdir(parents=True)
    for each in (used / "appendonlydir").iterdir():
        (data / "appendonlydir" / each.name).write_bytes(each.read_bytes())
    aof(data, file).write_bytes(left)
    server = Valkey(data)
    server.start()
    server.stop()
    (kept,) = tmp_path.glob("damaged.*/appendonlydir")
    assert next(kept.glob(f"*{file}")).read_bytes() == left


def test_valkey_goes_on_with_files_that_are_whole(used: Path) -> None:
    before = aof(used, ".incr.aof").stat().st_ino
    server = Valkey(used)
    server.start()
    server.stop()
    assert aof(used, ".incr.aof").stat().st_ino == before
    assert not list(used.parent.glob("damaged.*"))


async def test_a_damaged_database_is_no_riddle(folder: Path) -> None:
    home = Home(folder)
    home.make()
    made = home.folder / "postgres"
    made.mkdir()
    made.chmod(0o711)
    for name in ("PG_VERSION", "global/pg_control", "postgresql.conf"):
        path = made / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    server = stores.postgres(home)
    server.prepare()
    if server._user:
        for path in (made / "data", *(made / "data").rglob("*")):
            shutil.chown(path, server._user)
    (made / "data").chmod(0o700)
    server.launch()
    log = made / "postgres.log"
    with pytest.raises(CannotStartError) as told:
        await stores.ready(server)
    message = str(told.value)
    assert message.startswith("PostgreSQL did not start: ")
    assert f"(see {log}); if its files are damaged, put a copy of {made} back, or move it away" in message
    assert "is not a valid data directory" in log.read_text()
    assert "\n" not in message


@pytest.mark.parametrize("damaged", ["current", "*.pem"])
def test_damaged_keys_are_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    keys = tmp_path / "keys"
    ensure_keys(keys)
    for path in keys.glob(damaged):
        path.write_text("")
    arguments = ["--functions-url", "http://a", "--keys", str(keys)]
    arguments += ["--routes", str(tmp_path / "r"), "--triggers", str(tmp_path / "t")]
    monkeypatch.setattr(sys, "argv", ["wiring", *arguments])
    with pytest.raises(SystemExit, match="move the folder away: new keys are made"):
        wiring.main()
