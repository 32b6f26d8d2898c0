"""Finds what in the database still names a user: `python -m schemas.leftovers USER_ID [DATABASE_URL]`.

Looks at every row of every table, whatever its columns are called, and into what is stored as bytes. The invariant
after an account was deleted: nothing, but for an hour the row of `auth.deletions` that has everybody told again.
"""

from __future__ import annotations

import os
import sys

import psycopg
from psycopg import sql

from process.settings import with_files

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT c.relispartition
ORDER BY 1, 2
"""


def leftovers(database_url: str, user_id: str) -> dict[str, int]:
    """Table → how many of its rows name the user, where there are any."""
    found: dict[str, int] = {}
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            query = sql.SQL(
                "SELECT count(*) FROM {} AS t WHERE strpos(t::text, %s) > 0 OR strpos(t::text, %s) > 0"
            )
            row = connection.execute(
                query.format(sql.Identifier(schema, table)), (user_id, user_id.encode().hex())
            ).fetchone()
            if row and row[0]:
                found[f"{schema}.{table}"] = row[0]
    return found


if __name__ == "__main__":
    url = sys.argv[2] if len(sys.argv) > 2 else with_files(os.environ).get("ECO2_DATABASE_URL", "")
    if len(sys.argv) < 2 or not url:
        sys.exit("give the user's id, and the database URL as argument or as ECO2_DATABASE_URL")
    left = leftovers(url, sys.argv[1])
    sys.stdout.writelines(f"{table}: {count}\n" for table, count in left.items())
    sys.exit(1 if left else 0)
