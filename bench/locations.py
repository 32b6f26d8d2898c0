"""Measures the search of places: the nearest 200 of 100,000 generated ones, with and without filters, and its plan."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import plots
from bench.database import database
from bench.report import percentile, table
from functions.locations.categories import PICKUPS, STORES
from functions.locations.entries import of_site
from functions.locations.geometry import Position
from functions.locations.hours import DayHours, OpeningHours
from functions.locations.layouts import NewSite
from functions.locations.sites import LIMIT, Sites, nearest_to
from functions.runtime.resources import Resources

CITIES = ((37.56, 126.98, 10), (35.18, 129.07, 4), (37.45, 126.70, 3), (35.87, 128.60, 3), (36.35, 127.38, 2),
          (35.16, 126.85, 2), (35.54, 129.31, 1), (33.50, 126.53, 1))  # fmt: skip
RARE = "lodging"
"""One place in a thousand is one: a filter that leaves out nearly all."""
GOAL_MS = 10.0
WARM_UP = 20
"""Questions that are not counted: they warm connection and plan."""
HOURS = OpeningHours((*[DayHours(((540, 1080),))] * 5, DayHours(()), DayHours(()), DayHours(())))


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """A kind of question: places found and CPU each time, and how long each took, in ascending order."""

    name: str
    found: float
    cpu_ms: float
    times_ms: Sequence[float]

    @property
    def p50_p95(self) -> tuple[float, float]:
        """Milliseconds."""
        return percentile(self.times_ms, 50), percentile(self.times_ms, 95)

    def row(self) -> tuple[str, ...]:
        """As it is printed."""
        p50, p95 = self.p50_p95
        shown = (f"{self.found:.0f}", f"{self.cpu_ms:.1f}", f"{p50:.2f}", f"{p95:.2f}")
        return (self.name, *shown, "" if p95 <= GOAL_MS else "over")


def generated(count: int, chance: random.Random) -> Iterator[NewSite]:
    """Places around the large cities, some anywhere in the country."""
    kinds = [kind for kind in STORES if kind != RARE]
    weights = [weight for *_, weight in CITIES]
    for number in range(count):
        if chance.random() < 0.2:
            at = Position(chance.uniform(34.3, 38.3), chance.uniform(126.3, 129.4))
        else:
            latitude, longitude, _ = chance.choices(CITIES, weights)[0]
            at = Position(chance.gauss(latitude, 0.08), chance.gauss(longitude, 0.1))
        yield NewSite(
            source="zerowaste",
            source_key=str(number),
            name=f"생성된 장소 {number}",
            position=at,
            store_category=RARE if chance.random() < 0.001 else chance.choice(kinds),
            pickup_categories=tuple(chance.sample(PICKUPS, chance.randint(1, 4))),
            road_address=f"생성된 주소 {number % 997}",
            hours=HOURS,
        )


async def measure(url: str, server: psutil.Process, count: int, rounds: int) -> list[SearchFigures]:
    """Figures of each kind of question, asked one after the other by one client."""
    chance = random.Random(7)
    resources = Resources({"ECO2_DATABASE_URL": url})
    sites = await resources.get(Sites)
    began = time.perf_counter()
    await sites.store(list(generated(count, chance)))
    pool = await (await resources.database()).pool()
    async with pool.connection() as connection:
        await connection.execute("VACUUM ANALYZE locations.sites, locations.places")
    print(f"{count} places stored in {time.perf_counter() - began:.0f} s", file=sys.stderr)

    def pick(names: tuple[str, ...], size: int) -> tuple[str, ...]:
        return tuple(chance.sample(names, size))

    kinds: list[tuple[str, int, Callable[[], tuple[tuple[str, ...], tuple[str, ...]]]]] = [
        ("no filter", 200, lambda: ((), ())),
        ("no filter, nearest 10", 10, lambda: ((), ())),
        ("one kind of shop", 200, lambda: (pick(STORES[:5], 1), ())),
        ("one kind of shop, one of waste", 200, lambda: (pick(STORES[:5], 1), pick(PICKUPS, 1))),
        ("three kinds of shop, two of waste", 200, lambda: (pick(STORES[:5], 3), pick(PICKUPS, 2))),
        ("the rarest kind of shop (1 in 1,000)", 200, lambda: ((RARE,), ())),
        ("the rarest, one kind of waste", 200, lambda: ((RARE,), pick(PICKUPS, 1))),
    ]
    figures = []
    for name, limit, filters in kinds:
        times, found, cpu_s = [], 0, 0.0
        for turn in range(rounds + WARM_UP):
            city = chance.choices(CITIES, [weight for *_, weight in CITIES])[0]
            origin = Position(chance.gauss(city[0], 0.08), chance.gauss(city[1], 0.1))
            stores, pickups = filters()
            if turn == WARM_UP:
                cpu_s = spent_s(server)
            started = time.perf_counter()
            near = await sites.nearest(origin, 50_000, stores=stores, pickups=pickups, limit=limit)
            now = datetime.now(UTC)
            entries = [of_site(site, distance_m, now) for site, distance_m in near]
            if turn >= WARM_UP:
                times.append(1_000 * (time.perf_counter() - started))
                found += len(entries)
        cpu_ms = 1_000 * (spent_s(server) - cpu_s) / rounds
        figures.append(SearchFigures(name, found / rounds, cpu_ms, sorted(times)))
    print(f"plan of the last one:\n{await plan(resources)}\n")
    await resources.close()
    return figures


def spent_s(server: psutil.Process) -> float:
    """Seconds of processor time of this process and of the server's, which a busy machine does not stretch."""
    own = time.process_time()
    return own + sum(sum(each.cpu_times()[:2]) for each in server.children(recursive=True))


async def plan(resources: Resources) -> str:
    """The plan of a search for the rarest kind, with what it really did."""
    statement, parameters = nearest_to(
        Position(37.56, 126.98), 50_000, stores=(RARE,), pickups=(), limit=LIMIT
    )
    rows = await (await resources.database()).all(
        f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {statement}", parameters
    )
    return "\n".join(row[0] for row in rows)


def draw(folder: Path, figures: Sequence[SearchFigures]) -> None:
    """Write locations.svg: how long each kind of question takes, and the spread of the first, without a filter."""
    times = {"": [each.p50_p95 for each in figures]}
    plots.save(
        folder / "locations.svg",
        plots.bars("Nearest places", "ms", [each.name for each in figures], times),
        plots.spread(f"Nearest 200, {figures[0].name}", "ms", {"": figures[0].times_ms}),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.locations", description=__doc__)
    parser.add_argument("--places", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=500, help="questions of each kind")
    plots.plots_option(parser)
    options = parser.parse_args()
    with database() as server:
        assert server.process
        process = psutil.Process(server.process.pid)
        figures = asyncio.run(measure(server.url, process, options.places, options.rounds))
    rows = [each.row() for each in figures]
    head = ("nearest 200 within 50 km", "found", "CPU ms", "p50 ms", "p95 ms", f"goal p95 ≤ {GOAL_MS:g} ms")
    print(table(rows, head))
    if options.plots:
        draw(options.plots, figures)
    return int(any(row[-1] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
