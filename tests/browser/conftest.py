"""Debian's Chromium, driven by Playwright: one browser a module, a clean profile and a watched page for each test.

`page` fails its test when the page raised an error, broke its content security policy or asked another host than ours
for anything. `Axe.violations(page)` says what axe-core finds. Tests that use it are plain functions: Playwright's
synchronous interface runs no other loop beside its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.end_to_end.platform import Platform, running

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PATIENCE_MS = 30_000
PHOTO = Path(__file__).resolve().parents[2] / "cli/samples/glass-bottle.jpg"
EXPECTED = ("400 (Bad Request)", "401 (Unauthorized)", "404 (Not Found)", "503 (Service Unavailable)")
"""What the browser reports of answers that the page asked for and handles."""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform with the simulated model."""
    with running(processes=1) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window; its camera is one that shows a test picture."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, platform: Platform) -> Iterator[BrowserContext]:
    """A clean Korean profile at the platform's address."""
    made = browser.new_context(base_url=platform.url, locale="ko-KR", viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that is watched while the test uses it."""
    opened = context.new_page()
    faults = watched(opened)
    yield opened
    assert not faults, faults


def watched(page: Page) -> list[str]:
    """What goes wrong on the page from now on, filled while it is used."""
    faults: list[str] = []

    def told(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in EXPECTED):
            faults.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        at = urlsplit(request.url)
        if at.scheme in ("http", "https") and at.hostname not in ("127.0.0.1", "localhost"):
            faults.append(f"asked {at.netloc}")

    page.on("console", told)
    page.on("request", asked)
    page.on("pageerror", lambda error: faults.append(f"exception: {error}"))
    return faults


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, for a person to read."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in found
        for node in each["nodes"]
    ]


def sign_in(page: Page, name: str = "이웃") -> None:
    """Open the console and come in by a name."""
    page.goto("/")
    page.get_by_label("이름").fill(name)
    page.get_by_role("button", name="시작하기").click()
    page.get_by_role("heading", name="버릴 물건을 보여 주세요").wait_for()
