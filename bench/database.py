"""A PostgreSQL of its own for a measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.servers.postgres import Postgres
from schemas.migrate import migrate


@contextmanager
def database() -> Iterator[Postgres]:
    """A server with all tables, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="eco2-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user when we are root
        server = Postgres(Path(name) / "postgres")
        server.start()
        try:
            migrate(server.url)
            yield server
        finally:
            server.stop()
