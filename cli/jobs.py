"""`eco2 jobs`: lists one user's scans, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from cli.client import Client
from cli.errors import CliError
from cli.options import address, home_option, url_option

LEVELS = ("major", "middle", "minor")


@click.command()
@click.option("--user", default="터미널", show_default=True, help="Whose scans.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@url_option
@home_option
def jobs(user: str, limit: int, url: str | None, home: Path) -> None:
    """List your own scans, newest first."""
    client = Client(address(url, home))
    client.sign_in(user)
    status, page = client.get(f"/api/v1/scan?{urlencode({'limit': limit})}")
    if status != 200:
        raise CliError(f"the history answered {status}")
    from cli import tables

    columns = ("job", "status", "created", "what", "character")
    tables.show(columns, map(_row, page["scans"]), empty="no scans yet; try: eco2 scan PHOTO")


def _row(scan: dict[str, Any]) -> tuple[object, ...]:
    categories, reward = scan.get("categories") or {}, scan.get("reward") or {}
    names = [categories.get(f"{level}_category") or categories.get(level) for level in LEVELS]
    what = " › ".join(name for name in names if name)
    return scan["job_id"], scan["status"], str(scan["created_at"])[:19], what, reward.get("name")
