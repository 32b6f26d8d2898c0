"""What is described and not named is asked about with the safe path first; harmless things beside it are left alone."""

from __future__ import annotations

import json

import pytest

from functions.scan.classification import Classification
from functions.scan.compose import compose
from functions.scan.defaults import DATA, DEFAULT_INPUT, RECYCLABLE, UNCLASSIFIED
from functions.scan.hazards import hazards
from functions.scan.learn import learned, lessons, phrasings
from functions.scan.retrieval import retrieve, search
from functions.scan.rewards import earned
from functions.scan.suspicion import NOTHING, compiled, features, suspect
from functions.scan.utterance import Utterance

BOTTLE = Classification(major_category=RECYCLABLE, middle_category="유리병")
UNKNOWN = Classification(major_category=UNCLASSIFIED, middle_category=UNCLASSIFIED)
DESCRIBED = "나무에 바르는 윤 나는 거 남음"  # no name of 니스 or 페인트 in it


def test_most_of_what_nothing_was_learned_from_is_found_and_few_harmless_things_are_asked_about() -> None:
    rows = list(phrasings("held_out.txt"))
    found = [(hazard, bool((match := search(text)) and match.hazards)) for text, hazard in rows]
    dangerous = [told for hazard, told in found if hazard != NOTHING]
    harmless = [told for hazard, told in found if hazard == NOTHING]
    assert len(dangerous) >= 150 and len(harmless) >= 100
    assert sum(dangerous) / len(dangerous) >= 0.82
    assert sum(harmless) / len(harmless) <= 0.04


def test_nothing_is_learned_from_what_measures_it() -> None:
    measured = {text for text, _ in phrasings("held_out.txt")}
    held_out = (DATA / "golden" / "held_out").glob("*.jsonl")
    measured |= {json.loads(line)["text"] for file in held_out for line in file.read_text().splitlines()[1:]}
    described = {text for text, _ in phrasings("described.txt")}
    assert len(described & measured) < 0.05 * len(measured)  # two people may say the same


def test_a_suspicion_asks_and_tells_the_safe_path_in_case() -> None:
    match = search(DESCRIBED)
    assert match and match.finding == "asked" and match.hazards == ("paint",)
    answer = compose(UNKNOWN, match, [], DESCRIBED)
    assert answer.user_answer.startswith(f"말씀하신 ‘{match.said}’, 혹시 {hazards()['paint'].name}인가요?")
    assert all(sentence in answer.user_answer for sentence in hazards()["paint"].sentences)
    assert answer.insufficiencies == [hazards()["paint"].path]
    assert list(answer.disposal_steps.values()) == list(hazards()["paint"].steps)


@pytest.mark.parametrize("outcome", ["waste", "no_waste", "unreadable"])
def test_it_stands_against_the_photo_and_earns_nothing(outcome: str) -> None:
    match = retrieve(BOTTLE, "소주병", [], DESCRIBED)
    assert match and match.hazards == ("paint",)
    answer = compose(BOTTLE, match, [], DESCRIBED, outcome=outcome)  # type: ignore[arg-type]
    assert hazards()["paint"].path in answer.user_answer
    assert earned(BOTTLE, match.stored(), answer.insufficiencies) is None


@pytest.mark.parametrize("text", ["소주병", "보조배터리", "바늘 시계", DEFAULT_INPUT, "", "?"])
def test_what_is_just_a_name_or_nothing_is_not_suspected(text: str) -> None:
    match = search(text)
    assert match is None or not match.hazards


def test_a_hazard_that_was_denied_is_not_suspected_again() -> None:
    for text in ("배터리가 부풀지 않았어요, 수명만 다했어요", "휘발유가 아니라 생수통이에요"):
        match = search(text)
        assert match is None or not match.hazards, text


def test_a_long_story_hides_nothing() -> None:
    story = " ".join(["어제", "친구랑", "시장에", "가서", "사과를", "샀는데요"] * 4)
    one = suspect(Utterance.of(f"{story} {DESCRIBED}"))
    assert one.hazard == "paint" and one.probability > 0.5


def test_careless_spelling_and_pairs_of_notions_are_among_what_is_weighed() -> None:
    notions = compiled({"cell": "밧데리", "bulging": "살쪘"})
    found = features(Utterance.of("밧데리 살쪘어"), notions)
    assert {"#cell", "#bulging", "#cell#bulging", "^밧데", "밧데리"} <= found
    shared = found & features(Utterance.of("빳대리"), notions)
    assert [each for each in shared if each.startswith("~")]


def test_learning_tells_examples_apart_and_is_the_same_every_time() -> None:
    examples = [
        ("기름 출렁거리는 통", "fuel"),
        ("기름 출렁", "fuel"),
        ("사과 껍질", NOTHING),
        ("귤 껍질", NOTHING),
    ] * 5
    made = learned(examples)
    assert made == learned(examples)
    fuel = made["classes"].index("fuel")
    row = made["weights"]["출렁"]
    assert dict(zip(row[::2], row[1::2], strict=True))[fuel] > 0


def test_lessons_are_of_all_hazards_and_mostly_of_none() -> None:
    kinds = [hazard for _, hazard in lessons()]
    assert set(kinds) == {NOTHING, *hazards()}
    assert kinds.count(NOTHING) > len(kinds) / 2
    read = json.loads((DATA / "index" / "suspicion.json").read_text())
    assert read["classes"] == [NOTHING, *hazards()]
