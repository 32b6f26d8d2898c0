"""Grounds made of many pieces, each with edges of its own; shaped like `grounds`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .grounds import GREENS, STONES, WOODS, Floats, Ground, colour, ink, noise, plane, tinted

_BRICKS = ((0.6, 0.3, 0.22), (0.7, 0.42, 0.3), (0.45, 0.28, 0.22), (0.75, 0.7, 0.62))
_WITHERED = ((0.6, 0.4, 0.15), (0.5, 0.25, 0.1))


def bricks(random: np.random.Generator, side: int) -> Floats:
    height = int(random.integers(side // 16, side // 5))
    width, joint = int(height * random.uniform(1.8, 3)), max(1, height // 10)
    y, x = np.mgrid[:side, :side]
    y, x = y + random.integers(0, height), x + random.integers(0, width)
    row = y // height
    x = x + row % 2 * (width // 2)
    shades = random.normal(1, 0.12, (side, side))[row % side, x // width % side][..., None]
    grain = noise(random, side, roughness=1.0)[..., None]
    wall = tinted(random, _BRICKS) * shades * (1 + grain * random.uniform(0.03, 0.12))
    joints = (y % height < joint) | (x % width < joint)
    wall[joints] = colour(random, greyness=0.9) * (1 + grain[joints] * 0.08)
    return np.asarray(np.rot90(wall) if random.random() < 0.3 else wall, np.float32)


def pebbles(random: np.random.Generator, side: int) -> Floats:
    count = int(random.integers(25, 160))
    pebble, first, second = _nearest(random.uniform(0, side, (count, 2)), side)
    colours = np.stack([tinted(random, STONES) for _ in range(count)])[pebble]
    roundness = np.sqrt(np.clip((second - first) * np.sqrt(count) / side * 2.5, 0.15, 1))
    grain = noise(random, side, roughness=1.2)
    return np.asarray(colours * (roundness * (1 + grain * 0.06))[..., None], np.float32)


def leaves(random: np.random.Generator, side: int) -> Floats:
    image = Image.new("RGB", (side, side), ink(tinted(random, GREENS) * 0.5))
    draw = ImageDraw.Draw(image)
    around = np.linspace(0, 2 * np.pi, 14)
    for _ in range(int(random.integers(80, 300))):
        shade = tinted(random, (*GREENS, *_WITHERED))
        length, angle = random.uniform(side / 25, side / 7), random.uniform(0, 2 * np.pi)
        along = length * np.cos(around)
        across = length * random.uniform(0.2, 0.5) * np.sin(around) * np.abs(np.sin(around)) ** 0.3
        x, y = random.uniform(0, side, 2)
        xs = x + along * np.cos(angle) - across * np.sin(angle)
        ys = y + along * np.sin(angle) + across * np.cos(angle)
        rim = list(zip(xs.tolist(), ys.tolist(), strict=True))
        draw.polygon(rim, fill=ink(shade))
        draw.line([rim[0], rim[7]], fill=ink(shade * 0.75))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.5))), np.float32) / 255


def parquet(random: np.random.Generator, side: int) -> Floats:
    count = int(random.integers(3, 9))
    cell = -(-side // count)
    floor, wood = np.zeros((cell * count, cell * count, 3), np.float32), tinted(random, WOODS)
    for row in range(count):
        for column in range(count):
            grain = noise(random, cell, roughness=0.9, stretch=12)[..., None]
            block = wood * random.normal(1, 0.07) * (1 + grain * random.uniform(0.04, 0.12))
            block[np.arange(cell) % max(2, cell // int(random.integers(2, 6))) == 0] *= 0.6
            turned = np.rot90(block) if (row + column) % 2 else block
            floor[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = turned
    return floor[:side, :side]


def marble(random: np.random.Generator, side: int) -> Floats:
    x, y = plane(side)
    angle = random.uniform(0, 2 * np.pi)
    waves = (x * np.cos(angle) + y * np.sin(angle)) * random.uniform(2, 6)
    swirl = noise(random, side, roughness=0.75) * random.uniform(0.6, 2)
    mix = (np.abs(np.sin(waves + swirl)) ** random.uniform(0.15, 0.5))[..., None]
    ground: Floats = colour(random, greyness=0.8) * mix + colour(random, greyness=0.8) * (1 - mix)
    return ground.astype(np.float32)


def carpet(random: np.random.Generator, side: int) -> Floats:
    count = int(random.integers(4, 14))
    quarter = random.integers(0, 4, (count, count))
    half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
    pattern = np.concatenate([half, half[::-1]])
    knots = np.kron(pattern, np.ones([-(-side // len(pattern))] * 2, int))[:side, :side]
    wool = np.stack([colour(random) for _ in range(4)])[knots]
    pile = random.standard_normal((side, side, 1)) * random.uniform(0.05, 0.2)
    return np.asarray(wool * (1 + pile), np.float32)


def crumpled(random: np.random.Generator, side: int) -> Floats:
    count = int(random.integers(15, 70))
    middles = random.uniform(0, side, (count, 2))
    facet, _, _ = _nearest(middles, side)
    slopes, heights = random.normal(0, 0.004, (count, 2)), random.normal(0, 0.08, count)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    across, down = x - middles[facet, 0], y - middles[facet, 1]
    light = 1 + slopes[facet, 0] * across + slopes[facet, 1] * down + heights[facet]
    return np.asarray(colour(random, greyness=0.7) * light[..., None], np.float32)


def _nearest(middles: Floats, side: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """For each pixel the index of the nearest of the middles (x, y), and how far that one and the next are."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    index = np.zeros((side, side), np.int64)
    first, second = np.full((2, side, side), np.inf, np.float32)
    for number, (across, down) in enumerate(middles):
        distance = (x - np.float32(across)) ** 2 + (y - np.float32(down)) ** 2
        nearer = distance < first
        second = np.where(nearer, first, np.minimum(second, distance))
        first = np.minimum(first, distance)
        index[nearer] = number
    return index, np.sqrt(first), np.sqrt(second)


PIECED: dict[str, Ground] = {
    ground.__name__: ground for ground in (bricks, pebbles, leaves, parquet, marble, carpet, crumpled)
}
