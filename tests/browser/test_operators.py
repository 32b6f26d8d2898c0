"""Where it is no longer development, watching is for operators; others are told so and see nothing of others."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from functions.auth.issuing import Issuing
from functions.auth.keys import KeyFolder
from functions.auth.settings import AuthSettings
from functions.auth.tokens import Tokens
from tests.browser.conftest import PATIENCE_MS, violations
from tests.end_to_end.platform import Platform, running

OPERATOR, USER = str(uuid4()), str(uuid4())
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    settings = {"ECO2_ENV": "production", "ECO2_HOSTS": "127.0.0.1", "ECO2_OPERATORS": OPERATOR}
    with running(processes=1, settings=settings) as started:
        yield started


def come_in(context: BrowserContext, platform: Platform, user_id: str) -> None:
    """Bring the cookie that signing in with a provider would have left."""
    settings = AuthSettings()
    keys = KeyFolder(platform.home.folder / "keys").keys
    tokens = Tokens(keys, issuer=settings.issuer, audience=settings.audience)
    token, _ = Issuing(tokens).issue("access", user_id, "google", str(uuid4()))
    context.add_cookies([{"name": "s_access", "value": token, "url": platform.url}])


def test_an_operator_watches(context: BrowserContext, page: Page, platform: Platform) -> None:
    come_in(context, platform, OPERATOR)
    page.goto("/#/watch")
    expect(page.locator(".state")).to_have_text("실시간")
    expect(page.locator(".flow .box").first).to_be_visible()


def test_others_are_told_whom_it_is_for(context: BrowserContext, page: Page, platform: Platform) -> None:
    come_in(context, platform, USER)
    page.goto("/#/watch")
    expect(page.locator(".lead")).to_contain_text("운영자만 볼 수 있어요")
    assert page.locator(".flow, table").count() == 0
    assert violations(page) == []


def test_without_development_there_is_no_way_in_by_a_name(page: Page) -> None:
    page.goto("/")
    page.get_by_role("heading", name="이거, 어떻게 버리지?").wait_for()
    expect(page.get_by_label("이름")).to_have_count(0)
