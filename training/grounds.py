"""Grounds to lay items on, procedural and seeded: each (side, side, 3) floats in 0..1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
Ground = Callable[[np.random.Generator, int], Floats]

WOODS = ((0.72, 0.53, 0.36), (0.45, 0.29, 0.18), (0.83, 0.69, 0.5), (0.3, 0.2, 0.15), (0.6, 0.55, 0.5))
GREENS = ((0.28, 0.42, 0.14), (0.42, 0.5, 0.2), (0.2, 0.3, 0.12), (0.5, 0.48, 0.3))
STONES = ((0.55, 0.55, 0.55), (0.7, 0.68, 0.64), (0.35, 0.35, 0.37), (0.6, 0.52, 0.45))


def _resized(cells: Floats, width: int, height: int, how: Image.Resampling) -> Floats:
    return np.asarray(Image.fromarray(cells).resize((width, height), how), np.float32)


def noise(random: np.random.Generator, side: int, *, roughness: float, stretch: float = 1) -> Floats:
    """Octaves of value noise, (side, side), mean 0, deviation 1; `stretch` > 1 draws it out sideways."""
    field = np.zeros((side, side), np.float32)
    for octave in range(1, 8):
        rows = min(2**octave, side)
        columns = max(2, round(rows / stretch))
        cells = random.standard_normal((rows, columns)).astype(np.float32)
        field += roughness**octave * _resized(cells, side, side, Image.Resampling.BICUBIC)
    scaled: Floats = (field - field.mean()) / (field.std() + 1e-6)
    return scaled


def plane(side: int) -> Floats:
    """x and y, each (side, side), from -1 to 1."""
    line = np.linspace(-1, 1, side)
    return np.stack(np.meshgrid(line, line))


def colour(random: np.random.Generator, greyness: float | None = None) -> Floats:
    grey = random.uniform(0.05, 0.97)
    mix = random.uniform(0, 1) if greyness is None else greyness
    return (mix * grey + (1 - mix) * random.uniform(0.02, 0.98, 3)).astype(np.float32)


def tinted(random: np.random.Generator, palette: tuple[tuple[float, ...], ...]) -> Floats:
    chosen = np.array(palette[random.integers(len(palette))])
    return np.clip(chosen * random.uniform(0.6, 1.35) + random.normal(0, 0.03, 3), 0.02, 0.98).astype(
        np.float32
    )


def ink(shade: Floats) -> tuple[int, int, int]:
    """The shade as Pillow draws with it."""
    red, green, blue = (int(channel * 255) for channel in np.clip(shade, 0, 1))
    return red, green, blue


def solid(random: np.random.Generator, side: int) -> Floats:
    grain: Floats = random.normal(0, random.uniform(0, 0.03), (side, side, 1))
    return (colour(random) + grain).astype(np.float32)


def gradient(random: np.random.Generator, side: int) -> Floats:
    angle = random.uniform(0, 2 * np.pi)
    x, y = plane(side)
    along: Floats = np.clip(0.5 + (x * np.cos(angle) + y * np.sin(angle)) * random.uniform(0.2, 0.8), 0, 1)[
        ..., None
    ]
    return (colour(random) * (1 - along) + colour(random) * along).astype(np.float32)


def clouds(random: np.random.Generator, side: int) -> Floats:
    roughness = random.uniform(0.4, 1.0)
    shade = noise(random, side, roughness=roughness)[..., None]
    tint = noise(random, side, roughness=roughness)[..., None] * random.normal(0, 0.06, 3)
    return (colour(random) + shade * random.uniform(0.02, 0.2) + tint).astype(np.float32)


def wood(random: np.random.Generator, side: int) -> Floats:
    roughness = random.uniform(0.6, 1.0)
    grain = noise(random, side, roughness=roughness, stretch=random.uniform(8, 40))[..., None]
    plank = tinted(random, WOODS) * (1 + grain * random.uniform(0.05, 0.2))
    board = random.integers(side // 6, side)
    if random.random() < 0.6:
        shades = random.normal(1, 0.08, side // board + 1)
        row = np.arange(side)
        plank = plank * shades[row // board][:, None, None]
        plank[row % board < max(1, side // 120)] *= 0.5
    return (np.rot90(plank) if random.random() < 0.5 else plank).astype(np.float32)


def tiles(random: np.random.Generator, side: int) -> Floats:
    cell, joint = int(random.integers(side // 12, side // 2)), int(random.integers(1, 5))
    x, y = ((plane(side) + 1) * side / 2 + random.integers(0, cell, (2, 1, 1))).astype(int)
    checked = ((x // cell + y // cell) % 2)[..., None] if random.random() < 0.4 else np.zeros((side, side, 1))
    ground = colour(random) * (1 - checked) + colour(random) * checked
    ground = ground + noise(random, side, roughness=0.8)[..., None] * random.uniform(0.0, 0.05)
    ground[(x % cell < joint) | (y % cell < joint)] = colour(random, greyness=0.8)
    return np.asarray(ground, np.float32)


def stripes(random: np.random.Generator, side: int) -> Floats:
    angle, period = random.uniform(0, np.pi), random.uniform(4, side / 3)
    x, y = (plane(side) + 1) * side / 2
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    mix: Floats = np.clip(0.5 + wave * random.uniform(0.5, 8), 0, 1)[..., None]
    return (colour(random) * mix + colour(random) * (1 - mix)).astype(np.float32)


def stone(random: np.random.Generator, side: int) -> Floats:
    coarse = noise(random, side, roughness=random.uniform(0.8, 1.4))[..., None]
    fine = random.standard_normal((side, side, 1))
    shade = 1 + coarse * random.uniform(0.03, 0.15) + fine * random.uniform(0.02, 0.2)
    return (tinted(random, STONES) * shade).astype(np.float32)


def grass(random: np.random.Generator, side: int) -> Floats:
    blades = noise(random, side, roughness=random.uniform(1.0, 1.6), stretch=random.uniform(0.2, 0.6))[
        ..., None
    ]
    tint = noise(random, side, roughness=1.0)[..., None] * random.normal(0, 0.04, 3)
    return (tinted(random, GREENS) * (1 + blades * random.uniform(0.2, 0.5)) + tint).astype(np.float32)


def weave(random: np.random.Generator, side: int) -> Floats:
    period = random.uniform(2.5, 12)
    x, y = (plane(side) + 1) * np.pi * side / period
    threads = np.maximum(np.sin(x + random.uniform(0, 6)), np.sin(y))[..., None]
    folds = noise(random, side, roughness=0.4)[..., None]
    shade: Floats = 1 + threads * random.uniform(0.03, 0.2) + folds * random.uniform(0, 0.15)
    return (colour(random) * shade).astype(np.float32)


def room(random: np.random.Generator, side: int) -> Floats:
    """Blurred boxes and edges: a table, a shelf, a wall out of focus."""
    ground = gradient(random, side)
    for _ in range(int(random.integers(2, 14))):
        top, left = random.integers(-side // 3, side, 2)
        height, width = random.integers(side // 12, side, 2)
        box = (slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0)))
        ground[box] = colour(random) * random.uniform(0.8, 1.2)
    cells = max(6, round(side / random.uniform(1, 12)))
    planes = [_resized(ground[..., i].copy(), cells, cells, Image.Resampling.BOX) for i in range(3)]
    return np.stack([_resized(plane, side, side, Image.Resampling.BICUBIC) for plane in planes], axis=-1)


GROUNDS: dict[str, Ground] = {
    ground.__name__: ground
    for ground in (solid, gradient, clouds, wood, tiles, stripes, stone, grass, weave, room)
}


def lay(
    random: np.random.Generator, side: int, kinds: tuple[Ground, ...] = tuple(GROUNDS.values())
) -> Floats:
    """A ground of one of the `kinds`, lit unevenly."""
    ground = kinds[random.integers(len(kinds))](random, side)
    if random.random() < 0.5:
        light = 1 + noise(random, side, roughness=0.3)[..., None] * random.uniform(0, 0.15)
        ground = ground * light
    return np.clip(ground, 0, 1).astype(np.float32)
