"""The shipped model on photos, grounds and strangers that it was not trained on; and how these are counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from functions.providers.local.model import DATA, MATERIALS, LocalClassifier, LocalGuess, guess_of
from functions.providers.local.photo import UnreadablePhoto
from training.evaluate import Tally, from_heic, on_other_grounds, other_grounds, spoilt, strangers, tallied
from training.train import sha256

VAL = Path(__file__).parents[3] / "shared" / "images" / "trashnet" / "val"
with_photos = pytest.mark.skipif(not VAL.is_dir(), reason=f"no photos at {VAL}")


@pytest.fixture(scope="module")
def classifier() -> LocalClassifier:
    return LocalClassifier()


@pytest.fixture(scope="module")
def guesses(classifier: LocalClassifier) -> dict[str, list[LocalGuess]]:
    """The first 16 photos of each material."""
    return {
        material: [classifier.classify(path.read_bytes()) for path in sorted((VAL / material).iterdir())[:16]]
        for material in MATERIALS
    }


def test_the_shipped_files_are_those_of_the_provenance() -> None:
    provenance = json.loads((DATA / "provenance.json").read_text())
    assert {name: sha256(DATA / name) for name in provenance["files"]} == provenance["files"]
    assert sum((DATA / name).stat().st_size for name in provenance["files"]) < 11_000_000


def test_pictures_of_no_waste_are_not_answered(classifier: LocalClassifier) -> None:
    for held_out in (False, True):
        assert tallied(classifier, strangers(held_out=held_out)).answered() <= 0.1


@with_photos
@pytest.mark.parametrize("material", MATERIALS)
def test_photos_of_each_material_are_recognised(guesses: dict[str, list[LocalGuess]], material: str) -> None:
    right = sum(guess.candidates[0][0] == material for guess in guesses[material])
    assert right >= 0.7 * len(guesses[material])


@with_photos
def test_photos_of_waste_are_recognised_and_seldom_refused(guesses: dict[str, list[LocalGuess]]) -> None:
    tally = Tally([(material, guess) for material, found in guesses.items() for guess in found])
    assert tally.accuracy(MATERIALS) >= 0.88
    assert tally.accuracy(MATERIALS[:-1]) >= 0.9
    assert tally.share("unsure") <= 0.08
    assert tally.right_when_sure() >= 0.93
    assert tally.answered() >= 0.92
    assert tally.right_when_answered() >= 0.92


@with_photos
@pytest.mark.parametrize("material", MATERIALS)
def test_a_black_blank_or_heavily_blurred_photo_is_not_guessed_at(
    classifier: LocalClassifier, material: str
) -> None:
    photo = sorted((VAL / material).iterdir())[0].read_bytes()
    for kind, content in spoilt(photo):
        if kind != "blur, σ 2%" and kind != "blur, σ 4%":  # those may still be recognised
            with pytest.raises(UnreadablePhoto, match="the photo is"):
                classifier.classify(content)


def test_unreadable_pictures_count_as_not_answered() -> None:
    seen = guess_of(np.array([0.9, 0, 0, 0, 0, 0, 0.1], np.float32), 0.7, familiar=True)
    tally = Tally([("cardboard", seen), ("glass", seen)], unreadable=2)
    assert (tally.answered(), tally.right(), tally.right_when_answered()) == (0.5, 0.25, 0.5)
    assert tally.sure_and_wrong() == 0.25


@with_photos
def test_a_photo_is_recognised_from_an_heic(
    classifier: LocalClassifier, guesses: dict[str, list[LocalGuess]]
) -> None:
    for material, found in guesses.items():
        photo, guess = sorted((VAL / material).iterdir())[0].read_bytes(), found[0]
        seen = classifier.classify(from_heic(photo))
        assert (seen.candidates[0][0], seen.verdict) == (guess.candidates[0][0], guess.verdict)


@with_photos
@pytest.mark.parametrize("title", other_grounds())
def test_items_on_other_grounds_are_recognised(classifier: LocalClassifier, title: str) -> None:
    tally = tallied(classifier, on_other_grounds(VAL, other_grounds()[title], each=1, every=3))
    assert tally.accuracy(MATERIALS) >= 0.7
