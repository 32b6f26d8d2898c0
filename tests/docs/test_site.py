"""The site of the pages is built without a warning, asks nobody for anything, and axe finds nothing on any page."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser, violations

__all__ = ["browser"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served meanwhile."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


FOLDERS = (".", *sorted({str(path.parent.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/*/*.md")}))


ELEMENT = re.compile(r"<(\w+)(?: [^>]*?(class=\"[^\"]*\"))?")


def unlike(paths: list[Path]) -> list[Path]:
    """The pages that have an element, with its classes, or an order of headings that none before them has.

    Others are made of what axe saw already; it takes a second and a half a page.
    """
    seen: set[object] = set()
    chosen = []
    for path in paths:
        article = path.read_text().partition("<article")[2].partition("</article>")[0]
        parts: set[object] = {*ELEMENT.findall(article), tuple(re.findall(r"<h(\d)", article))}
        if parts - seen:
            chosen.append(path)
        seen |= parts
    return chosen


@pytest.mark.parametrize(
    ("folder", "light"), [*((folder, "light") for folder in FOLDERS), (".", "dark")], ids=str
)
def test_every_page_is_accessible(
    site: Path, browser: Browser, folder: str, light: Literal["light", "dark"]
) -> None:
    """The colours of the dark are the same on all pages, so those at the root will do there."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=light)
    page = context.new_page()
    found, paths = {}, unlike(sorted((site / folder).glob("*.html")))
    with served(site) as url:
        for path in paths:
            page.goto(f"{url}/{path.relative_to(site)}")
            page.locator("h1").first.wait_for()
            if wrong := violations(page):
                found[path.name] = wrong
    context.close()
    assert paths
    assert found == {}


def test_the_site_is_whole_and_offline(site: Path) -> None:
    for name in (
        "index.html",
        "ko.html",
        "watching.html",
        "functions.html",
        "adr/0001-embedded-package.html",
    ):
        assert (site / name).stat().st_size > 5_000
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]+)', page.read_text()
        )
        assert loaded == [], page
