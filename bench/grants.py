"""How many characters a second are granted to both records, the owners' and the collections', and again without effect.

Rows go the way that deliveries take: one call each, many at once, gathered into statements. The second time every row
is there already, which is what a broker that delivers twice asks for.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import uvloop

from bench import plots
from bench.database import database
from bench.report import table
from functions.character.catalogue import CHARACTERS
from functions.character.events import CharacterGranted
from functions.character.ownerships import Ownership, Ownerships
from functions.runtime.resources import Resources
from functions.users.inventory import Inventory

AT_ONCE = 2_000
Record = Callable[[CharacterGranted], Awaitable[None]]


def grants(count: int) -> list[CharacterGranted]:
    """Every character for as many users as it takes."""
    users = [str(uuid4()) for _ in range(-(-count // len(CHARACTERS)))]
    job = uuid4()
    made = [
        CharacterGranted(user_id=user, code=each.code, job_id=job) for user in users for each in CHARACTERS
    ]
    return made[:count]


async def per_second(record: Record, rows: Sequence[CharacterGranted]) -> float:
    """Rows a second."""
    began = time.perf_counter()
    for start in range(0, len(rows), AT_ONCE):
        await asyncio.gather(*map(record, rows[start : start + AT_ONCE]))
    return len(rows) / (time.perf_counter() - began)


async def measure(url: str, count: int) -> dict[str, tuple[float, float]]:
    """Rows a second of each record: the first time, and again."""
    resources = Resources({"ECO2_DATABASE_URL": url})
    owners, collections = await resources.get(Ownerships), await resources.get(Inventory)

    async def own(granted: CharacterGranted) -> None:
        await owners.record(Ownership(granted.user_id, granted.code, UUID(str(granted.job_id))))

    records: dict[str, tuple[str, Record]] = {
        "owners": ("characters.ownerships", own),
        "collections": ("users.user_characters", collections.collect),
    }
    found, stored_in = dict[str, tuple[float, float]](), await resources.database()
    await per_second(own, grants(AT_ONCE))  # connections and plans
    await per_second(collections.collect, grants(AT_ONCE))
    for name, (stored, record) in records.items():
        rows = grants(count)
        first, again = await per_second(record, rows), await per_second(record, rows)
        (kept,) = await stored_in.one(f"SELECT count(*) FROM {stored}") or (0,)
        if kept != count + AT_ONCE:
            raise RuntimeError(f"{stored} has {kept} rows, not {count + AT_ONCE}")
        found[name] = (first, again)
    await resources.close()
    return found


def draw(folder: Path, found: Mapping[str, tuple[float, float]]) -> None:
    """Write grants.svg: rows a second of both records."""
    first, again = zip(*found.values(), strict=True)
    series = {"the first time": first, "again, without effect": again}
    plots.save(folder / "grants.svg", plots.columns("Grants recorded", "rows/s", list(found), series))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.grants", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="grants to each record")
    plots.plots_option(parser)
    options = parser.parse_args()
    with database() as postgres:
        found = uvloop.run(measure(postgres.url, options.rows))
    rows = [(name, f"{first:,.0f}", f"{again:,.0f}") for name, (first, again) in found.items()]
    print(table(rows, ("record", "rows/s", "again, rows/s")))
    if options.plots:
        draw(options.plots, found)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
