"""Cut the item of a studio photo out of its white board, so that training can lay it on other grounds.

The board is taken as a smooth surface of light fitted to the photo's border; what differs from it, or is
enclosed by what differs, is the item. Works for TrashNet's photos, not for photos in general.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.floating[Any]]
_GRID = (96, 128)  # width, height at which the item is outlined
_DIFFERENCE = 0.14  # relative difference in light beyond which a pixel is not the board's
_WARMEST_BOARD = 0.68  # blue over red; below, the border is cardboard and not a white board in warm light


@dataclass(frozen=True)
class Cutout:
    """`photo` and `board` are (h, w, 3) in 0..1 (board: the fitted light), `mask` (h, w), 1 = the item."""

    photo: Floats
    board: Floats
    mask: Floats

    @property
    def movable(self) -> bool:
        """Whether the outline is likely the item's: neither a few stains of it nor nearly the whole photo."""
        return 0.04 < float(self.mask.mean()) < 0.9


def _quadratic(height: int, width: int) -> Floats:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)


def _fitted_board(photo: Floats) -> Floats:
    """The light of the board, from border pixels, dropping darker ones (the item's) three times."""
    height, width, _ = photo.shape
    terms = _quadratic(height, width)
    edge = np.zeros((height, width), bool)
    edge[: height // 10], edge[-height // 10 :] = True, True
    edge[:, : width // 10], edge[:, -width // 10 :] = True, True
    light = photo.max(axis=2)
    edge &= light >= np.quantile(light[edge], 0.3)
    board = np.ones_like(photo)
    for _ in range(3):
        inputs, targets = terms[edge], photo[edge]
        ridge = inputs.T @ inputs + 1e-2 * len(inputs) * np.diag([0, 0.1, 0.1, 1, 1, 1])
        board = np.clip(terms @ np.linalg.solve(ridge, inputs.T @ targets), 0.05, 1).astype(np.float32)
        kept = edge & (np.abs(photo - board).max(axis=2) < 0.1)
        if kept.sum() < edge.sum() / 4:
            break
        edge = kept
    return board


def _reached_from_border(open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which open cells a path over open cells joins to the border."""
    seen = np.zeros_like(open_)
    seen[0], seen[-1], seen[:, 0], seen[:, -1] = open_[0], open_[-1], open_[:, 0], open_[:, -1]
    for _ in range(open_.size):
        grown = seen.copy()
        grown[1:] |= seen[:-1]
        grown[:-1] |= seen[1:]
        grown[:, 1:] |= seen[:, :-1]
        grown[:, :-1] |= seen[:, 1:]
        grown &= open_
        if (grown == seen).all():
            break
        seen = grown
    return seen


def cut_out(photo: Image.Image) -> Cutout:
    """Outline the item of a studio photo; a border that is no white board makes the whole photo the item."""
    small = np.asarray(photo.resize(_GRID, Image.Resampling.BOX), np.float32) / 255
    board = _fitted_board(small)
    difference = np.abs(small - board).max(axis=2) / board.mean(axis=2)
    item = Image.fromarray((~_reached_from_border(difference < _DIFFERENCE)).astype(np.uint8) * 255)
    item = (
        item.filter(ImageFilter.MinFilter(3))
        .filter(ImageFilter.MaxFilter(5))
        .filter(ImageFilter.MinFilter(3))
    )
    mask = np.asarray(item.resize(photo.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1)))
    wide = Image.fromarray((board * 255).astype(np.uint8)).resize(photo.size, Image.Resampling.BILINEAR)
    mask = mask.astype(np.float32) / 255
    red, _, blue = board.mean(axis=(0, 1))
    if blue / red < _WARMEST_BOARD:
        mask = np.ones_like(mask)
    return Cutout(np.asarray(photo, np.float32) / 255, np.asarray(wide, np.float32) / 255, mask)
