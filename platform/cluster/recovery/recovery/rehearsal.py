"""Three losses of PostgreSQL, each for real: a wrong statement, a disk, a primary with a replica.

Jobs are committed all the time meanwhile; what is compared afterwards is which of those that a user was told of are
there.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg

from embedded.servers.postgres import Postgres
from embedded.servers.service_user import PASSABLE
from recovery.archive import WalArchive
from recovery.restoring import configure, owned, promote, replica, restore
from schemas.migrate import migrate

PACE_S = 0.02
WAIT_S = 60.0
_SUBMIT = """
INSERT INTO scan.jobs (id, user_id, image_url, user_input, model, request_hash, deadline_at)
VALUES (%s, 'rehearsal', 'https://example.org/a.jpg', '', 'local', '', now() + interval '1 hour')
"""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a loss cost: seconds of acknowledged commits that are gone, and seconds until writes were taken again."""

    loss: str
    lost_s: float
    lost_jobs: int
    kept_jobs: int
    back_s: float
    unwanted: int = 0
    """Rows that should not have come back: effects of the wrong statement."""


@dataclass(slots=True)
class Writer:
    """Commits a job every few milliseconds and remembers when each was acknowledged."""

    url: str
    committed: list[tuple[str, float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write while entered; the end of the server ends it, too."""
        thread = threading.Thread(target=self._write, name="writer")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def wait_for(self, count: int) -> None:
        """Wait until so many jobs are acknowledged. Raises TimeoutError."""
        _wait(f"{count} jobs", lambda: len(self.committed) >= count)

    def _write(self) -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, autocommit=True) as connection:
            while not self._stop.wait(PACE_S):
                job = str(uuid4())
                connection.execute(_SUBMIT, (job,))
                self.committed.append((job, time.time()))


@dataclass(slots=True)
class Scene:
    """A primary with an archive below `folder`, migrated and backed up once."""

    folder: Path
    archive_timeout_s: int
    primary: Postgres
    archive: WalArchive

    @classmethod
    @contextmanager
    def set(cls, archive_timeout_s: int) -> Iterator[Scene]:
        """Make it; everything is removed at the end."""
        folder = Path(tempfile.mkdtemp(prefix="eco2-recovery-"))
        folder.chmod(PASSABLE)
        spool = folder / "spool"
        spool.mkdir()
        owned(spool)
        archive = WalArchive(folder / "bucket", spool)
        primary = Postgres(folder / "primary" / "data")
        primary.data.parent.mkdir()
        primary.data.parent.chmod(PASSABLE)
        try:
            primary.prepare()
            configure(primary, archive.settings(archive_timeout_s))
            primary.start()
            migrate(primary.url)
            archive.start()
            yield cls(folder, archive_timeout_s, primary, archive)
        finally:
            archive.stop()
            primary.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def place(self, name: str) -> Path:
        """A new folder for another server."""
        made = self.folder / name
        made.mkdir()
        made.chmod(PASSABLE)
        return made

    def lose_primary(self) -> None:
        """As a machine that burns: no shutdown, no disk."""
        assert self.primary.process
        self.primary.process.kill()
        self.primary.process.wait()
        shutil.rmtree(self.primary.data)


def wrong_statement(archive_timeout_s: int = 2) -> Recovered:
    """Somebody deletes every job; the database goes back to just before, in another place."""
    with Scene.set(archive_timeout_s) as scene:
        writer = Writer(scene.primary.url)
        with writer.writing():
            writer.wait_for(20)
            scene.archive.back_up(scene.primary.url, "daily")
            writer.wait_for(60)
        with psycopg.connect(scene.primary.url, autocommit=True) as connection:
            connection.execute("DELETE FROM scan.jobs")
            before = datetime.fromtimestamp(writer.committed[-1][1] + 0.001, UTC)
            after = Writer(scene.primary.url)
            with after.writing():
                after.wait_for(10)
            connection.execute("SELECT pg_switch_wal()")
            _archived(scene)
        began = time.monotonic()
        restored = restore(scene.archive, scene.place("restored"), until=before)
        back_s = time.monotonic() - began
        try:
            there = _jobs(restored)
        finally:
            restored.stop()
        later = sum(job in there for job, _ in after.committed)
        return _told("a wrong statement", writer, there, before.timestamp(), back_s, later)


def lost_disk(archive_timeout_s: int = 2) -> Recovered:
    """The primary's machine is gone and there is no replica: what the bucket holds comes back."""
    with Scene.set(archive_timeout_s) as scene:
        scene.archive.back_up(scene.primary.url, "daily")
        writer = Writer(scene.primary.url)
        with writer.writing():
            shipped = len(scene.archive.segments())
            _wait("two more segments", lambda: len(scene.archive.segments()) >= shipped + 2)
            scene.archive.stop()
            scene.lose_primary()
            at = time.time()
        began = time.monotonic()
        restored = restore(scene.archive, scene.place("restored"))
        back_s = time.monotonic() - began
        try:
            there = _jobs(restored)
        finally:
            restored.stop()
        return _told("the primary's disk, no replica", writer, there, at, back_s)


def lost_primary(archive_timeout_s: int = 2) -> Recovered:
    """The primary's machine is gone and its replica, which acknowledged every commit, takes over."""
    with Scene.set(archive_timeout_s) as scene:
        standby = replica(scene.primary, scene.place("standby"))
        try:
            with psycopg.connect(scene.primary.url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                connection.execute("SELECT pg_reload_conf()")
            writer = Writer(scene.primary.url)
            with writer.writing():
                writer.wait_for(60)
                scene.lose_primary()
                at = time.time()
            began = time.monotonic()
            promote(standby)
            back_s = time.monotonic() - began
            there = _jobs(standby)
        finally:
            standby.stop()
        return _told("the primary, with a replica", writer, there, at, back_s)


def _archived(scene: Scene) -> None:
    """Wait until the server's WAL up to now is in the bucket. Raises TimeoutError."""
    with psycopg.connect(scene.primary.url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)").fetchone()
    assert row
    segment = f"{row[0]}.gz"
    _wait(f"{segment} in the bucket", lambda: segment in scene.archive.segments())


def _wait(what: str, holds: Callable[[], bool]) -> None:
    """Look again and again until `holds`. Raises TimeoutError after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {WAIT_S:.0f} s")
        time.sleep(PACE_S)


def _jobs(server: Postgres) -> set[str]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        # It must take writes, not only show what it has.
        connection.execute(_SUBMIT, (str(uuid4()),))
        return {str(row[0]) for row in connection.execute("SELECT id FROM scan.jobs")}


def _told(
    loss: str, writer: Writer, there: set[str], at: float, back_s: float, unwanted: int = 0
) -> Recovered:
    gone = [when for job, when in writer.committed if job not in there]
    return Recovered(
        loss,
        max(at - min(gone), 0.0) if gone else 0.0,
        len(gone),
        len(writer.committed) - len(gone),
        back_s,
        unwanted,
    )
