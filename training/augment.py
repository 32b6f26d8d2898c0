"""Views of a training photo as phones would take them: moved, turned, cropped, relit, on other grounds."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .cutout import Cutout
from .grounds import GROUNDS, Ground, lay

Floats = NDArray[np.floating[Any]]


def _placed(
    random: np.random.Generator, planes: Floats, side: int, middle: Floats, *, zoom: float, turn: float
) -> Floats:
    """`planes` (h, w, c) about `middle` (x, y), zoomed, stretched, shifted, flipped and turned (degrees) onto a
    square; 0 outside."""
    height, width, _ = planes.shape
    angle, stretch = np.deg2rad(turn), np.exp(random.normal(0, 0.08))
    flip = -1 if random.random() < 0.5 else 1
    across, down = width / side / zoom * stretch * flip, height / side / zoom / stretch
    a, b = across * np.cos(angle), down * np.sin(angle)
    d, e = -across * np.sin(angle), down * np.cos(angle)
    x, y = middle + random.normal(0, 0.07, 2) * (width, height)
    matrix = (a, b, x - (a + b) * side / 2, d, e, y - (d + e) * side / 2)
    turned = [
        Image.fromarray(planes[..., i].copy()).transform(
            (side, side), Image.Transform.AFFINE, matrix, resample=Image.Resampling.BILINEAR
        )
        for i in range(planes.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in turned], axis=-1)


def _relit(random: np.random.Generator, view: Floats, strength: float) -> Floats:
    """Exposure, white balance, gamma, contrast and saturation as cameras differ."""
    view = view * np.exp(random.normal(0, 0.18 * strength)) * np.exp(random.normal(0, 0.06 * strength, 3))
    view = np.clip(view, 0, 1) ** np.exp(random.normal(0, 0.15 * strength))
    grey: Floats = view.mean(axis=2, keepdims=True)
    view = grey + (view - grey) * np.exp(random.normal(0, 0.25 * strength))
    middle = view.mean()
    contrast = np.exp(random.normal(0, 0.15 * strength))
    return np.asarray(np.clip(middle + (view - middle) * contrast, 0, 1), np.float32)


def _marked(random: np.random.Generator, view: Floats) -> NDArray[np.uint8]:
    """The camera's own marks: blur, grain, JPEG."""
    image = Image.fromarray((view * 255 + 0.5).astype(np.uint8))
    if random.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.5)))
    elif random.random() < 0.3:
        image = image.filter(
            ImageFilter.UnsharpMask(random.uniform(0.7, 2), int(random.integers(40, 160)), 2)
        )
    if random.random() < 0.3:
        grain = random.normal(0, random.uniform(1, 8), (*view.shape[:2], 1))
        image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))
    if random.random() < 0.5:
        file = BytesIO()
        image.save(file, "JPEG", quality=int(random.integers(40, 95)))
        image = Image.open(file)
    return np.asarray(image.convert("RGB"))


def moved(
    random: np.random.Generator,
    cutout: Cutout,
    side: int,
    kinds: tuple[Ground, ...] = tuple(GROUNDS.values()),
) -> tuple[NDArray[np.uint8], Floats]:
    """The item on another ground, (side, side, 3), and where in it the item is, (side, side) in 0..1;
    `cutout.movable` is the caller's to ask."""
    # What item and shadow do to the board's light; transparent items do it to any ground.
    shading = np.clip(cutout.photo / np.maximum(cutout.board, 0.05), 0, 1.2) - 1
    planes = np.concatenate([cutout.photo, shading, cutout.mask[..., None]], axis=-1)
    rows, columns = cutout.mask.sum(axis=1), cutout.mask.sum(axis=0)
    height, width = cutout.mask.shape
    middle = np.array([columns @ np.arange(width) / columns.sum(), rows @ np.arange(height) / rows.sum()])
    zoom, turn = float(random.uniform(0.6, 1.4)), float(random.uniform(-180, 180))
    view = _placed(random, planes, side, middle.astype(np.float32), zoom=zoom, turn=turn)
    photo, shade, mask = view[..., :3], view[..., 3:6], np.clip(view[..., 6:], 0, 1)
    item = mask[..., 0]
    if random.random() < 0.4:  # the ground shows through: glass and film
        mask = mask * random.uniform(0.6, 1)
    elif random.random() < 0.5:  # no shadow
        shade = np.zeros_like(shade)
    composed = photo * mask + lay(random, side, kinds) * (1 + shade) * (1 - mask)
    return _marked(random, _relit(random, composed, 1.0)), item


def varied(random: np.random.Generator, cutout: Cutout, side: int) -> NDArray[np.uint8]:
    """The photo as it is, moved, turned and relit, (side, side, 3)."""
    turn = random.choice([0, 90, 180, 270]) * (random.random() < 0.5) + random.normal(0, 8)
    height, width, _ = cutout.photo.shape
    margin = max(height, width) // 2
    wide = np.pad(cutout.photo, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    zoom = float(random.uniform(0.85, 1.6)) * wide.shape[1] / width
    middle = np.array([wide.shape[1], wide.shape[0]], np.float32) / 2

    view = _placed(random, wide, side, middle, zoom=zoom, turn=float(turn))
    return _marked(random, _relit(random, view, 0.8))


def bare(random: np.random.Generator, side: int, kinds: tuple[Ground, ...]) -> NDArray[np.uint8]:
    """A ground with nothing on it, (side, side, 3)."""
    return _marked(random, _relit(random, lay(random, side, kinds), 1.0))


def taken(random: np.random.Generator, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Any picture as a camera would have taken it, relit and marked."""
    return _marked(random, _relit(random, picture.astype(np.float32) / 255, 1.0))
