"""What models are shown of a character is what people see of it."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser

from functions.character.catalogue import CHARACTERS, Character
from functions.character.pictures import drawings, reference
from tests.browser.characters import shown

NEARLY = 1.0
"""Of 255, on the average: another release of Chromium may smooth edges otherwise."""


@pytest.mark.parametrize("character", CHARACTERS, ids=lambda one: one.code)
def test_the_picture_for_models_shows_the_drawing(browser: Browser, character: Character) -> None:
    drawn, kept = (
        Image.open(io.BytesIO(data)).convert("RGB")
        for data in (shown(browser, drawings()[f"{character.code}.svg"].svg), reference(character))
    )
    assert drawn.size == kept.size
    assert max(ImageStat.Stat(ImageChops.difference(drawn, kept)).mean) < NEARLY


def test_no_two_characters_look_alike(browser: Browser) -> None:
    kept = [Image.open(io.BytesIO(reference(one))).convert("RGB") for one in CHARACTERS]
    for place, one in enumerate(kept):
        for other in kept[:place]:
            assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) > 5 * NEARLY
