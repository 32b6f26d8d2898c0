"""Watch: what the Broker delivers is seen as it happens, in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from eventing.cloudevent import CloudEvent
from process.inside import split
from tests.browser.conftest import PATIENCE_MS, sign_in, violations
from tests.end_to_end.platform import Platform
from tests.scan_line import NAMES

expect.set_options(timeout=PATIENCE_MS)


def opened(page: Page) -> None:
    """Come in and open the view."""
    sign_in(page)
    page.get_by_role("link", name="지켜보기").click()
    expect(page.locator(".state")).to_have_text("실시간")


def scanned(page: Page) -> None:
    """Scan the sample photo in another page of the same person."""
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="예시 사진으로 해 보기").click()
    expect(other.locator(".class")).to_be_visible()
    other.close()


def emit(platform: Platform, event: CloudEvent) -> None:
    headers, body = event.to_binary()
    address, credentials = split(platform.sink)
    request = urllib.request.Request(address, body, {**headers, **credentials}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


def test_the_flow_lights_up_and_each_event_tells_its_story(page: Page) -> None:
    opened(page)
    for name in ("scan-vision", "scan-rule", "scan-answer", "scan-reward", "scan-record"):
        expect(page.locator(".flow .box").filter(has_text=name)).to_be_visible()
    assert violations(page) == []
    scanned(page)
    vision = page.locator(".flow .box").filter(has_text="scan-vision")
    expect(vision.locator("small")).to_contain_text("ms")
    row = page.locator("tbody tr").filter(has_text="scan.requested").filter(has_text="scan-vision").first
    expect(row).to_contain_text("20")
    row.get_by_role("button").click()
    detail = page.locator(".detail")
    expect(detail).to_contain_text("eco2.scan.requested")
    expect(detail.locator("pre")).to_contain_text("image_url")
    expect(detail.locator(".timeline li")).to_have_count(len(NAMES))
    expect(detail.locator(".timeline")).to_contain_text("완료")
    detail.get_by_role("button", name="이 작업만 보기").click()
    expect(page.locator(".events tbody tr").filter(has_text="scan.requested")).to_have_count(2)
    expect(page.locator(".card").filter(has_text="대기열").locator("tbody tr").first).to_be_visible()
    assert violations(page) == []


def test_what_processes_tell_is_plotted(page: Page) -> None:
    opened(page)
    scanned(page)

    def value(name: str) -> Locator:
        return page.locator(".tile").filter(has_text=name).locator("strong")

    expect(value("초당 함수 호출")).to_contain_text("/s")
    expect(value("함수 시간 (95%)")).to_contain_text("ms")
    expect(value("실패한 호출 (5xx)")).to_have_text("0")
    expect(value("열린 스트림")).not_to_have_text("0")  # this page's own
    expect(value("프로세스 (파드)")).to_contain_text("1 · ")
    line = page.locator(".tile").filter(has_text="초당 함수 호출").locator("path")
    expect(line).to_have_attribute("d", re.compile(r"M.*L.*"))


def test_the_page_leads_to_both_references_and_they_are_accessible(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="이벤트 문서").click()
    page.get_by_role("heading", name="Eco² events").wait_for()
    assert violations(page) == []
    page.get_by_role("link", name="eco2.scan.requested", exact=True).click()
    expect(page.locator("section:target")).to_contain_text("scan-vision")
    page.get_by_role("link", name="API", exact=True).click()
    expect(page.get_by_role("heading", name="Eco² API")).to_be_visible()
    assert violations(page) == []
    page.get_by_text("Example", exact=True).first.click()
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.get_by_role("link", name="Console", exact=True).click()
    expect(page.get_by_role("link", name="API 문서")).to_have_attribute("href", "/api/v1/docs")


def test_a_dead_letter_comes_with_its_reason_and_can_be_sent_again_or_discarded(
    page: Page, platform: Platform
) -> None:
    opened(page)
    expect(page.locator(".letters")).to_contain_text("모두 잘 전달됐어요.")
    subject = str(uuid4())
    data = json.dumps({"phone_number": "010-1234-5678"}).encode()
    emit(platform, CloudEvent(subject, "/eco2/tests", "eco2.scan.classified", subject=subject, data=data))
    bad = page.locator("tbody tr.bad").filter(has_text="scan.classified")
    expect(bad.first).to_contain_text("scan-rule")
    bad.first.get_by_role("button").click()
    expect(page.locator(".detail pre")).to_contain_text("…")
    assert "010-1234" not in page.content()
    page.reload()
    letter = page.locator(".letters li").filter(has_text=subject)
    expect(letter).to_contain_text("scan-rule")
    assert violations(page) == []
    letter.get_by_role("button", name="다시 보내기").click()
    expect(page.locator("#said")).to_have_text("다시 보냈어요.")
    expect(letter).to_be_visible()
    letter.get_by_role("button", name="버리기").click()
    expect(letter.locator(".tag")).to_have_text("버림")


def test_it_can_be_filtered_and_held(page: Page, platform: Platform) -> None:
    opened(page)
    page.get_by_role("button", name="멈춤").click()
    expect(page.get_by_role("button", name="멈춤")).to_have_attribute("aria-pressed", "true")
    before = page.locator(".events tbody tr").count()
    scanned(page)
    assert page.locator(".events tbody tr").count() == before
    page.get_by_role("button", name="멈춤").click()
    expect(page.locator(".events tbody tr").filter(has_text="scan.completed").first).to_be_visible()
    page.get_by_label("걸러 보기").fill("scan-record")
    expect(page.locator(".events tbody tr").filter(has_text="scan-vision")).to_have_count(0)
    page.get_by_label("걸러 보기").fill("")
    page.get_by_label("시계 이벤트도 보기").check()
    expect(page.locator(".events tbody tr").filter(has_text="ops.sweep").first).to_be_visible()


def test_it_fits_a_phone_and_speaks_english_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 780})
    opened(page)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Events as they pass")).to_be_visible()
    expect(page.locator(".flow .box").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
