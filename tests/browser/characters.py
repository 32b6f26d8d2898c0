"""`python -m tests.browser.characters`: writes the PNG files of the characters as Chromium shows their drawings."""

from __future__ import annotations

from playwright.sync_api import Browser, sync_playwright

from functions.character.catalogue import CHARACTERS
from functions.character.pictures import FOLDER, drawings
from tests.browser.conftest import CHROMIUM, FLAGS

SIDE = 512


def shown(browser: Browser, svg: bytes) -> bytes:
    """A drawing as PNG on white."""
    page = browser.new_page(viewport={"width": SIDE, "height": SIDE})
    try:
        page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{svg.decode()}")
        return page.screenshot()
    finally:
        page.close()


def main() -> None:
    """Write every file again."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for one in CHARACTERS:
            (FOLDER / f"{one.code}.png").write_bytes(shown(browser, drawings()[f"{one.code}.svg"].svg))
        browser.close()


if __name__ == "__main__":
    main()
