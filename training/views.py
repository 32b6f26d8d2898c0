"""What training looks at: each photo as it is, varied, and on other grounds; and pictures of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from functions.providers.local.model import MATERIALS, look, open_backbone, side_of
from functions.providers.local.photo import read_photo

from . import augment
from .cutout import cut_out
from .grounds import GROUNDS
from .pieces import PIECED
from .strangers import KNOWN

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Pixels = NDArray[np.uint8]
Kind = Literal["plain", "varied", "moved", "pieced", "nothing"]
KINDS: tuple[Kind, ...] = ("plain", "varied", "moved", "pieced", "nothing")
NOTHING = len(MATERIALS)  # the class after the materials
_VARIED, _MOVED, _PIECED = 3, 6, 5
_RARE = {"trash": 2.5}  # TrashNet has a quarter as many photos of it
_STRANGERS = 150  # of each known kind
_BARE = {  # grounds with nothing on them: how many, of which kinds
    "a ground with nothing on it": (1000, tuple(GROUNDS.values())),
    "a ground of many pieces with nothing on it": (700, tuple(PIECED.values())),
}
_SEED = 2017


@dataclass(frozen=True)
class Views:
    """n views: `features` (n, f) float16, `material` (n,) 0..6, `kind` (n,) index into KINDS, `group` (n,):
    photos with neighbouring numbers often show the same thing, so folds must not part a group."""

    features: NDArray[np.float16]
    material: NDArray[np.int64]
    kind: NDArray[np.int64]
    group: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> Views:
        return Views(self.features[chosen], self.material[chosen], self.kind[chosen], self.group[chosen])

    def save(self, path: Path) -> None:
        np.savez(path, features=self.features, material=self.material, kind=self.kind, group=self.group)

    @classmethod
    def load(cls, path: Path) -> Views:
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["features"], stored["material"], stored["kind"], stored["group"])


def photos(folder: Path) -> list[tuple[Path, int, int]]:
    """The photos below `folder`/<material>/ with their material's index and number (glass12.jpg: 1, 12)."""
    found = [
        (path, index, int("".join(filter(str.isdigit, path.stem)) or 0))
        for index, material in enumerate(MATERIALS)
        for path in sorted((folder / material).iterdir())
    ]
    if not found:
        raise FileNotFoundError(f"no photos below {folder}")
    return found


def views_of(path: Path, material: int, number: int, side: int) -> Iterator[tuple[Pixels, Kind]]:
    """The training views of one photo, the same on each run."""
    random = np.random.default_rng((_SEED, material, number))
    plain = read_photo(path.read_bytes(), side)
    yield plain, "plain"
    yield plain[:, ::-1], "plain"
    with Image.open(path) as photo:
        cutout = cut_out(photo.convert("RGB"))
    often = _RARE.get(MATERIALS[material], 1)
    for _ in range(round(_VARIED * often)):
        yield augment.varied(random, cutout, side), "varied"
    if cutout.movable:
        for _ in range(round(_MOVED * often)):
            yield augment.moved(random, cutout, side)[0], "moved"
        kinds = tuple(PIECED.values())
        for each in range(round(_PIECED * often)):
            random = np.random.default_rng((_SEED, material, number, each))
            kind = kinds[(number + each) % len(kinds)]  # each in turn
            yield augment.moved(random, cutout, side, (kind,))[0], "pieced"


def nothings() -> list[tuple[str, int]]:
    """Which pictures of nothing training draws: (kind of stranger or of bare ground, number) each."""
    counts = {kind: count for kind, (count, _) in _BARE.items()} | dict.fromkeys(KNOWN, _STRANGERS)
    return [(kind, number) for kind, count in counts.items() for number in range(count)]


def nothing_of(kind: str, number: int, side: int) -> Pixels:
    """A picture of nothing, the same on each run."""
    random = np.random.default_rng((_SEED, NOTHING, number, *kind.encode()))
    if kind in _BARE:
        return augment.bare(random, side, _BARE[kind][1])
    picture = KNOWN[kind](random, side)
    return augment.taken(random, picture) if number % 2 else picture


@cache
def _backbone(path: Path) -> InferenceSession:
    return open_backbone(path)


def _photo_features(backbone: Path, photo: tuple[Path, int, int]) -> Views:
    path, material, number = photo
    session = _backbone(backbone)
    seen = [
        (look(session, view)[0], kind) for view, kind in views_of(path, material, number, side_of(session))
    ]
    return _views([found for found, _ in seen], material, [kind for _, kind in seen], number // 10)


def _nothing_features(backbone: Path, which: tuple[str, int]) -> NDArray[np.float32]:
    session = _backbone(backbone)
    return look(session, nothing_of(*which, side_of(session)))[0]


def _views(found: Sequence[NDArray[np.float32]], material: int, kinds: Sequence[Kind], group: int) -> Views:
    return Views(
        np.asarray(found, np.float16),
        np.full(len(found), material),
        np.array([KINDS.index(kind) for kind in kinds]),
        np.full(len(found), group),
    )


def collect(folder: Path, backbone: Path, workers: int) -> Views:
    """All training views of the photos in `folder`, through the network."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(partial(_photo_features, backbone), photos(folder), chunksize=16))
        empty = list(pool.map(partial(_nothing_features, backbone), nothings(), chunksize=64))
    parts.append(_views(empty, NOTHING, ["nothing"] * len(empty), 0))
    return Views(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.material for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.group for part in parts]),
    )
