"""Verdicts by threshold, and the shipped model on photos it was not trained on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from functions.providers.local.model import LocalClassifier, guess_of, verdict_of
from functions.providers.local.photo import UnreadablePhoto

VAL = Path(__file__).parents[5] / "shared" / "images" / "trashnet" / "val"
with_photos = pytest.mark.skipif(not VAL.is_dir(), reason=f"no photos at {VAL}")


@pytest.fixture(scope="module")
def classifier() -> LocalClassifier:
    return LocalClassifier()


def drawn(seed: int, size: tuple[int, int] = (300, 400)) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (8, 6, 3)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("probability", "familiar", "verdict"),
    [
        (1.0, True, "sure"),
        (0.8, True, "sure"),
        (0.7999, True, "candidates"),
        (0.5, True, "candidates"),
        (0.4999, True, "unsure"),
        (0.99, False, "unsure"),
    ],
)
def test_verdicts_follow_the_probability(probability: float, familiar: bool, verdict: str) -> None:
    assert verdict_of(probability, familiar=familiar) == verdict


def test_both_candidates_are_named_likeliest_first() -> None:
    guess = guess_of(np.array([0.1, 0.3, 0.0, 0.55, 0.0, 0.0, 0.05], np.float32), 0.7, familiar=True)
    assert [material for material, _ in guess.candidates] == ["paper", "glass"]
    assert [p for _, p in guess.candidates] == pytest.approx([0.55, 0.3])
    assert (guess.material, guess.verdict) == ("paper", "candidates")


def test_an_unfamiliar_picture_has_no_material() -> None:
    sure = np.array([0.9, 0.1, 0, 0, 0, 0, 0], np.float32)
    guess = guess_of(sure, 0.1, familiar=False)
    assert (guess.material, guess.verdict) == (None, "unsure")


def test_a_picture_of_nothing_has_no_material() -> None:
    nothing = np.array([0.4, 0.1, 0, 0, 0, 0, 0.5], np.float32)
    assert guess_of(nothing, 0.9, familiar=True).material is None


def test_the_same_picture_gets_the_same_guess(classifier: LocalClassifier) -> None:
    assert classifier.classify(drawn(1)) == LocalClassifier().classify(drawn(1))


def test_threads_share_one_classifier() -> None:
    classifier = LocalClassifier()
    pictures = [drawn(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(classifier.classify, pictures, timeout=60))
    assert together == [classifier.classify(picture) for picture in pictures]


def test_what_is_no_picture_is_refused(classifier: LocalClassifier) -> None:
    with pytest.raises(UnreadablePhoto):
        classifier.classify(b"no picture")


@with_photos
def test_the_way_the_phone_was_held_does_not_matter(classifier: LocalClassifier) -> None:
    photo = Image.open(sorted((VAL / "cardboard").iterdir())[0])
    exif = Image.Exif()
    exif[0x0112] = 6
    upright, turned = BytesIO(), BytesIO()
    photo.save(upright, "JPEG", quality=95)
    photo.transpose(Image.Transpose.ROTATE_90).save(turned, "JPEG", quality=95, exif=exif)
    one, other = classifier.classify(upright.getvalue()), classifier.classify(turned.getvalue())
    assert one.material == other.material
    assert one.probability == pytest.approx(other.probability, abs=0.05)
