"""What sources tell is cleaned: text, addresses, publishers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.news.article import address_of, plain, publisher, web_address


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<b>재활용</b> &quot;소식&quot;", '재활용 "소식"'),
        ("탄소 &amp;quot;중립&amp;quot;", '탄소 "중립"'),
        ("가&lt;b&gt;나&lt;/b&gt;", "가나"),
        ("앞<script>alert(1)</script>뒤", "앞뒤"),
        ("앞&lt;script&gt;alert(1)", "앞"),
        ("<AI 시대> 개막 <상>", "<AI 시대> 개막 <상>"),
        ("앞<im<b>g src=x>뒤", "앞뒤"),
        ("앞<!-- 주석 <b> -->뒤", "앞뒤"),
        ("1 < 2 그리고 3 > 2", "1 < 2 그리고 3 > 2"),
        ("줄\n바꿈\t과\u200b나\u202e 영\u0000 👩\u200d🌾", "줄 바꿈 과나 영 👩\u200d🌾"),
        ("가", "가"),
        ("", ""),
    ],
)
def test_text_has_no_markup_and_no_control_characters(text: str, clean: str) -> None:
    assert plain(text, 300) == clean


def test_text_that_is_too_long_is_cut_with_an_ellipsis() -> None:
    assert plain("가나다라마", 5) == "가나다라마"
    assert plain("가나다 라마", 5) == "가나다…"


@given(st.text(max_size=400))
def test_whatever_comes_no_tag_is_left(text: str) -> None:
    clean = plain(f"<img src=x onerror={text}>&lt;i&gt;{text}", 200)
    assert len(clean) <= 200
    assert "<img" not in clean
    assert "<i>" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.co.kr/news/1?id=2&amp;x=3#top",
        "http://example.com",
        "https://example.com:443/a",
        "https://xn--9t4b11yi5a.kr/%EA%B0%80",
    ],
)
def test_public_addresses_are_taken(text: str) -> None:
    assert web_address(text) == text.replace("&amp;", "&")


@pytest.mark.parametrize(
    "text",
    [
        *(
            None,
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.com/a",
            "//example.com/a",
            "/a",
        ),
        *(
            "http://localhost/a",
            "http://127.0.0.1/a",
            "http://[::1]/a",
            "http://10.0.0.1/a",
            "http://intranet/a",
        ),
        *(
            "http://a.internal/",
            "http://a.local/",
            "https://user:pw@example.com/",
            "https://example.com:8443/",
        ),
        *("https://example.com:x/", "https://exa mple.com/", 'https://example.com/"onload=', "https://[x"),
        *("https://example.com/" + "a" * 2_000, "https://example.com\\@evil.com/", "https://예시.kr/"),
    ],
)
def test_other_addresses_are_none(text: str | None) -> None:
    assert web_address(text) is None


def test_pictures_come_encrypted_or_not_at_all() -> None:
    assert web_address("http://example.com/a.jpg", secure=True) is None
    assert web_address("https://example.com/a.jpg", secure=True) == "https://example.com/a.jpg"


@pytest.mark.parametrize(
    "other",
    [
        "http://example.co.kr/news/1?a=1&b=2",
        "https://m.example.co.kr/news/1/?b=2&a=1",
        "https://WWW.example.co.kr//news/1?a=1&b=2&utm_source=x&fbclid=y#comments",
    ],
)
def test_an_article_has_one_address(other: str) -> None:
    assert address_of(other) == address_of("https://www.example.co.kr/news/1?a=1&b=2")


def test_other_parameters_tell_articles_apart() -> None:
    assert address_of("https://a.com/v?no=1") != address_of("https://a.com/v?no=2")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.yna.co.kr/view/1", "연합뉴스"),
        ("https://news.kbs.co.kr/1", "KBS"),
        ("https://biz.chosun.com/1", "조선일보"),
        ("https://www.notchosun.com/1", "notchosun.com"),
    ],
)
def test_publishers_have_the_names_that_readers_know(url: str, name: str) -> None:
    assert publisher(url) == name
