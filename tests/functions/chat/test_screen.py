"""The screen before a hosted model: what was not told gets through in no size of pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat.graph.screen import LONGEST, NO_LINK, NO_PHONE, NO_SUM, Screen

TOLD = ["문의 02-120, 1599-0903. 소파 5,000원 https://ok.example/a?b=1"]


def through(text: str, size: int, told: list[str] = TOLD) -> str:
    screen = Screen(told)
    shown = [screen.write(text[start : start + size]) for start in range(0, len(text), size)]
    return "".join([*shown, screen.end()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("여기 https://evil.example/x?y=1. 보세요", f"여기 {NO_LINK}. 보세요"),
        ("![그림](https://track.example/p.png)", f"![그림]({NO_LINK})"),
        ("www.bad.kr 참고", f"{NO_LINK} 참고"),
        ("여기 https://ok.example/a?b=1 보세요", "여기 https://ok.example/a?b=1 보세요"),
        ("전화 02-123-4567번", f"전화 {NO_PHONE}번"),
        ("전화 1599-0903로", "전화 1599-0903로"),
        ("수수료는 5000원, 3만 5천원", f"수수료는 5000원, {NO_SUM}"),
        ("2026-11-27에 3번, 119로 100% 확인", "2026-11-27에 3번, 119로 100% 확인"),
        ("HTTP와 htt 그리고 h", "HTTP와 htt 그리고 h"),
    ],
)
def test_what_nobody_told_is_replaced(text: str, shown: str, size: int) -> None:
    assert through(text, size) == shown


@given(st.text(alphabet="가나 .,!요다abc\n", max_size=200), st.integers(1, 9))
def test_other_text_passes_as_it_is(text: str, size: int) -> None:
    assert through(text, size) == text


def test_nothing_is_held_back_for_ever() -> None:
    screen = Screen([])
    assert screen.write("1" * 400)
    assert len(through("가" * (LONGEST + 10), 100)) == LONGEST
