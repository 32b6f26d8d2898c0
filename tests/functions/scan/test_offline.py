from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from functions.providers.local.model import LocalGuess, Verdict
from functions.scan.classification import NOTHING, repair
from functions.scan.compose import WAVERING
from functions.scan.defaults import DEFAULT_INPUT, RECYCLABLE
from functions.scan.offline import MATERIALS, classify_offline, draft_of
from functions.scan.taxonomy import taxonomy


def guess(
    material: str | None, verdict: Verdict, second: str = "plastic", probability: float = 0.9
) -> LocalGuess:
    return LocalGuess(
        material, probability, ((material or "paper", probability), (second, 0.1)), 0.9, verdict
    )


@pytest.mark.parametrize("material", sorted(MATERIALS))
def test_every_material_is_a_place_in_the_taxonomy(material: str) -> None:
    draft = draft_of(guess(material, "sure"), DEFAULT_INPUT)
    result, findings = repair(draft, taxonomy())
    assert findings == []
    assert result.classification != NOTHING
    assert (draft.situation_tags, draft.candidates, draft.outcome) == ([], [], "waste")


def test_cardboard_is_a_box() -> None:
    where = draft_of(guess("cardboard", "sure"), DEFAULT_INPUT).classification
    assert (where.major_category, where.middle_category, where.minor_category) == (
        RECYCLABLE,
        "종이",
        "골판지 상자",
    )


@pytest.mark.parametrize(
    ("material", "said", "middle", "minor"),
    [
        ("glass", "소주병이에요", "유리병", "소주병"),
        ("plastic", "생수병 어떻게 버려요?", "무색페트병", "생수병"),
        ("plastic", "과자 봉지요", "비닐류", "과자 봉지"),
        ("glass", "형광등입니다", "조명제품", "형광등"),
        ("glass", "깨진 소주병이에요", "불연성종량제폐기물", "깨진 유리"),
        ("metal", "다 쓴 건전지", "전지", "건전지"),
        ("trash", "칫솔인데요", "일반종량제폐기물", "칫솔"),
    ],
)
def test_words_that_fit_the_material_name_the_item(material: str, said: str, middle: str, minor: str) -> None:
    draft = draft_of(guess(material, "sure"), said)
    assert (draft.classification.middle_category, draft.classification.minor_category) == (middle, minor)
    assert (draft.situation_tags, draft.candidates) == ([], [])


def test_words_that_do_not_fit_a_sure_photo_are_only_the_second_candidate() -> None:
    draft = draft_of(guess("glass", "sure"), "종이 상자예요")
    assert draft.classification.middle_category == "유리병"
    assert [place.middle_category for place in draft.candidates] == ["유리병", "종이"]
    assert draft.situation_tags == [WAVERING]


def test_two_likely_materials_are_both_candidates() -> None:
    draft = draft_of(guess("metal", "candidates", "glass", 0.6), DEFAULT_INPUT)
    assert [place.middle_category for place in draft.candidates] == ["금속류", "유리병"]
    assert (draft.confidence, draft.situation_tags) == (0.6, [WAVERING])


def test_two_materials_of_one_category_are_one_answer() -> None:
    draft = draft_of(guess("cardboard", "candidates", "paper", 0.6), DEFAULT_INPUT)
    assert (draft.classification.middle_category, draft.candidates, draft.situation_tags) == ("종이", [], [])


def test_an_unsure_photo_asks() -> None:
    for unsure in (guess("metal", "unsure", probability=0.3), guess(None, "unsure")):
        draft = draft_of(unsure, DEFAULT_INPUT)
        assert (draft.classification.major_category, draft.confidence) == ("미분류", 0.0)


def test_words_beside_an_unsure_photo_stand_but_are_not_confirmed() -> None:
    draft = draft_of(guess(None, "unsure"), "소주병이에요")
    assert draft.classification.minor_category == "소주병"
    assert draft.situation_tags == [WAVERING]


async def test_a_picture_is_classified_without_a_network() -> None:
    file, picture = BytesIO(), Image.new("RGB", (300, 300), (220, 220, 215))
    picture.paste((120, 90, 60), (60, 80, 240, 260))
    picture.save(file, "JPEG")
    draft = await classify_offline(file.getvalue(), DEFAULT_INPUT)
    assert draft.outcome == "waste"
    assert repair(draft, taxonomy())[1] == []


async def test_a_file_that_is_no_picture_is_unreadable() -> None:
    draft = await classify_offline(b"not a picture", DEFAULT_INPUT)
    assert (draft.outcome, draft.confidence) == ("unreadable", 0.0)


@pytest.mark.parametrize("colour", [(0, 0, 0), (4, 6, 5), (250, 250, 250), (120, 90, 60)])
async def test_a_photo_of_nothing_but_one_colour_is_unreadable(colour: tuple[int, int, int]) -> None:
    file = BytesIO()
    Image.new("RGB", (300, 300), colour).save(file, "JPEG")
    draft = await classify_offline(file.getvalue(), DEFAULT_INPUT)
    assert (draft.outcome, draft.confidence) == ("unreadable", 0.0)
