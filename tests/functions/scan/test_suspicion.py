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
STATES = """
양념 자국이 안 없어져요; 속에 소스가 말라붙었는데; 마요네즈가 덕지덕지 묻음; 라면 국물이 배서 주황색 됐어요
안쪽이 번들번들해요; 겉면이 유광이에요; 은박 같은 게 붙어 있네요; 녹이 슬어서 갈색이에요
한쪽이 우그러졌어요; 귀퉁이가 찢겨 나갔어요; 구멍이 뻥 뚫렸어요; 물기가 남아 있는데요
빗물에 푹 젖었네요; 곰팡이가 까맣게 피었어요; 찌든 냄새가 나요; 세제로 닦아도 미끈거려요
댕댕이가 씹어 놨어요; 고양이 털 범벅이에요; 아들이 크레파스로 칠해 놨어요; 할머니 댁에서 가져왔어요
이삿짐 싸다가 나왔어요; 사은품으로 받은 건데요; 상표가 안 벗겨져요; 찐득한 게 남아 있어요
철심이 박혀 있어요; 나사가 달려 있는데 못 빼겠어요; 무슨 재질인지 헷갈려요; PE라고 적혀 있어요
포장 그대로예요; 두어 개 정도예요; 몇 년 된 거예요; 색이 노랗게 떴어요
이거 되나 안 되나; 얼른 버리고 싶어요; 접히질 않아요; 안 접고 내놔도 되나요
부피가 커요; 속이 꽉 차 있었는데 다 비웠어요; 뚜껑을 잃어버렸어요; 마트에서 담아 준 거예요
"""
DANGEROUS_STATES = """
옆구리가 불룩하게 부풀었어요; 열이 펄펄 나요; 칙칙 소리가 계속 나요; 까 보니 하얀 가루가 날려요 뭔지 몰라요
정체 모를 액체가 반 병 있어요; 충전하니까 타는 냄새가 나요; 와장창 깨져 버렸어요; 코를 찌르는 냄새 나는 물이에요
"""
"""What is said of a thing on a photo without naming it; nothing is learned from these."""
CLASSES = ("비닐류", "플라스틱류", "종이", "금속류", "유리병", "의류및원단")
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
    described = {text for name in ("described.txt", "states.txt") for text, _ in phrasings(name)}
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


def pictured(middle: str) -> Classification:
    return Classification(major_category=RECYCLABLE, middle_category=middle)


def suspected(said: str) -> list[bool]:
    """Of each state, on photos of two classes: whether something dangerous is told of."""
    texts = said.replace("\n", "; ").strip("; ").split("; ")
    return [
        (match := retrieve(pictured(each), None, [], text)) is not None and bool(match.hazards)
        for number, text in enumerate(texts)
        for each in (CLASSES[number % 6], CLASSES[(number + 3) % 6])
    ]


def test_the_state_of_a_thing_on_a_photo_is_seldom_taken_for_danger_and_that_of_a_dangerous_one_is() -> None:
    harmless, dangerous = suspected(STATES), suspected(DANGEROUS_STATES)
    assert (len(harmless), len(dangerous)) == (80, 16)
    assert sum(harmless) <= 4
    assert sum(dangerous) >= 14
