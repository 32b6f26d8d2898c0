"""No page that is served asks any other place for anything, on its own or while it is looked through."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from functions.ops.release import document
from tests.browser.conftest import PATIENCE_MS, sign_in
from tests.end_to_end.platform import Platform

expect.set_options(timeout=PATIENCE_MS)
PAGES = {
    "/": ".friends li",
    "/#/chat": "textarea",
    "/#/watch": ".flow .box",
    "/api/v1/docs": "h1",
    "/api/v1/docs/events": "h1",
}
"""Every page that is served, and what is on it once it is whole."""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_only_the_place_that_it_came_from(path: str, page: Page, platform: Platform) -> None:
    asked: set[str] = set()

    def note(url: str) -> None:
        at = urlsplit(url)
        if at.scheme not in ("data", "blob"):
            asked.add(f"{at.scheme}://{at.netloc}")

    sign_in(page)
    page.on("request", lambda request: note(request.url))
    page.goto("about:blank")
    page.goto(path)
    page.locator(PAGES[path]).first.wait_for()
    for _ in range(5):
        page.keyboard.press("End")
        page.wait_for_timeout(100)
    assert asked == {platform.url}


def test_every_page_of_the_api_is_among_them() -> None:
    paths = json.loads(document("openapi.json"))["paths"]
    pages = {
        path
        for path, operations in paths.items()
        for operation in operations.values()
        for answer in operation.get("responses", {}).values()
        if "text/html" in answer.get("content", {})
    }
    assert {path.replace("{file}", "events") for path in pages} <= PAGES.keys()
