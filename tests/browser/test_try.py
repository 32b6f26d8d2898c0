"""Try it: a person comes in, sends a photo and gets an answer, in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.conftest import PATIENCE_MS, PHOTO, sign_in, violations
from tests.end_to_end.platform import Platform
from tests.scan_line import NAMES

expect.set_options(timeout=PATIENCE_MS)


def test_a_photo_from_a_file_gets_its_stages_its_answer_and_a_character(page: Page) -> None:
    sign_in(page, f"파일 {uuid4()}")
    page.set_input_files("#file", PHOTO)
    expect(page.locator(".ribbon li.done")).to_have_count(1 + len(NAMES))
    expect(page.locator(".class")).to_contain_text("›")
    expect(page.locator(".steps li").first).to_be_visible()
    expect(page.locator(".reward")).to_contain_text("새 캐릭터를 얻었어요!")
    expect(page.locator(".past li")).to_have_count(1)
    expect(page.locator(".friends .mine")).to_have_count(2)  # the first one that all have, and the new one
    assert violations(page) == []
    # What was once answered is there again after a reload, with its picture.
    page.reload()
    page.locator(".past button").click()
    expect(page.locator(".class")).to_contain_text("›")
    expect(page.locator(".shown img")).to_have_js_property("complete", True)
    assert page.locator(".shown img").evaluate("picture => picture.naturalWidth") > 0


def test_a_model_that_stood_in_for_another_is_told(page: Page, platform: Platform) -> None:
    sign_in(page, f"대신 {uuid4()}")
    failing = json.dumps(["error"] * 2).encode()
    with urllib.request.urlopen(f"{platform.model}/script", failing, timeout=10) as done:
        assert done.status == 200
    page.get_by_role("button", name="예시 사진으로 해 보기").click()
    expect(page.locator(".stood-in")).to_contain_text("다른 모델이 답했어요. (simulated → local)")
    assert violations(page) == []


def test_the_camera_takes_a_photo(page: Page) -> None:
    sign_in(page)
    page.get_by_role("button", name="카메라로 찍기").click()
    expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
    assert violations(page) == []
    page.get_by_role("button", name="찍기", exact=True).click()
    expect(page.locator(".class")).to_be_visible()
    expect(page.locator("dialog")).to_have_count(0)


def test_without_a_camera_it_is_said(context: BrowserContext, page: Page) -> None:
    page.add_init_script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none'))")
    sign_in(page)
    page.get_by_role("button", name="카메라로 찍기").click()
    expect(page.get_by_role("alert")).to_have_text("카메라를 쓸 수 없어요. 사진 파일을 골라 주세요.")


def test_the_sample_photo_needs_nothing_and_a_question_goes_along(page: Page, platform: Platform) -> None:
    sign_in(page)
    question = f"뚜껑은요? {uuid4()}"
    page.get_by_label("궁금한 점").fill(question)
    page.get_by_role("button", name="예시 사진으로 해 보기").click()
    expect(page.locator(".class")).to_be_visible()
    assert platform.rows("SELECT count(*) FROM scan.jobs WHERE user_input = %s", question) == [(1,)]


def test_a_dropped_file_that_is_no_picture_is_refused_in_words(page: Page) -> None:
    sign_in(page)
    page.set_input_files("#file", {"name": "note.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.locator(".problem")).to_contain_text("사진을")
    assert violations(page) == []


def test_all_of_it_works_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.get_by_label("이름").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="버릴 물건을 보여 주세요").wait_for()
    page.locator("#main").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "예시 사진으로 해 보기"
    page.keyboard.press("Enter")
    expect(page.locator(".class")).to_be_visible()


@pytest.mark.parametrize("provider", ["Google", "카카오", "네이버"])
def test_the_local_identity_provider_signs_in_and_the_browser_ends_on_the_console(
    provider: str, page: Page
) -> None:
    page.goto("/")
    page.get_by_role("button", name=provider).click()
    page.get_by_role("button", name="민지").click()
    page.get_by_role("heading", name="버릴 물건을 보여 주세요").wait_for()
    page.get_by_role("button", name="로그아웃").click()
    expect(page.get_by_label("이름")).to_be_visible()


def test_a_failed_sign_in_is_told_at_the_door(page: Page) -> None:
    page.goto("/#/login?error=oauth_failed")
    expect(page.get_by_role("alert")).to_have_text("로그인하지 못했어요. 다시 시도해 주세요.")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_width_language_and_light_is_accessible_and_fits(
    dark: bool, width: int, language: str, page: Page
) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    page.get_by_label("이름").wait_for()
    assert violations(page) == []
    sign_in(page)
    if language == "en":
        page.get_by_role("button", name="English").click()
        page.get_by_role("heading", name="Show me what you want to throw away").wait_for()
    page.locator(".friends li").first.wait_for()
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def test_a_theme_that_was_chosen_stays(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="밝은 화면과 어두운 화면 바꾸기").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_it_is_small_and_kept_by_the_browser(page: Page) -> None:
    responses: list[Response] = []

    def heard(response: Response) -> None:
        responses.append(response)

    page.on("response", heard)
    page.goto("/")
    page.get_by_label("이름").wait_for()
    # Asked for only now: a size waits for its response to end, and events that come meanwhile would wait for it.
    sizes = {
        each.url: each.request.sizes()["responseBodySize"]
        for each in responses
        if re.search(r"/(console/.*)?$", each.url.partition("?")[0])
    }
    assert 10_000 < sum(sizes.values()) <= 150_000


def test_what_is_starting_is_asked_again(page: Page, platform: Platform) -> None:
    sign_in(page)
    platform.signal("functions-1")
    page.reload()
    page.get_by_role("heading", name="버릴 물건을 보여 주세요").wait_for()
    expect(page.locator(".friends li").first).to_be_visible()
