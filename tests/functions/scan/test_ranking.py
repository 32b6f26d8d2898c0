"""What is known of nothing that is asked about is not guessed, and one that is offered stands in the question."""

from __future__ import annotations

import pytest

from functions.scan.inquiry import ask
from functions.scan.ranking import guesses


@pytest.mark.parametrize("text", ["전동휠체어카바 유통기한 지난 거", "바늘꼭지", "작두끈", "우유빛깔 조명기"])
def test_a_condition_or_a_piece_of_a_word_is_no_likeness(text: str) -> None:
    assert not [guess for guess in guesses(text) if guess.item in ("우유", "남은 술", "주사기", "작두")]


def test_a_word_of_the_name_that_stands_in_the_question_is() -> None:
    assert [guess.item for guess in guesses("당구 큐대")] == ["당구 초크"]


def test_what_nothing_is_like_is_said_to_be_unknown_and_how_to_find_out() -> None:
    told = ask("끄르끄륵 유통기한 지난거")
    assert told.outcome == "unknown" and not told.candidates
    assert "알아보지 못했어요" in told.answer and "분리배출.kr" in told.answer and "청소과" in told.answer


@pytest.mark.parametrize("text", ["왁스 통", "탈취제 통"])
def test_a_container_of_something_unknown_is_asked_for_its_material(text: str) -> None:
    told = ask(text)
    assert told.outcome == "asked" and told.candidates == ["플라스틱 제품", "고철"]
