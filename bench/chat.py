"""Measures chat turns side by side, with a model that streams: `python -m bench.chat [--users 100]`.

Each user asks once; they begin evenly spread over `--within` seconds. The default is the length of a turn, so that all
are answered at once and as many begin as end; 1 is a burst. Printed: how many answers are whole, what is added to the
model's first token and to the gaps between its tokens, how long a turn takes, and CPU and memory of the platform's
processes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import plots
from bench.launch import platform
from bench.load import refusal
from bench.meter import Meter
from bench.report import percentile, table
from bench.sse import EventParser
from bench.users import JSON, Users
from bench.wire import Browser

QUESTION = "페트병 라벨은 어떻게 버려요?"
TIMES_TEXT = 13
"""The simulated model's text of 24 words so often is 312 tokens."""


@dataclass(slots=True)
class Told:
    """When the events of one answer came (seconds of the clock), and what they said."""

    tokens_at: list[float] = field(default_factory=list)
    text: str = ""
    answer: str = ""
    ended: str = ""
    parser: EventParser = field(default_factory=EventParser)

    def feed(self, piece: bytes) -> bool:
        """Take a piece of the stream; True at its end."""
        for name, _, content in self.parser.feed(piece):
            data = json.loads(content)
            if name == "token":
                self.tokens_at.append(time.monotonic())
                self.text += data["content"]
            elif name in ("done", "error"):
                self.ended = name
                self.answer = (data.get("result") or {}).get("answer", "")
        return bool(self.ended)


MEANS = {
    "accepted_s": "accepted, ms",
    "first_s": "first token, ms",
    "gap_s": "longest gap of tokens, ms",
    "whole_s": "whole turn, ms",
}


@dataclass(frozen=True, slots=True)
class AnsweredTurn:
    """One turn: seconds until it was accepted, until its first token, until its end, the longest gap between tokens."""

    accepted_s: float
    first_s: float
    whole_s: float
    gap_s: float
    failure: str = ""


async def turn(client: Browser) -> AnsweredTurn:
    """Ask once in a conversation of its own, and follow the answer."""
    made = await client.request("POST", "/api/v1/chat", body=b"{}", headers=JSON)
    path = f"/api/v1/chat/{json.loads(made.body)['id']}/messages"
    began = time.monotonic()
    accepted = await client.request(
        "POST", path, body=json.dumps({"message": QUESTION}).encode(), headers=JSON
    )
    accepted_s = time.monotonic() - began
    if accepted.status != 202:
        return AnsweredTurn(accepted_s, 0, 0, 0, refusal("submit", accepted))
    told = Told()
    headers = {"accept": "text/event-stream"}
    await client.request(
        "GET", json.loads(accepted.body)["stream_url"], headers=headers, sink=told.feed, timeout_s=120
    )
    if told.ended != "done" or told.text != told.answer:
        return AnsweredTurn(
            accepted_s, 0, 0, 0, f"ended with {told.ended or 'nothing'}, or text and answer differ"
        )
    gaps = [after - before for before, after in itertools.pairwise(told.tokens_at)]
    return AnsweredTurn(
        accepted_s, told.tokens_at[0] - began, time.monotonic() - began, max(gaps, default=0.0)
    )


async def measure(url: str, users: int, meter: Meter, within_s: float) -> list[AnsweredTurn]:
    """`users` turns begun within so many seconds, after one that warms the platform up."""
    everybody = Users(url)
    clients = await everybody.signed_in(users)
    await turn(clients[0])

    async def late(at: int, client: Browser) -> AnsweredTurn:
        await asyncio.sleep(within_s * (at + random.random()) / users)
        return await turn(client)

    with meter:
        turns = await asyncio.gather(*itertools.starmap(late, enumerate(clients)))
    await everybody.close()
    return list(turns)


def shown(turns: list[AnsweredTurn], alone: AnsweredTurn, meter: Meter) -> str:
    """The figures as Markdown; `alone` is a turn without others."""
    whole = [one for one in turns if not one.failure]
    rows = []
    for name in ("accepted_s", "first_s", "gap_s", "whole_s"):
        values = sorted(float(getattr(one, name)) for one in whole)
        figures = [getattr(alone, name), *(percentile(values, p) for p in (50, 95, 99))]
        rows.append((MEANS[name], *(f"{value * 1000:.0f}" for value in figures)))
    usage = meter.usage
    busiest = ", ".join(f"{name} {cpu_s:.1f} s" for name, cpu_s in list(usage.by_label.items())[:4])
    lines = [
        f"{len(whole)} of {len(turns)} answers are whole",
        table(rows, ("", "alone", "p50", "p95", "p99")),
        f"CPU {usage.cpu_s:.1f} s ({busiest}); memory {usage.peak_pss / 2**20:.0f} MiB at most",
        *sorted({one.failure for one in turns if one.failure}),
    ]
    return "\n".join(lines)


def draw(folder: Path, turns: list[AnsweredTurn], alone: AnsweredTurn) -> None:
    """Write chat.svg: what turns wait for beside one alone, and how long first tokens took."""
    whole = [one for one in turns if not one.failure]
    names = ("accepted_s", "first_s", "gap_s")
    beside = [sorted(1000 * float(getattr(one, name)) for one in whole) for name in names]
    series = {
        "alone": [(1000 * float(getattr(alone, name)),) * 2 for name in names],
        f"{len(turns)} turns": [(percentile(values, 50), percentile(values, 95)) for values in beside],
    }
    plots.save(
        folder / "chat.svg",
        plots.bars("Turns of a chat", "ms", [MEANS[name].removesuffix(", ms") for name in names], series),
        plots.spread("Until the first token", "ms", {f"{len(turns)} turns": beside[1]} if whole else {}),
    )


async def run(users: int, token_s: float, within_s: float) -> tuple[list[AnsweredTurn], AnsweredTurn, Meter]:
    """Start a platform with the simulated model, alone first, then with all: turns, the one alone, the meter."""
    settings = {
        "ECO2_SIMULATED_TOKEN_S": f"{token_s:g}",
        "ECO2_SIMULATED_TEXT_TIMES": str(TIMES_TEXT),
        "ECO2_MODEL_USER_CALLS": "0",
    }
    with platform(settings=settings) as running:
        (alone,) = await measure(running.url, 1, Meter(running.pid, home=running.home), 0)
        meter = Meter(running.pid, home=running.home)
        turns = await measure(running.url, users, meter, within_s)
        return turns, alone, meter


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.chat", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--users", type=int, default=100, help="turns at once")
    parser.add_argument("--token-s", type=float, default=0.02, help="seconds between two tokens of the model")
    parser.add_argument("--within", type=float, default=6.0, help="seconds in which all turns begin")
    plots.plots_option(parser)
    options = parser.parse_args()
    turns, alone, meter = uvloop.run(run(options.users, options.token_s, options.within))
    sys.stdout.write(f"{shown(turns, alone, meter)}\n")
    if options.plots:
        draw(options.plots, turns, alone)


if __name__ == "__main__":
    main()
