"""A page of another origin, as the web client is one, works in a real browser: cookies, streams, pictures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.end_to_end.platform import Platform

CLIENT = Path(__file__).parent / "client"
TYPES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/client.js": ("client.js", "text/javascript; charset=utf-8"),
}
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def origin(platform: Platform) -> Iterator[str]:
    """The address of the client's page, which another server serves."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file, kind = TYPES[self.path]
            body = (CLIENT / file).read_text().replace("{api}", platform.url).encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("provider", ["구글", "카카오"])
def test_sign_in_scan_character_map_news_profile_and_log_out(origin: str, page: Page, provider: str) -> None:
    name = f"숲지기 {uuid4().hex[:8]}"
    page.goto(origin)
    page.get_by_role("button", name=provider).click()
    page.get_by_label("다른 이름으로 시작하기").fill(name)
    page.get_by_role("button", name="계속하기").click()
    page.wait_for_url(f"{origin}/#/home")
    expect(page.get_by_role("heading")).to_be_visible()
    expect(page.locator("#characters li")).to_have_text(["이코"])

    page.get_by_role("button", name="사진 찍기").click()
    expect(page.locator("#stages")).to_have_text("queued vision rule answer reward done")
    expect(page.locator("#answer")).not_to_be_empty()

    page.get_by_role("button", name="지도").click()
    expect(page.locator("#map li").first).to_contain_text("[예시]")
    page.get_by_role("button", name="소식").click()
    expect(page.locator("#news li").first).to_contain_text("[예시]")

    page.get_by_label("별명").fill(" 새 별명 ")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_role("heading")).to_have_text("새 별명")
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("새 별명")

    page.get_by_role("button", name="로그아웃").click()
    expect(page.locator("#login")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] in ("s_access", "s_refresh")]


def test_a_scan_adds_its_character_to_the_collection(origin: str, page: Page) -> None:
    page.goto(origin)
    page.get_by_role("button", name="카카오").click()
    page.get_by_label("다른 이름으로 시작하기").fill(f"이웃 {uuid4().hex[:8]}")
    page.get_by_role("button", name="계속하기").click()
    expect(page.locator("#characters li")).to_have_count(1)
    page.get_by_role("button", name="사진 찍기").click()
    expect(page.locator("#stages")).to_contain_text("done")

    def collected() -> int:
        page.reload()
        page.locator("#characters li").first.wait_for()
        return page.locator("#characters li").count()

    for _ in range(20):
        if collected() == 2:
            return
        page.wait_for_timeout(500)
    pytest.fail("the character is not in the collection")
