from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.scan.taxonomy import taxonomy
from functions.scan.typos import Spellings, distance
from functions.scan.utterance import Utterance

NAMES = Spellings(["형광등", "스티로폼상자", "소주병", "냄비", "프라이팬"])


def test_sounds_that_are_mixed_up_cost_half_of_others() -> None:
    assert distance("형광등", "형관등") == 0.5
    assert distance("소주병", "소주빙") == 1
    assert distance("냄비", "냄비") == 0


def test_another_syllable_is_another_word() -> None:
    assert distance("해바라기유", "해바라기씨") == float("inf")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("형관등이에요", "형광등"),
        ("스티로뽐 상자", "스티로폼상자"),
        ("프라이펜", "프라이팬"),
        ("이 넴비는요", "냄비"),
    ],
)
def test_misspelled_names_are_found_with_their_particles(text: str, name: str) -> None:
    assert name in [found for found, *_ in NAMES.find(Utterance.of(text), least=2)]


@pytest.mark.parametrize("text", ["버려요", "어떻게 해요", "사진", "형제", "소주 한 잔"])
def test_other_words_are_no_misspelled_names(text: str) -> None:
    assert list(NAMES.find(Utterance.of(text), least=2)) == []


def test_a_correction_leaves_alone_what_is_named_as_it_stands() -> None:
    assert taxonomy().corrected("소주병 어떻게 버려요") is None
    corrected = taxonomy().corrected("형관등 어떻게 버려요")
    assert corrected and corrected.text.split()[0] == "형광등"


@given(st.sampled_from(["형광등", "소주병", "냄비"]), st.sampled_from(["형광등", "소주병", "냄비"]))
def test_the_distance_is_the_same_both_ways(one: str, other: str) -> None:
    if len(one) == len(other):
        assert distance(one, other) == distance(other, one)
