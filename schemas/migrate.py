"""Applies the SQL migrations in order: `python -m schemas.migrate [DATABASE_URL]`.

Idempotent and safe to run from several places at once (advisory lock); each file runs in its own transaction
and is recorded with its hash. A file that was changed after it ran is an error: write a new one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import psycopg

from process.settings import with_files

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x65636F32  # "eco2"


class ChangedMigration(RuntimeError):
    """The file of a migration that already ran was changed."""


def migrate(database_url: str) -> list[str]:
    """Bring the database up to date; returns the names of the files applied now."""
    applied: list[str] = []
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migrations "
            "(name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = connection.execute("SELECT name, sha256 FROM public.schema_migrations").fetchall()
        known: dict[str, str] = dict(rows)
        for path in sorted(MIGRATIONS.glob("*.sql")):
            sql = path.read_text()
            digest = hashlib.sha256(sql.encode()).hexdigest()
            if path.name in known:
                if known[path.name] != digest:
                    raise ChangedMigration(
                        f"{path.name} was changed after it ran; restore it and add a new file"
                    )
                continue
            with connection.transaction():
                connection.execute(sql.encode())
                connection.execute(
                    "INSERT INTO public.schema_migrations (name, sha256) VALUES (%s, %s)", (path.name, digest)
                )
            applied.append(path.name)
    return applied


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else with_files(os.environ).get("ECO2_DATABASE_URL", "")
    if not url:
        sys.exit("give the database URL as argument or as ECO2_DATABASE_URL")
    sys.stdout.writelines(f"applied {name}\n" for name in migrate(url))
