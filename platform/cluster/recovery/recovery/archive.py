"""The archive of one PostgreSQL: base backups and WAL in a bucket, as barman keeps them for the cluster's.

The server hands each finished segment to a spool (its `archive_command`); a shipper moves it into the bucket. What
is in the bucket survives the loss of the server's disk, the spool does not.
"""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded.objects.store import ObjectStore
from embedded.servers.service_user import programs

BUCKET = "backups"
MAX_BYTES = 256 * 1024 * 1024
SHIP_EVERY_S = 0.1
BACKUP_TIMEOUT_S = 120.0
_HEADERS = {"content-type": "application/gzip"}


@dataclass(slots=True)
class WalArchive:
    """The archive in `folder`'s object store; `shipping` moves segments while it is entered."""

    folder: Path
    spool: Path
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def store(self) -> ObjectStore:
        """The bucket's store."""
        return ObjectStore(self.folder, max_bytes=MAX_BYTES)

    def settings(self, timeout_s: int) -> dict[str, str]:
        """What the server must be set to: a segment leaves when it is full, or `timeout_s` after its first commit."""
        whole, part = f"{self.spool}/%f", f"{self.spool}/%f.part"
        return {
            "archive_mode": "on",
            "archive_command": f'test ! -e "{whole}" && cp "%p" "{part}" && sync "{part}" && mv "{part}" "{whole}"',
            "archive_timeout": str(timeout_s),
        }

    def start(self) -> None:
        """Begin to ship."""
        self._thread = threading.Thread(target=self._ship, name="wal shipper")
        self._thread.start()

    def stop(self) -> None:
        """Stop at once; what is still in the spool is lost with the machine."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def segments(self) -> list[str]:
        """Names of the WAL in the bucket, in order."""
        return _names(self.folder / BUCKET / "wal")

    def bases(self) -> list[str]:
        """Names of the base backups in the bucket, in order."""
        return _names(self.folder / BUCKET / "base")

    def back_up(self, url: str, label: str) -> int:
        """Put a base backup of the running server into the bucket; its size in bytes."""
        command = [str(programs() / "pg_basebackup"), "-d", url, "-D", "-", "-F", "tar", "-X", "none"]
        command += ["--checkpoint=fast", "--label", label, "--no-manifest"]
        done = subprocess.run(command, capture_output=True, timeout=BACKUP_TIMEOUT_S, check=False)
        if done.returncode:
            raise RuntimeError(f"pg_basebackup failed: {done.stderr.decode(errors='replace')[-500:]}")
        return self._put(f"base/{label}.tar.gz", done.stdout)

    def fetch(self, name: str) -> bytes:
        """The content of an object."""
        return gzip.decompress(self.store.find(f"{BUCKET}/{name}").path.read_bytes())

    def _ship(self) -> None:
        while not self._stop.wait(SHIP_EVERY_S):
            for segment in sorted(self.spool.iterdir()):
                if self._stop.is_set() or segment.suffix == ".part":
                    continue
                with suppress(FileNotFoundError):
                    self._put(f"wal/{segment.name}.gz", segment.read_bytes())
                    segment.unlink()

    def _put(self, name: str, content: bytes) -> int:
        packed = gzip.compress(content, compresslevel=1)

        async def pieces() -> AsyncIterator[bytes]:
            yield packed

        asyncio.run(self.store.put(f"{BUCKET}/{name}", _HEADERS, pieces()))
        return len(packed)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
