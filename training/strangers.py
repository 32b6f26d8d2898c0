"""Pictures of no waste at all, drawn by rule and seeded: the model must not be sure about them.

Training sees `KNOWN` kinds only; evaluation also draws `HELD_OUT` ones, which no trained part has met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .grounds import GROUNDS, noise

Pixels = NDArray[np.uint8]
Stranger = Callable[[np.random.Generator, int], Pixels]
_LETTERS = np.array(list("etaoinshrdlucmfwypvbgkETAOINS0123456789.,;:()"))
_SKIES = ((120, 170, 230), (200, 215, 235), (240, 170, 120), (40, 50, 90))


def _ink(random: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = (int(c) for c in random.integers(low, high, 3))
    return red, green, blue


def _canvas(random: np.random.Generator, side: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    paper = (255, 255, 255) if random.random() < 0.5 else _ink(random, 200)
    if random.random() < 0.2:
        paper = _ink(random, 0, 60)
    image = Image.new("RGB", (side, side), paper)
    return image, ImageDraw.Draw(image)


def _point(random: np.random.Generator, side: int) -> tuple[int, int]:
    x, y = (int(c) for c in random.integers(0, side, 2))
    return x, y


def _words(random: np.random.Generator, count: int) -> str:
    return " ".join("".join(random.choice(_LETTERS, random.integers(1, 10))) for _ in range(count))


def static(random: np.random.Generator, side: int) -> Pixels:
    grain = int(random.integers(1, 9))
    cells = -(-side // grain)
    channels = 3 if random.random() < 0.6 else 1
    rough = random.integers(0, 256, (cells, cells, channels)).astype(np.uint8)
    wide = np.repeat(np.repeat(rough, grain, 0), grain, 1)[:side, :side]
    return np.ascontiguousarray(np.broadcast_to(wide, (side, side, 3)))


def surface(random: np.random.Generator, side: int) -> Pixels:
    kinds = tuple(GROUNDS.values())
    ground = kinds[random.integers(len(kinds))](random, side)
    return (np.clip(ground, 0, 1) * 255).astype(np.uint8)


def text_page(random: np.random.Generator, side: int) -> Pixels:
    image, draw = _canvas(random, side)
    dark = np.asarray(image)[0, 0].mean() > 128
    size = int(random.integers(7, 26))
    font, ink, top = ImageFont.load_default(size), _ink(random, 0, 90) if dark else _ink(random, 180), size
    while top < side - size:
        if random.random() < 0.9:
            draw.text((size, top), _words(random, 14)[: int(random.integers(10, side // 4))], ink, font)
        top += round(size * 1.4)
    return np.asarray(image)


def line_drawing(random: np.random.Generator, side: int) -> Pixels:
    image, draw = _canvas(random, side)
    for _ in range(int(random.integers(4, 40))):
        start = np.array(_point(random, side), float)
        steps = np.cumsum(random.normal(0, side / 20, (int(random.integers(3, 20)), 2)), axis=0)
        path = [(float(x), float(y)) for x, y in start + steps]
        draw.line(path, _ink(random, 0, 160), int(random.integers(1, 6)))
    return np.asarray(image)


def shapes(random: np.random.Generator, side: int) -> Pixels:
    image, draw = _canvas(random, side)
    for _ in range(int(random.integers(3, 25))):
        corners = [_point(random, side) for _ in range(int(random.integers(3, 6)))]
        if random.random() < 0.5:
            draw.polygon(corners, fill=_ink(random))
        else:
            (x, y), radius = corners[0], int(random.integers(4, side // 3))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_ink(random))
    return np.asarray(image)


def chart(random: np.random.Generator, side: int) -> Pixels:
    image, draw = _canvas(random, side)
    count = int(random.integers(4, 14))
    heights, width = random.uniform(0.1, 0.8, count) * side, side * 0.85 / count
    for i, height in enumerate(heights):
        left = side * 0.1 + i * width
        draw.rectangle((left, side * 0.9 - height, left + width * 0.7, side * 0.9), fill=_ink(random))
    draw.line([(side * 0.08, 0), (side * 0.08, side * 0.9), (side, side * 0.9)], (90, 90, 90), 2)
    draw.text((side * 0.3, 4), _words(random, 3), (90, 90, 90), ImageFont.load_default(14))
    return np.asarray(image)


def screen(random: np.random.Generator, side: int) -> Pixels:
    image, draw = _canvas(random, side)
    draw.rectangle((0, 0, side, side // 9), fill=_ink(random))
    row = side // 9 + 6
    while row < side:
        height = int(random.integers(side // 14, side // 4))
        draw.rounded_rectangle((8, row, side - 8, row + height), 6, fill=_ink(random, 150))
        draw.ellipse((14, row + 6, 14 + side // 12, row + 6 + side // 12), fill=_ink(random))
        draw.text(
            (22 + side // 12, row + 6), _words(random, 4), _ink(random, 0, 120), ImageFont.load_default(11)
        )
        row += height + 8
    return np.asarray(image)


def landscape(random: np.random.Generator, side: int) -> Pixels:
    sky = np.array(_SKIES[random.integers(len(_SKIES))], float) + random.normal(0, 15, 3)
    fade = np.linspace(1, 1.25, side)[:, None, None]
    picture = np.clip(sky * fade + np.zeros((side, side, 3)), 0, 255)
    picture += np.clip(noise(random, side, roughness=0.7, stretch=2)[..., None], 0, 3) * random.uniform(0, 40)
    for depth in np.sort(random.uniform(0.3, 0.9, random.integers(1, 5))):
        ridge = side * depth + noise(random, side, roughness=0.6)[0] * side * random.uniform(0.02, 0.12)
        below = np.arange(side)[:, None] > ridge
        slope = np.array((60, 90, 50)) * (1.3 - depth) * random.uniform(0.5, 1.6) + random.normal(0, 12, 3)
        grain = 1 + noise(random, side, roughness=1.2)[..., None] * 0.15
        picture = np.where(below[..., None], slope * grain, picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def cartoon_face(random: np.random.Generator, side: int) -> Pixels:
    image = Image.fromarray(surface(random, side))
    draw, centre, radius = ImageDraw.Draw(image), side / 2, side * random.uniform(0.2, 0.4)
    skin = tuple(int(c) for c in np.array((224, 180, 150)) * random.uniform(0.45, 1.1))
    box = (centre - radius * 0.8, centre - radius, centre + radius * 0.8, centre + radius)
    hair = (box[0] - 6, box[1] - 14, box[2] + 6, centre)
    draw.ellipse(hair, fill=_ink(random, 0, 110))
    draw.ellipse(box, fill=skin)
    for sign in (-1, 1):
        x, y, eye = centre + sign * radius * 0.32, centre - radius * 0.2, radius * 0.13
        draw.ellipse((x - eye, y - eye * 0.7, x + eye, y + eye * 0.7), fill=(250, 250, 250))
        draw.ellipse((x - eye / 2, y - eye / 2, x + eye / 2, y + eye / 2), fill=_ink(random, 0, 120))
    mouth = (centre - radius * 0.35, centre + radius * 0.2, centre + radius * 0.35, centre + radius * 0.6)
    draw.arc(mouth, 10, 170, fill=(150, 50, 50), width=4)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0, 2))))


def code(random: np.random.Generator, side: int) -> Pixels:
    cells = int(random.integers(15, 45))
    image = Image.fromarray((random.random((cells, cells)) < 0.5).astype(np.uint8) * 255)
    return np.asarray(image.resize((side, side), Image.Resampling.NEAREST).convert("RGB"))


def rings(random: np.random.Generator, side: int) -> Pixels:
    line = np.linspace(-1, 1, side)
    x, y = np.stack(np.meshgrid(line, line)) - random.uniform(-0.5, 0.5, (2, 1, 1))
    distance, angle = np.hypot(x, y), np.arctan2(y, x)
    wave = np.sin(distance * random.uniform(10, 80) + angle * random.integers(-6, 7))[..., None]
    colours = 0.5 + 0.5 * wave * random.uniform(-1, 1, 3) + random.normal(0, 0.1, 3)
    return np.asarray(np.clip(colours, 0, 1) * 255, np.uint8)


def starry_night(random: np.random.Generator, side: int) -> Pixels:
    sky = np.clip(noise(random, side, roughness=0.6)[..., None] * 10 + random.uniform(5, 40, 3), 0, 255)
    stars = random.random((side, side, 1)) > random.uniform(0.99, 0.999)
    return np.where(stars, random.uniform(120, 255, (side, side, 1)), sky).astype(np.uint8)


def mosaic(random: np.random.Generator, side: int) -> Pixels:
    points = random.uniform(0, side, (int(random.integers(8, 60)), 2))
    y, x = np.mgrid[:side, :side]
    nearest = np.argmin([(x - px) ** 2 + (y - py) ** 2 for px, py in points], axis=0)
    return np.asarray(random.integers(0, 256, (len(points), 3))[nearest], np.uint8)


def ripples(random: np.random.Generator, side: int) -> Pixels:
    y, x = np.mgrid[:side, :side]
    wave = np.zeros((side, side))
    for px, py in random.uniform(0, side, (int(random.integers(2, 5)), 2)):
        wave += np.sin(np.hypot(x - px, y - py) * random.uniform(0.1, 0.6))
    colours = 128 + wave[..., None] * random.uniform(-45, 45, 3)
    return np.asarray(np.clip(colours, 0, 255), np.uint8)


def night_town(random: np.random.Generator, side: int) -> Pixels:
    image = Image.fromarray(starry_night(random, side))
    draw = ImageDraw.Draw(image)
    left = 0
    while left < side:
        width, top = (
            int(random.integers(side // 14, side // 5)),
            int(random.integers(side // 5, side * 4 // 5)),
        )
        draw.rectangle((left, top, left + width, side), fill=_ink(random, 10, 60))
        for row in range(top + 6, side, 12):
            for column in range(left + 4, left + width - 6, 9):
                if random.random() < 0.4:
                    draw.rectangle((column, row, column + 4, row + 6), fill=(240, 210, 120))
        left += width
    return np.asarray(image)


KNOWN: Mapping[str, Stranger] = {
    kind.__name__: kind
    for kind in (static, surface, text_page, line_drawing, chart, landscape, shapes, cartoon_face, rings)
}
HELD_OUT: Mapping[str, Stranger] = {
    kind.__name__: kind for kind in (screen, code, starry_night, mosaic, ripples, night_town)
}
