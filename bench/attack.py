"""Ordinary users beside an attacker: what they wait for, alone and while one account submits as fast as it is let.

The attacker keeps `--connections` requests under way all the time, so that it always is at its limit and most of what
it asks is refused; what is accepted is worked on like everybody's. Each ordinary user looks at the account, scans, and
looks again, with a pause in between.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import plots
from bench.launch import platform
from bench.load import scan
from bench.report import percentile, table
from bench.users import JSON, Users, picture
from bench.wire import Browser

PAUSE_S = 0.5
TIMEOUT_S = 60.0


@dataclass
class Waits:
    """What ordinary users waited for, in seconds, and what went wrong for them."""

    account: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def named(self) -> Mapping[str, Sequence[float]]:
        """Each kind of wait, in ascending order."""
        kinds = {"account": self.account, "scan accepted": self.accepted, "scan answered": self.answered}
        return {what: sorted(waits) for what, waits in kinds.items()}

    def rows(self, label: str) -> list[Sequence[object]]:
        """A row for each kind of wait."""
        return [
            (label, what, len(waits), *(f"{percentile(waits, share):.3f}" for share in (50, 95, 99)))
            for what, waits in self.named.items()
        ]


async def ordinary(client: Browser, image_url: str, seconds: float, waits: Waits) -> None:
    """One user, until the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            status = (await client.request("GET", "/api/v1/users/me", timeout_s=TIMEOUT_S)).status
        except (OSError, TimeoutError) as lost:
            waits.wrong[f"account: {type(lost).__name__}"] += 1
        else:
            waits.account.append(time.monotonic() - began)
            waits.wrong.update([f"account {status}"] if status != 200 else [])
        outcome = await scan(client, image_url, TIMEOUT_S)
        if outcome.failure:
            waits.wrong[outcome.failure] += 1
        else:
            waits.accepted.append(outcome.accepted_s)
            waits.answered.append(outcome.ended - outcome.started)
        await asyncio.sleep(PAUSE_S)


async def attack(client: Browser, image_url: str, connections: int, told: Counter[str]) -> None:
    """Submit without a pause until cancelled; `told` counts the answers."""
    body = json.dumps({"image_url": image_url}).encode()

    async def submit() -> None:
        while True:
            try:
                answer = await client.request(
                    "POST", "/api/v1/scan", body=body, headers=JSON, timeout_s=TIMEOUT_S
                )
                told[str(answer.status)] += 1
            except (OSError, TimeoutError) as lost:
                told[type(lost).__name__] += 1
                await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(submit())


async def measure(url: str, options: argparse.Namespace) -> tuple[Waits, Waits, Mapping[str, int]]:
    """Waits alone, waits beside the attacker, and what the attacker was told."""
    users, told = Users(url), Counter[str]()
    image_url = await users.upload(picture())
    attacker, *clients = await users.signed_in(options.users + 1)
    alone, beside = Waits(), Waits()

    async def together(waits: Waits) -> None:
        await asyncio.gather(*(ordinary(client, image_url, options.seconds, waits) for client in clients))

    await asyncio.gather(*(scan(client, image_url, TIMEOUT_S) for client in clients))  # imports, connections
    await together(alone)
    attacking = asyncio.create_task(attack(attacker, image_url, options.connections, told))
    await together(beside)
    attacking.cancel()
    await asyncio.gather(attacking, return_exceptions=True)
    await users.close()
    return alone, beside, told


def draw(folder: Path, found: Mapping[str, Waits]) -> None:
    """Write attack.svg: what users wait for, and how long answers took, by who else is there."""
    bars = {
        label: [(1000 * percentile(each, 50), 1000 * percentile(each, 95)) for each in waits.named.values()]
        for label, waits in found.items()
    }
    answers = {label: [1000 * s for s in waits.answered] for label, waits in found.items() if waits.answered}
    plots.save(
        folder / "attack.svg",
        plots.bars("What users wait for", "ms", list(Waits().named), bars),
        plots.spread("Scans until they are answered", "ms", answers),
    )


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.attack", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("url", nargs="?", help="a running platform; without: one of its own, simulated model")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each of the two parts")
    parser.add_argument("--connections", type=int, default=32, help="of the attacker")
    plots.plots_option(parser)
    options = parser.parse_args()
    if options.url:
        told = uvloop.run(measure(options.url, options))
    else:
        # The limit that is declared with the function, not that of a machine where one account stands for many.
        with platform(settings={"ECO2_RATE_LIMITS": "images-upload=6000/60"}) as running:
            told = uvloop.run(measure(running.url, options))
    alone, beside, answers = told
    rows = [*alone.rows("alone"), *beside.rows("beside the attacker")]
    print(table(rows, (f"{options.users} users", "wait for", "times", "p50 s", "p95 s", "p99 s")))
    print(f"\nthe attacker was told: {dict(answers)}")
    for label, waits in (("alone", alone), ("beside the attacker", beside)):
        for what, times in waits.wrong.items():
            print(f"{label}: {what}, {times} times")
    if options.plots:
        draw(options.plots, {"alone": alone, "beside the attacker": beside})


if __name__ == "__main__":
    main()
