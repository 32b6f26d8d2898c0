"""Chat: a conversation with the agent, its words as they come, in a real browser."""

from __future__ import annotations

import json
import urllib.request

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHOTO, sign_in, violations
from tests.end_to_end.platform import Platform

expect.set_options(timeout=PATIENCE_MS)


def opened(page: Page, name: str) -> None:
    """Come in and open the view."""
    sign_in(page, name)
    page.get_by_role("link", name="물어보기").click()
    page.get_by_role("heading", name="무엇이든 물어보세요").wait_for()


def fail(platform: Platform, times: int) -> None:
    """Have the model fail that many times from now on."""
    script = json.dumps(["error"] * times).encode()
    with urllib.request.urlopen(f"{platform.model}/script", script, timeout=10) as done:
        assert done.status == 200


def test_a_question_is_answered_and_the_conversation_is_there_again(page: Page) -> None:
    opened(page, "대화")
    page.get_by_label("보낼 말").fill("다 쓴 건전지는 어디에 버려요?")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.user")).to_contain_text("건전지")
    answer = page.locator(".bubble.assistant .prose").last
    expect(answer.locator("p, li").first).to_be_visible()
    expect(page.get_by_role("button", name="멈추기")).to_be_hidden()
    expect(page.locator(".works")).to_have_count(0)
    assert violations(page) == []
    said = answer.inner_text()
    page.reload()
    page.locator(".chats button").first.click()
    expect(page.locator(".bubble.assistant")).to_contain_text(said.split("\n")[0])
    page.get_by_role("button", name="새 대화").click()
    expect(page.locator(".bubble.user")).to_have_count(0)


def test_an_idea_and_a_photo_are_ways_to_begin(page: Page) -> None:
    opened(page, "사진과 대화")
    page.get_by_role("button", name="깨진 유리는 어떻게 버려요?").click()
    expect(page.locator(".bubble.assistant .prose p, .bubble.assistant .prose li").first).to_be_visible()
    expect(page.get_by_role("button", name="멈추기")).to_be_hidden()
    page.set_input_files("#chat-photo", PHOTO)
    expect(page.locator(".write .hint")).to_have_text(PHOTO.name)
    page.get_by_role("button", name="보내기").click()
    expect(page.locator(".bubble.assistant")).to_have_count(3)
    expect(page.locator(".bubble.assistant .prose").last).not_to_be_empty()


def test_a_model_that_stood_in_for_another_is_told_then_and_later(page: Page, platform: Platform) -> None:
    opened(page, "대신 답함")
    fail(platform, 4)  # twice for what is asked, twice for the words
    page.get_by_label("보낼 말").fill("페트병 라벨은 어떻게 버려요?")
    page.keyboard.press("Enter")
    told = page.locator(".bubble.assistant .stood-in")
    expect(told).to_contain_text("다른 모델이 답했어요. (simulated → local)")
    page.reload()
    page.locator(".chats button").first.click()
    expect(told).to_have_count(1)
    assert violations(page) == []


def test_it_fits_a_phone_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 780})
    opened(page, "전화기")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def asked_where(page: Page, platform: Platform, name: str) -> None:
    """Ask for something near by, and be asked near what."""
    opened(page, name)
    fail(platform, 2)  # so that rules understand the question
    page.get_by_label("보낼 말").fill("근처에 제로웨이스트 가게 있어?")
    page.keyboard.press("Enter")
    expect(page.locator(".asked p")).to_have_text(
        "어디 근처에서 찾을까요? 현재 위치를 알려 주시면 가까운 곳부터 찾아볼게요."
    )
    assert violations(page) == []


def goes_on_without(page: Page) -> None:
    """See the turn end with an answer all the same."""
    expect(page.locator(".asked")).to_have_count(0)
    expect(page.locator(".bubble.assistant .prose p").last).to_be_visible()
    expect(page.get_by_role("button", name="멈추기")).to_be_hidden()
    expect(page.locator(".works")).to_have_count(0)
    expect(page.locator(".problem").last).to_be_empty()


def test_whoever_does_not_say_where_gets_an_answer_without_it(page: Page, platform: Platform) -> None:
    asked_where(page, platform, "비밀")
    page.locator(".asked").get_by_role("button", name="위치 없이 계속하기").click()
    goes_on_without(page)
    page.get_by_label("보낼 말").fill("캔은 어떻게 버려요?")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.assistant .prose p, .bubble.assistant .prose li")).not_to_have_count(0)
    expect(page.locator(".bubble.user")).to_have_count(2)
    expect(page.get_by_role("button", name="멈추기")).to_be_hidden()
    expect(page.locator(".problem").last).to_be_empty()


def test_a_browser_that_may_not_say_where_is_the_same_as_a_no(
    page: Page, context: BrowserContext, platform: Platform
) -> None:
    context.clear_permissions()
    asked_where(page, platform, "막힘")
    page.locator(".asked").get_by_role("button", name="지금 위치 알려 주기").click()
    goes_on_without(page)


def test_whoever_says_where_is_told_what_is_near(
    page: Page, context: BrowserContext, platform: Platform
) -> None:
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 37.5665, "longitude": 126.978})
    asked_where(page, platform, "시청 앞")
    fail(platform, 2)  # so that a template tells what was found
    page.locator(".asked").get_by_role("button", name="지금 위치 알려 주기").click()
    expect(page.locator(".asked")).to_have_count(0)
    expect(page.get_by_role("button", name="멈추기")).to_be_hidden()
    expect(page.locator(".bubble.assistant .prose").last).to_contain_text("가까운 곳을 찾았어요")
