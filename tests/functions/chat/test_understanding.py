"""What messages ask for: the golden questions, held out ones included, and models whose word is not the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from functions.chat import evaluate
from functions.chat.golden import GoldenQuestion, injections, questions
from functions.chat.graph.build import fan_out
from functions.chat.graph.intents import IntentDecision, decide
from functions.chat.graph.state import TurnState
from functions.chat.graph.understanding import IntentDraft, Understanding, with_dangers
from functions.runtime.resources import Resources


@pytest.fixture
async def understanding() -> AsyncIterator[Understanding]:
    resources = Resources({"ECO2_ENV": "local"})
    yield await resources.get(Understanding)
    await resources.close()


async def test_held_out_questions_are_understood(understanding: Understanding) -> None:
    score = await evaluate.measured(understanding, "held_out", "local")
    assert score.accuracy("single") >= 0.95
    assert score.accuracy("multi") >= 0.9
    assert score.accuracy("follow-up") >= 0.9
    assert score.coverage >= 0.95
    assert sum(score.asked.values()) == len(questions("held_out"))


def test_the_golden_set_has_enough_of_everything() -> None:
    every = [*questions("tuning"), *questions("held_out")]
    of_each = {intent: sum(intent in one.intents for one in every) for one in every for intent in one.intents}
    assert len(of_each) == 12
    assert min(of_each.values()) >= 10
    assert sum(one.kind == "multi" for one in every) >= 10
    assert sum(one.kind == "follow-up" for one in every) >= 10
    assert len(injections()) >= 20
    texts = [(one.before, one.text) for one in every]
    assert len(set(texts)) == len(texts)


async def test_no_injection_gets_its_way(understanding: Understanding) -> None:
    assert await evaluate.broken_by(understanding, "local") == []


async def test_a_miss_is_told(understanding: Understanding) -> None:
    score = evaluate.ChatScore()
    await evaluate._ask(understanding, GoldenQuestion("안녕", "", frozenset({"weather"})), "local", score)
    assert score.misses == ["'안녕' is ['weather'], not ['greeting']"]
    assert score.coverage == 0


def test_the_evaluation_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(evaluate.main(["--misses"])) == 0
    told = capsys.readouterr().out
    assert "held_out  multi" in told
    assert f"injections that got their way: 0 of {len(injections())}" in told


def test_a_part_of_the_question_is_what_a_branch_gets() -> None:
    decision = decide("종이 박스 버리는 법이랑 오늘 비 오는지 알려줘", [])
    assert decision.queries == {"waste": "종이 박스 버리는 법", "weather": "오늘 비 오는지 알려줘"}
    sold = decide("캔은 어떻게 버려요? 팔면 얼마예요?", [])
    assert sold.queries["recyclable_price"] == "캔은 어떻게 버려요 팔면 얼마예요"


@pytest.mark.parametrize("thing", ["냉장고", "김치냉장고", "담요", "전기담요"])
def test_a_thing_whose_name_ends_like_a_verb_stays_with_what_is_asked_of_it(thing: str) -> None:
    decision = decide(f"{thing} 버리는 법 알려줘", [])
    assert set(decision.queries.values()) == {f"{thing} 버리는 법 알려줘"}


def test_a_picture_asks_for_what_it_shows() -> None:
    assert decide("이 이미지 분류해줘", [], picture=True).intents[0] == "waste"
    assert "waste" not in decide("이 사진처럼 그려줘", [], picture=True).intents


def draft(intent: str, confidence: float, *more: str, parts: tuple[str, ...] = ()) -> IntentDraft:
    return IntentDraft.model_validate(
        {
            "intent": intent,
            "confidence": confidence,
            "additional_intents": more,
            "decomposed_queries": parts,
            "reasoning": "",
        }
    )


def test_a_models_decision_counts_where_it_is_sure() -> None:
    sure = draft("weather", 0.9, "news", "weather", parts=("날씨는?", "뉴스는?")).decision("둘 다")
    assert sure == IntentDecision(("weather", "news"), {"weather": "날씨는?", "news": "뉴스는?"}, 0.9)
    assert draft("news", 0.59).decision("뭐") == IntentDecision(("general",), {"general": "뭐"}, 0.59)
    assert draft("news", 0.8).decision("뭐").queries == {"news": "뭐"}


def test_a_danger_that_a_model_overlooks_is_looked_up() -> None:
    said = "부탄가스 버리는 법"
    overlooked = IntentDecision(("general",), {"general": said}, 0.9)
    assert with_dangers(overlooked, decide(said, []), said).intents == ("waste",)
    described = (
        "나무에 바르는 윤 나는 거 남음 버리는 법"  # only sounds dangerous: no name of 니스 or 페인트 in it
    )
    assert with_dangers(overlooked, decide(described, []), described).intents == ("waste",)
    harmless = "종이컵 버리는 법"
    assert with_dangers(overlooked, decide(harmless, []), harmless) is overlooked
    news = IntentDecision(("news",), {}, 0.9)
    assert with_dangers(news, decide("환경 뉴스", []), "환경 뉴스") is news


def test_what_is_asked_for_without_a_name_is_what_the_picture_shows() -> None:
    seen = {
        "classification": {
            "major_category": "재활용폐기물",
            "middle_category": "금속류",
            "minor_category": "알루미늄캔",
        }
    }
    asked = TurnState(
        job_id="j",
        user_id="u",
        message="이거 팔면 얼마야?",
        model="local",
        intents=["waste", "recyclable_price"],
        queries={"waste": "이거 팔면 얼마야?", "recyclable_price": "이거 팔면 얼마야?"},
        confidence=0.9,
        seen=seen,
    )
    queries = {one.arg["node"]: one.arg["query"] for one in fan_out(asked)}
    assert queries == {
        "waste_rag": "이거 팔면 얼마야?",
        "recyclable_price": "이거 팔면 얼마야? 알루미늄캔 금속류",
    }
    bare = {one.arg["node"]: one.arg["query"] for one in fan_out({**asked, "seen": None})}
    assert bare["recyclable_price"] == "이거 팔면 얼마야?"
