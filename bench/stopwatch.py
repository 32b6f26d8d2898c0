"""A stopwatch: from a clone, setting up included, to an answer in the browser; from a new function to its event.

`python -m bench.stopwatch newcomer` and `python -m bench.stopwatch developer` type what a person would type, in a clone
of their own, look at the page in Chromium, and print what each step took. The developer's clone is clean at the end.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.launch import is_ready, stop
from bench.report import table
from embedded.servers.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
PATIENCE_S = 900.0
MOST_COMMANDS = 10
ECO2 = ".venv/bin/eco2"
FUNCTION = "stats-seen"
PACKAGES = {
    "kept": "`make setup` finds what uv keeps on this machine",
    "fetched": "`make setup` fetches all of them, as on a new machine",
    "linked": "those of this checkout",
}


class TooSlow(Exception):
    """Something did not come in time."""


class Stopwatch:
    """Runs commands in a folder and notes what each step took; `environment` is added to ours."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, os.environ | dict(environment)
        self.commands = 0
        self.steps: list[tuple[str, float]] = []

    def type(self, command: str) -> str:
        """Run a command to its end; what it printed. Raises CalledProcessError."""
        self.commands += 1
        with self.step(command):
            done = subprocess.run(
                shlex.split(command), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                text=True, timeout=PATIENCE_S, check=True,
            )  # fmt: skip
        return done.stdout

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note how long it takes."""
        began = time.monotonic()
        yield
        self.steps.append((name, time.monotonic() - began))
        print(f"{self.steps[-1][1]:7.1f} s  {name}", file=sys.stderr, flush=True)

    @contextmanager
    def running(self, command: str, until_then: Mapping[str, Callable[[], bool]]) -> Iterator[None]:
        """Run a command that stays, from when all of `until_then` has come, each a step."""
        self.commands += 1
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                shlex.split(command), cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            try:
                for name, holds in until_then.items():
                    with self.step(f"{command} → {name}"):
                        until(partial(_ended_or, process, holds), name)
                    if process.poll() is not None:
                        log.seek(0)
                        raise TooSlow(f"{command} ended: {log.read().decode(errors='replace')[-2000:]}")
                yield
            finally:
                os.killpg(process.pid, signal.SIGINT)
                stop(process)

    def told(self) -> str:
        """All steps as a table."""
        whole = sum(seconds for _, seconds in self.steps)
        rows = [(name, f"{seconds:.1f}") for name, seconds in self.steps]
        return table([*rows, (f"**whole, {self.commands} commands**", f"**{whole:.1f}**")], ("step", "s"))


def _ended_or(process: subprocess.Popen[bytes], holds: Callable[[], bool]) -> bool:
    return holds() or process.poll() is not None


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait. Raises TooSlow."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise TooSlow(what)
        time.sleep(0.1)


@contextmanager
def browser(port: int) -> Iterator[Page]:
    """An English page of the console, signed in by a name."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(locale="en-US")
        page.set_default_timeout(60_000)
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Try a sample photo").wait_for()
        yield page
        chromium.close()


def newcomer(watch: Stopwatch, packages: str) -> None:
    """Clone, `make demo`, the sample photo in the browser; `packages` says where those come from (PACKAGES)."""
    port = free_port()
    watch.environment["ECO2_PORT"] = str(port)
    watch.type(f"git clone --quiet {shlex.quote(str(ROOT))} eco2")
    watch.folder /= "eco2"
    make, steps = "make demo", dict[str, Callable[[], bool]]({"it serves": partial(is_ready, port)})
    if packages == "linked":
        (watch.folder / ".venv").symlink_to(ROOT / ".venv")
        make = "make -o .venv/installed demo"
    else:
        steps = {"packages are there": (watch.folder / ".venv/installed").exists, **steps}
    if packages == "fetched":
        kept = str(watch.folder.parent / "kept")
        watch.environment |= {"UV_CACHE_DIR": kept, "PIP_CACHE_DIR": kept}
    with (
        watch.running(make, steps),
        watch.step("open the page, press a button → answer"),
        browser(port) as page,
    ):
        page.get_by_role("button", name="Try a sample photo").click()
        page.locator(".class").wait_for()


def developer(watch: Stopwatch) -> None:
    """A new function takes an event, which is seen in the console; then all of it goes again."""
    port = free_port()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), "eco2"], cwd=watch.folder, check=True, timeout=120)
    watch.folder /= "eco2"
    (watch.folder / ".venv").symlink_to(ROOT / ".venv")
    (watch.folder / ".git/info/exclude").write_text(
        ".venv\n"
    )  # a link is none of the folders that git ignores
    log = watch.folder / ".eco2/logs/up.log"
    watch.type(f"{ECO2} up --reload --detach --port {port}")
    try:
        watch.type(f"{ECO2} new function stats/seen --on eco2.scan.completed")
        with watch.step("functions run it"):
            until(lambda: "functions run it" in log.read_text(), "the new function is served")
        with browser(port) as page:
            page.get_by_role("link", name="Watch").click()
            page.locator(".state.on").wait_for()
            watch.type(f"{ECO2} scan cli/samples/glass-bottle.jpg")
            with watch.step("its event is in the console"):
                page.locator(".events tbody tr").filter(has_text=FUNCTION).first.wait_for()
        watch.type(f"{ECO2} remove function {FUNCTION} --yes")
    finally:
        watch.type(f"{ECO2} down")
    if left := watch.type("git status --porcelain --untracked-files=all"):
        raise AssertionError(f"left behind: {left}")


def main() -> int:
    """Run one and print its table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.stopwatch", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("who", choices=("newcomer", "developer"))
    parser.add_argument("--packages", choices=PACKAGES, default="kept", help="of the newcomer: " + "; ".join(
        f"{name}: {meaning}" for name, meaning in PACKAGES.items()
    ))  # fmt: skip
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eco2-stopwatch-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        # The clone's code comes before the one that is installed in the packages' folder.
        path = {"PYTHONPATH": str(folder / "eco2"), "ECO2_LANG": "en"}
        watch = Stopwatch(folder, path)
        if options.who == "newcomer":
            newcomer(watch, options.packages)
        else:
            developer(watch)
    print(watch.told())
    return int(watch.commands > MOST_COMMANDS)


if __name__ == "__main__":
    sys.exit(main())
