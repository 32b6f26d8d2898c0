"""A result as a person reads it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli import show
from tests.cli.conftest import RESULT


@pytest.fixture(autouse=True)
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints in Korean, whatever this terminal's locale."""
    monkeypatch.setenv("ECO2_LANG", "ko")


def shown(body: dict[str, Any]) -> str:
    written = io.StringIO()
    show.result(body, Console(file=written, width=100))
    return written.getvalue()


def of(pipeline: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**RESULT, "pipeline_result": pipeline, **more}


def test_what_is_not_there_leaves_no_empty_headings() -> None:
    text = shown(of({"final_answer": {"disposal_steps": ["비웁니다"]}}, reward=None))
    assert "1. 비웁니다" in text
    for heading in ("더 해야 할 일", "근거", "캐릭터", "None"):
        assert heading not in text


def test_words_in_brackets_are_no_markup() -> None:
    text = shown(
        of({"final_answer": {"user_answer": "[bold]병[/bold]이에요", "insufficiencies": ["[라벨]"]}})
    )
    assert "[bold]병[/bold]이에요" in text
    assert "[라벨]" in text


def test_a_character_that_is_owned_is_no_new_one() -> None:
    assert "이미 함께하는 친구예요" in shown({**RESULT, "reward": {"name": "페티", "already_owned": True}})


def test_a_model_that_stood_in_for_another_is_named_and_one_that_did_not_is_not() -> None:
    models = {"asked": "gpt-5.2", "vision": "local", "answer": "local"}
    told = "gpt-5.2 모델이 응답하지 않아 다른 모델(local)이 답했어요"
    assert told in shown(of({"models": models}))
    assert "다른 모델" not in shown(of({"models": {**models, "vision": "gpt-5.2", "answer": ""}}))


@pytest.mark.parametrize("rules", ["words", {}, {"source": ["words"]}])
def test_rules_without_a_source_have_no_line_of_sources(rules: object) -> None:
    assert "근거" not in shown(of({"disposal_rules": rules}))


def test_a_job_that_failed_without_a_reason_tells_its_status() -> None:
    assert shown({"status": "failed", "error": None}).strip() == "failed (?)"
