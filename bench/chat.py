"""Measures chat turns side by side, with a model that streams: `python -m bench.chat [--users 100]`.

Each user asks once; they begin evenly spread over `--within` seconds. The default is the length of a turn, so that all
are answered at once and as many begin as end; 1 is a burst. Printed: how many answers are whole, what is added to the
model's first token and to the gaps between its tokens, how long an answer takes to be kept, how long a turn takes, and
CPU and memory of the platform's processes; beside it what must hold.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
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
from functions.chat.graph.tokens import INTERVAL_S

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
    worded: float = 0.0
    kept: float = 0.0
    parser: EventParser = field(default_factory=EventParser)

    def feed(self, piece: bytes) -> bool:
        """Take a piece of the stream; True at its end."""
        for name, _, content in self.parser.feed(piece):
            data = json.loads(content)
            if name == "token":
                self.tokens_at.append(time.monotonic())
                self.text += data["content"]
            elif (name, data.get("status")) == ("answer", "completed"):
                self.worded = _seconds(data["ts"])
            elif name in ("done", "error"):
                self.ended = name
                self.answer = (data.get("result") or {}).get("answer", "")
                self.kept = _seconds(data["ts"])
        return bool(self.ended)


def _seconds(ts: str) -> float:
    return datetime.fromisoformat(ts).timestamp()


@dataclass(frozen=True, slots=True)
class AnsweredTurn:
    """One turn: seconds until it was accepted, until its first token, until its end, and those between its tokens.

    `kept_s` is from the answer's last word until its end is told: checkpoint and rows are written then. It is by the
    platform's own clock, in whole milliseconds.
    """

    accepted_s: float
    first_s: float
    whole_s: float
    gaps_s: tuple[float, ...] = ()
    kept_s: float = 0.0
    failure: str = ""


FAILED = AnsweredTurn(0, 0, 0)


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
        return replace(FAILED, failure=refusal("submit", accepted))
    told = Told()
    headers = {"accept": "text/event-stream"}
    await client.request(
        "GET", json.loads(accepted.body)["stream_url"], headers=headers, sink=told.feed, timeout_s=120
    )
    if told.ended != "done" or told.text != told.answer:
        return replace(FAILED, failure=f"ended with {told.ended or 'nothing'}, or text and answer differ")
    return AnsweredTurn(
        accepted_s,
        told.tokens_at[0] - began,
        time.monotonic() - began,
        tuple(after - before for before, after in itertools.pairwise(told.tokens_at)),
        told.kept - told.worded,
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


FIGURES: dict[str, Callable[[AnsweredTurn], Sequence[float]]] = {
    "accepted, ms": lambda turn: [turn.accepted_s],
    "first token, ms": lambda turn: [turn.first_s],
    "gaps between tokens, ms": lambda turn: turn.gaps_s,
    "longest gap of a turn, ms": lambda turn: [max(turn.gaps_s, default=0.0)],
    "answer kept, ms": lambda turn: [turn.kept_s],
    "whole turn, ms": lambda turn: [turn.whole_s],
}
"""What is shown, by its words: the figures that each turn has of it."""


def shown(turns: list[AnsweredTurn], alone: AnsweredTurn, meter: Meter, token_s: float) -> str:
    """The figures as Markdown; `alone` is a turn without others."""
    whole = [one for one in turns if not one.failure]
    must_hold = {
        "first token, ms": "p95 at most 100 more than alone",
        "gaps between tokens, ms": f"{1000 * max(INTERVAL_S, token_s):.0f}, the least between two events",
        "answer kept, ms": "p50 at most 15",
    }
    rows = []
    for words, of in FIGURES.items():
        values = sorted(value for one in whole for value in of(one))
        figures = [percentile(sorted(of(alone)), 50), *(percentile(values, p) for p in (50, 95, 99))]
        rows.append((words, *(f"{value * 1000:.0f}" for value in figures), must_hold.get(words, "")))
    usage = meter.usage
    busiest = ", ".join(f"{name} {cpu_s:.1f} s" for name, cpu_s in list(usage.by_label.items())[:4])
    lines = [
        f"{len(whole)} of {len(turns)} answers are whole",
        table(rows, ("", "alone", "p50", "p95", "p99", "must hold")),
        f"CPU {usage.cpu_s:.1f} s ({busiest}); memory {usage.peak_pss / 2**20:.0f} MiB at most",
        *sorted({one.failure for one in turns if one.failure}),
    ]
    return "\n".join(lines)


def draw(folder: Path, turns: list[AnsweredTurn], alone: AnsweredTurn) -> None:
    """Write chat.svg: what turns wait for beside one alone, and how long first tokens took."""
    whole = [one for one in turns if not one.failure]
    names = ("accepted, ms", "first token, ms", "longest gap of a turn, ms")
    beside = [sorted(1000 * value for one in whole for value in FIGURES[name](one)) for name in names]
    series = {
        "alone": [(1000 * FIGURES[name](alone)[0],) * 2 for name in names],
        f"{len(turns)} turns": [(percentile(values, 50), percentile(values, 95)) for values in beside],
    }
    plots.save(
        folder / "chat.svg",
        plots.bars("Turns of a chat", "ms", [name.removesuffix(", ms") for name in names], series),
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
    sys.stdout.write(f"{shown(turns, alone, meter, options.token_s)}\n")
    if options.plots:
        draw(options.plots, turns, alone)


if __name__ == "__main__":
    main()
