"""Whatever is dangerous is told to be so, whichever words stand around it, and its safe path comes first."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.scan.classification import Classification
from functions.scan.compose import compose
from functions.scan.defaults import DATA, DEFAULT_INPUT, RECYCLABLE, UNCLASSIFIED
from functions.scan.hazards import hazards, told
from functions.scan.reindex import hazard_index
from functions.scan.retrieval import retrieve, search
from functions.scan.rewards import earned
from functions.scan.rules import lookup
from functions.scan.sources import sources
from functions.scan.suspicion import NOTHING as NO_HAZARD
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import Utterance
from tests.functions.scan.hazard_phrasings import DANGEROUS, SAFE, probes

PHRASINGS = [(hazard, text) for hazard, texts in DANGEROUS.items() for text in texts]
NOTHING = Classification(major_category=UNCLASSIFIED, middle_category=UNCLASSIFIED)
# What people write around the thing itself: other things, states, questions; nothing that denies or empties.
AROUND = [
    *[
        "사과",
        "밥",
        "죽",
        "배",
        "귤",  # not 감: 은색 물 and 감 are paint
        "종이컵",
        "페트병",
        "상자",
        "소주병",
        "비닐",
        "그릇",
        "냉장고",
        "옷",
        "책",
        "라면",
        "김치",
        "우유팩",
        "빨대",
    ],
    *[
        "깨끗한",
        "젖은",
        "기름진",
        "파란",
        "오래된",
        "새",
        "큰",
        "작은",
        "버려요",
        "어떻게",
        "되나요",
        "음식물",
        "재활용",
        "ㅠㅠ",
        "123",
        "abc",
    ],
]


def recyclable(middle: str, minor: str | None = None) -> Classification:
    return Classification(major_category=RECYCLABLE, middle_category=middle, minor_category=minor)


def test_there_are_well_over_120_phrasings_of_every_hazard() -> None:
    assert len(PHRASINGS) >= 120
    assert set(DANGEROUS) == set(hazards())


@pytest.mark.parametrize(("hazard", "text"), PHRASINGS, ids=[text for _, text in PHRASINGS])
def test_a_dangerous_thing_gets_its_safe_path_and_no_reward(hazard: str, text: str) -> None:
    match = search(text)
    assert match and match.finding == "hazard" and hazard in match.hazards
    for where in (
        recyclable("금속류"),
        recyclable("유리병"),
        recyclable("전지"),
        recyclable("플라스틱류"),
        NOTHING,
    ):
        found = retrieve(where, None, [], text)
        assert found and hazard in found.hazards
        answer = compose(where, found, [], text)
        assert answer.user_answer.find(found.dangers[0].path) < 60  # at once, after one sentence
        assert all(sentence in answer.user_answer for sentence in hazards()[hazard].sentences)
        assert list(answer.disposal_steps.values()) == list(found.dangers[0].steps)
        assert earned(where, found.stored(), []) is None


@pytest.mark.parametrize(("hazard", "text"), list(probes()), ids=[text for _, text in probes()])
def test_what_a_hostile_tester_tried_is_told_apart(hazard: str, text: str) -> None:
    match = search(text)
    if hazard == NO_HAZARD:
        assert match is None or not match.hazards
        return
    assert match and hazard in match.hazards
    words = compose(NOTHING, match, [], text).user_answer
    assert words.find(match.dangers[0].path) < 60 and hazards()[hazard].path in words
    assert earned(recyclable("전지"), match.stored(), []) is None


@pytest.mark.parametrize("text", SAFE)
def test_what_only_sounds_dangerous_or_is_denied_or_emptied_is_no_hazard(text: str) -> None:
    assert told(Utterance.of(text)) == []


@pytest.mark.parametrize(("hazard", "text"), PHRASINGS[::7])
def test_decomposed_letters_and_lost_spaces_hide_nothing(hazard: str, text: str) -> None:
    assert hazard in [each.id for each in told(Utterance.of(unicodedata.normalize("NFD", text)))]
    invisible = "\u200b".join(text)
    assert hazard in [each.id for each in told(Utterance.of(invisible))]


@given(
    hazard=st.sampled_from([each for _, each in sorted(hazards().items()) if each.names]),
    before=st.lists(st.sampled_from(AROUND), max_size=5),
    after=st.lists(st.sampled_from(AROUND), max_size=5),
    data=st.data(),
)
def test_whatever_else_the_text_holds_a_hazards_name_yields_no_other_rule(
    hazard: object, before: list[str], after: list[str], data: st.DataObject
) -> None:
    assert hasattr(hazard, "names")
    name = data.draw(st.sampled_from(hazard.names))
    match = search(" ".join([*before, name, *after]))
    assert match and match.finding == "hazard"


@given(st.text(max_size=80))
def test_any_text_can_be_asked(text: str) -> None:
    told(Utterance.of(text))


@pytest.mark.parametrize(
    ("where", "tags", "hazard"),
    [
        (recyclable("전지", "보조배터리"), ["배터리가 부풀어 있음"], "battery-damaged"),
        (recyclable("금속류", "스프레이 캔"), ["가스가 남음"], "gas-can"),
        (recyclable("유리병", "소주병"), ["깨짐"], "broken-glass"),
        (recyclable("조명제품", "형광등"), ["깨짐"], "broken-lamp"),
    ],
)
def test_what_the_photo_shows_to_be_dangerous_counts_without_words(
    where: Classification, tags: list[str], hazard: str
) -> None:
    match = retrieve(where, where.minor_category, tags, DEFAULT_INPUT)
    assert match and match.hazards == (hazard,)


@pytest.mark.parametrize("outcome", ["no_waste", "unsafe", "unreadable"])
def test_a_hazard_that_is_told_is_answered_whatever_became_of_the_picture(outcome: str) -> None:
    match = retrieve(NOTHING, None, [], "프로판 가스통이에요")
    answer = compose(NOTHING, match, [], "", outcome=outcome)  # type: ignore[arg-type]
    assert "판매점" in answer.user_answer


def test_two_dangers_in_one_text_are_both_answered() -> None:
    match = search("인슐린 바늘이랑 남은 혈압약 어떻게 해요")
    assert match and match.hazards == ("sharps", "medicine")
    words = compose(NOTHING, match, [], "").user_answer
    assert all(hazards()[name].path in words for name in match.hazards)


def test_every_hazard_says_who_takes_it_what_never_to_do_and_whom_to_ask() -> None:
    known = taxonomy()
    for hazard in hazards().values():
        assert all(sentence.rstrip().endswith(("요.", "세요.", "돼요.")) for sentence in hazard.sentences), (
            hazard.id
        )
        assert len(hazard.sentences) == 3 and len(hazard.steps) >= 3 and hazard.sources
        assert set(hazard.tags) <= set(known.tags)
        item = known.named(hazard.item)
        assert item and item.name == hazard.item and lookup(*item.place), hazard.id
        assert set(hazard.sources) <= set(sources()), hazard.id
    assert {item.hazard for item in known.items if item.hazard} <= set(hazards())


def test_the_generated_hazards_are_those_of_the_yaml() -> None:
    assert json.loads((DATA / "index" / "hazards.json").read_text()) == hazard_index()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("표백제에 구연산 섞었더니 냄새가 지독해요", "뚜껑을 꼭 닫고"),
        ("버너에서 가스가 새는 냄새가 나요", "노즐을 바닥에 눌러"),
        ("아이가 단추 전지를 삼켰어요", "폐건전지함에 넣어"),
        ("빈대 나온 소파", "쓸 만하면"),
    ],
)
def test_where_something_urgent_is_told_the_usual_way_is_not(text: str, wrong: str) -> None:
    match = search(text)
    words = compose(NOTHING, match, [], text).user_answer
    assert match and match.finding == "hazard" and wrong not in words


def test_what_a_hazard_is_told_instead_of_is_one() -> None:
    known = hazards()
    assert any(each.instead_of for each in known.values())
    assert {other for each in known.values() for other in each.instead_of} <= set(known)
