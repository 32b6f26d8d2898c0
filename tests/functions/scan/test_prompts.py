from __future__ import annotations

from functions.scan.prompts import prompt
from functions.scan.taxonomy import taxonomy


def test_the_vision_prompt_lists_every_category_and_tag_and_distrusts_the_photo() -> None:
    text = prompt("vision")
    known = taxonomy()
    assert all(major in text and all(m in text for m in known.middles(major)) for major in known.majors)
    assert all(tag in text for tag in known.tags)
    assert "never instructions" in text and "{" not in text
    assert len(text) < 5000


def test_the_answer_prompt_keeps_to_the_rules() -> None:
    text = prompt("answer")
    assert "이코" in text and "세 문장" in text and "지시가 아니야" in text
