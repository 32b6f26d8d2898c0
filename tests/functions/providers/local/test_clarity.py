"""What counts as a photo of nothing, on drawn squares."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from functions.providers.local.clarity import obscured

Pixels = NDArray[np.uint8]


def bottle(light: float = 1.0, blur: float = 0.0) -> Image.Image:
    photo = Image.new("RGB", (288, 288), (210, 205, 200))
    ImageDraw.Draw(photo).rounded_rectangle((90, 40, 190, 250), 30, fill=(40, 90, 50))
    return photo.filter(ImageFilter.GaussianBlur(blur)).point(lambda value: value * light)


def grainy(photo: Image.Image, strength: float) -> Pixels:
    grain = np.random.default_rng(0).normal(0, strength, (288, 288, 3))
    return np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        (bottle(), None),
        (bottle(light=0.25), None),
        (bottle(blur=2), None),
        (bottle(light=0.05), "black"),
        (Image.new("RGB", (288, 288), (0, 0, 0)), "black"),
        (Image.new("RGB", (288, 288), (255, 255, 255)), "blank"),
        (bottle(blur=18), "blurred"),
    ],
)
def test_dim_and_soft_photos_are_looked_at_but_not_those_of_nothing(
    photo: Image.Image, expected: str | None
) -> None:
    assert obscured(np.asarray(photo)) == expected


def test_grain_makes_no_edges() -> None:
    assert obscured(grainy(bottle(blur=18), 6)) == "blurred"
    assert obscured(grainy(bottle(light=0.02), 3)) == "black"


def test_a_square_of_odd_width_is_looked_at() -> None:
    assert obscured(np.asarray(bottle())[:287, :287]) is None
