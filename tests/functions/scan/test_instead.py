from __future__ import annotations

import pytest

from functions.scan.instead import asked_instead
from functions.scan.retrieval import search


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("청소기 배터리 말고 본체", ["본체", "청소기 본체"]),
        ("액자 유리 빼고 틀만", ["틀만", "액자 틀만"]),
        ("말고 본체", []),
        ("버리지 말고 팔까요", []),
        ("청소기 본체", []),
    ],
)
def test_what_is_put_aside_is_cut_out(text: str, readings: list[str]) -> None:
    assert list(asked_instead(text)) == readings


@pytest.mark.parametrize(
    ("text", "middle"),
    [
        ("리코더 말고 쇠로 된 트라이앵글", "금속류"),
        ("다이슨 청소기 배터리 말고 본체 버리려고요", "전기전자제품"),
        ("겨울 코트 기부 말고 버리려면", "의류및원단"),
        ("이쑤시개 뺀 남은 안주", "음식물류폐기물"),
    ],
)
def test_the_question_is_about_what_is_left(text: str, middle: str) -> None:
    match = search(text)
    assert match and match.rule.category.middle == middle
