"""The console's first paint: how long a browser with an empty cache takes to it, and what it is sent until then.

Each round is a new profile. Beside this machine as it is, one that is slowed down to a phone: a processor four times
slower, 1.6 Mbit/s, 150 ms to the server and back.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import plots
from bench.launch import platform
from bench.report import percentile, table
from bench.stopwatch import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GOAL_S, GOAL_KB = 1.0, 150.0
PATIENCE_MS = 60_000
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_SLOW_PROCESSOR = {"rate": 4}
_SLOW_NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The console opened once: seconds until something is painted and until one can type, kB that came (packed)."""

    painted_s: float
    usable_s: float
    kb: float


def opened(browser: Browser, url: str, *, phone: bool) -> Opened:
    """Open the console with nothing kept of earlier."""
    profile = browser.new_context(locale="en-US")
    page = profile.new_page()
    page.set_default_timeout(PATIENCE_MS)
    wire = profile.new_cdp_session(page)
    wire.send("Network.enable")
    if phone:
        wire.send("Network.emulateNetworkConditions", _SLOW_NETWORK)
        wire.send("Emulation.setCPUThrottlingRate", _SLOW_PROCESSOR)
    sizes: list[float] = []

    def came(event: dict[str, Any]) -> None:
        sizes.append(event["encodedDataLength"])

    wire.on("Network.loadingFinished", came)
    page.goto(url)
    page.get_by_role("button", name="Start").wait_for()
    usable_ms = page.evaluate("performance.now()")
    painted_ms = page.evaluate(_PAINT)
    profile.close()
    return Opened(painted_ms / 1000, usable_ms / 1000, sum(sizes) / 1000)


def measure(url: str, rounds: int) -> dict[str, list[Opened]]:
    """Open the console so often, both ways in turn."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[Opened]] = {"this machine": [], "a phone": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(rounds):
            for name, each in found.items():
                each.append(opened(browser, url, phone=name == "a phone"))
        browser.close()
    return found


def row(name: str, each: Sequence[Opened]) -> tuple[str, ...]:
    """As it is printed."""
    painted, usable = _times(each, "painted_s"), _times(each, "usable_s")
    kb = max(one.kb for one in each)
    shown = (f"{statistics.median(times):.2f} / {times[-1]:.2f}" for times in (painted, usable))
    return (name, *shown, f"{kb:.1f}")


def reached(each: Sequence[Opened]) -> bool:
    """Whether the goals are."""
    return statistics.median(_times(each, "painted_s")) <= GOAL_S and max(one.kb for one in each) <= GOAL_KB


def draw(folder: Path, found: dict[str, list[Opened]]) -> None:
    """Write console.svg."""
    bars = {
        name: [_shown(_times(each, "painted_s")), _shown(_times(each, "usable_s"))]
        for name, each in found.items()
    }
    plots.save(
        folder / "console.svg", plots.bars("The console, nothing kept", "s", ["first paint", "usable"], bars)
    )


def _shown(times: Sequence[float]) -> tuple[float, float]:
    return percentile(times, 50), percentile(times, 95)


def _times(each: Sequence[Opened], name: str) -> list[float]:
    return sorted(float(getattr(one, name)) for one in each)


def main() -> int:
    """Measure and print; status 1 when a goal is missed on this machine."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.console", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("url", nargs="?", help="a running platform in development; without: one of its own")
    parser.add_argument("--rounds", type=int, default=10)
    plots.plots_option(parser)
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url or stack.enter_context(platform(processes=1)).url
        found = measure(f"{url}/", options.rounds)
    head = ("the console, median / worst", "first paint, s", "usable, s", "kB sent, packed")
    print(table([row(name, each) for name, each in found.items()], head))
    print(f"goals on this machine: first paint ≤ {GOAL_S:g} s, ≤ {GOAL_KB:g} kB")
    if options.plots:
        draw(options.plots, found)
    return int(not reached(found["this machine"]))


if __name__ == "__main__":
    sys.exit(main())
