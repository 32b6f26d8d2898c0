"""Teach the network where in a photo the item is, from items that were laid on grounds and so are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from functions.providers.local.model import side_of

from . import augment, fit
from .cutout import cut_out
from .onnx_graph import GRID, Outline
from .views import photos

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from .network import Floats

RECIPE = fit.Recipe(hidden=32, epochs=8, decay=0.05, dropout=0.1)
_EACH = 2
_CELLS = 40  # of each photo, drawn at random
_GROUND, _ITEM = 0.15, 0.85  # share of a cell that the item fills; between them a cell is neither
_SEED = 2018


def examples(folder: Path, session: InferenceSession) -> tuple[Floats, fit.Integers]:
    """Cells' maps (n, m) and whether they show the item (n,), two views of each photo whose item can be cut out."""
    side = side_of(session)
    seen, item = [], []
    for path, material, number in photos(folder):
        random = np.random.default_rng((_SEED, material, number))
        with Image.open(path) as photo:
            cutout = cut_out(photo.convert("RGB"))
        for _ in range(_EACH if cutout.movable else 0):
            view, where = augment.moved(random, cutout, side)
            maps = session.run(["cells"], {"photos": view[None]})[0][0]
            filled = where.reshape(side // GRID, GRID, side // GRID, GRID).mean(axis=(1, 3)).ravel()
            chosen = random.choice(filled.size, min(_CELLS, filled.size), replace=False)
            chosen = chosen[(filled[chosen] < _GROUND) | (filled[chosen] > _ITEM)]
            seen.append(maps.reshape(len(maps), -1).T[chosen])
            item.append(filled[chosen] > _ITEM)
    return np.concatenate(seen), np.concatenate(item).astype(np.int64)


def fitted(seen: Floats, item: fit.Integers) -> Outline:
    """An outline from cells' maps (n, m) as they are: their standardisation is folded into its weights."""
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-3
    found = fit.fit((seen - mean) / spread, item, np.ones(len(item), np.float32), RECIPE)
    hidden = found.hidden / spread[:, None]
    return Outline(
        hidden.astype(np.float32),
        (found.hidden_bias - mean @ hidden).astype(np.float32),
        (found.output[:, 1:] - found.output[:, :1]).astype(np.float32),
        (found.output_bias[1:] - found.output_bias[:1]).astype(np.float32),
    )
