"""Grounds that training never draws, for evaluation only; shaped like `grounds`, which they share no pattern with."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .grounds import STONES, Floats, Ground, colour, ink, noise, plane, tinted


def tartan(random: np.random.Generator, side: int) -> Floats:
    """Cloth with bands of several colours that cross."""
    count = int(random.integers(3, 9))
    period = int(random.integers(side // 6, side))
    palette = np.stack([colour(random) for _ in range(count)])
    bands = palette[np.sort(random.integers(0, count, period))]
    at = (np.arange(side) + random.integers(period)) % period
    across, down = bands[at][None], bands[at][:, None]
    twill = ((np.add.outer(np.arange(side), np.arange(side)) // 2) % 2)[..., None]
    return np.asarray(across * twill + down * (1 - twill), np.float32)


def curtain(random: np.random.Generator, side: int) -> Floats:
    """Folds of cloth that hang or lie, lit from one side."""
    angle, folds = random.uniform(0, np.pi), random.uniform(2, 14)
    x, y = plane(side)
    along = (x * np.cos(angle) + y * np.sin(angle)) * folds
    bent = along + noise(random, side, roughness=0.3) * random.uniform(0.3, 1.5)
    light = 1 + np.sin(bent * np.pi)[..., None] * random.uniform(0.1, 0.45)
    return np.asarray(colour(random) * light, np.float32)


def clutter(random: np.random.Generator, side: int) -> Floats:
    """A desk: things of many colours and outlines, each with its shadow."""
    image = Image.new("RGB", (side, side), ink(colour(random)))
    for _ in range(int(random.integers(5, 30))):
        left, top = (int(at) for at in random.uniform(-side / 4, side, 2))
        width, height = (int(size) for size in random.uniform(side / 15, side / 2, 2))
        shadow = Image.new("L", (side, side))
        ImageDraw.Draw(shadow).rectangle((left + 4, top + 4, left + width + 6, top + height + 6), fill=110)
        image.paste((0, 0, 0), mask=shadow.filter(ImageFilter.GaussianBlur(4)))
        draw = ImageDraw.Draw(image)
        box = (left, top, left + width, top + height)
        shade = ink(colour(random))
        if random.random() < 0.4:
            draw.ellipse(box, fill=shade, outline=ink(colour(random)), width=int(random.integers(1, 5)))
        else:
            draw.rectangle(box, fill=shade, outline=ink(colour(random)), width=int(random.integers(1, 5)))
    turned = image.rotate(random.uniform(-45, 45), Image.Resampling.BILINEAR, fillcolor=ink(colour(random)))
    return np.asarray(turned, np.float32) / 255


def road(random: np.random.Generator, side: int) -> Floats:
    """Asphalt with the edge of a painted line and cracks."""
    grain = random.standard_normal((side, side, 1)) * random.uniform(0.08, 0.25)
    ground = tinted(random, STONES) * 0.6 * (1 + grain + noise(random, side, roughness=1.1)[..., None] * 0.1)
    x, y = plane(side)
    angle, offset = random.uniform(0, np.pi), random.uniform(-0.8, 0.8)
    away = np.abs(x * np.cos(angle) + y * np.sin(angle) - offset)
    painted = (away < random.uniform(0.05, 0.3)) & (noise(random, side, roughness=1.3) > -1.2)
    paint = np.array((0.85, 0.7, 0.2) if random.random() < 0.3 else (0.85, 0.85, 0.82), np.float32)
    ground[painted] = (paint * (1 + grain * 0.5))[painted]
    cracks = np.abs(noise(random, side, roughness=0.9)) < 0.015
    ground[cracks] *= 0.5
    return np.asarray(ground, np.float32)


def bubbles(random: np.random.Generator, side: int) -> Floats:
    """Round drops and bubbles of one colour with a light side, as in a sink or on packing film."""
    x, y = (plane(side) + 1) * side / 2
    step = random.uniform(side / 30, side / 6)
    row = np.floor(y / step)
    u, v = (x + row % 2 * step / 2) % step / step - 0.5, y % step / step - 0.5
    inside = u * u + v * v < random.uniform(0.1, 0.22)
    light = np.where(inside, 1 - (u + v) * random.uniform(0.4, 1.2), random.uniform(0.75, 1.0))[..., None]
    return np.asarray(colour(random) * light, np.float32)


UNMET: dict[str, Ground] = {ground.__name__: ground for ground in (tartan, curtain, clutter, road, bubbles)}
