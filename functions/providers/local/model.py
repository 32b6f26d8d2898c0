"""The vision model that needs no key: EfficientNet-Lite2 features and a small head trained on TrashNet.

What its six materials mean, for whoever maps them to a taxonomy:

* cardboard: corrugated board and paperboard – shipping boxes, packaging boxes, egg trays
* glass: bottles and jars of glass, clear or coloured, whole or broken
* metal: drink and food cans, lids, foil, scrap
* paper: sheets, newspaper, magazines, envelopes, paper packaging
* plastic: bottles, tubs, trays, caps, cups, film and bags
* trash: what TrashNet's makers threw away – snack wrappers, soiled tissue, composite packaging, used utensils
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .clarity import obscured
from .photo import UnreadablePhoto, read_photo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    from .head import Head

MATERIALS = ("cardboard", "glass", "metal", "paper", "plastic", "trash")
DATA = Path(__file__).parent / "data"
SURE = 0.8
LIKELY = 0.5
MOST_LIVING = 0.7  # 0.2 % of TrashNet's photos as they are, 1 % of those on other grounds reach it

Verdict = Literal["sure", "candidates", "unsure"]


@dataclass(frozen=True, slots=True)
class LocalGuess:
    """What the offline model sees.

    `candidates` are the two likeliest materials with their probabilities, likeliest first; the rest of 1 is
    shared by the other materials and "no waste at all". `familiarity` is the cosine similarity, -1..1, to the
    nearest group of training photos. `material` is None, and the verdict "unsure", where the picture is unlike all
    of them or shows no waste. Else the verdict follows from the probability: "sure" (one answer), "candidates"
    (name both) or "unsure" (ask).
    """

    material: str | None
    probability: float
    candidates: tuple[tuple[str, float], ...]
    familiarity: float
    verdict: Verdict


def verdict_of(probability: float, *, familiar: bool) -> Verdict:
    """The answer is sure from SURE, one of two candidates from LIKELY; unsure below or where unfamiliar."""
    if not familiar or probability < LIKELY:
        return "unsure"
    return "sure" if probability >= SURE else "candidates"


def guess_of(probabilities: NDArray[np.float32], familiarity: float, *, familiar: bool) -> LocalGuess:
    """From the head's 7 probabilities: the materials' in MATERIALS' order, then that of no waste at all."""
    ranked = sorted(zip(MATERIALS, map(float, probabilities[:-1]), strict=True), key=lambda pair: -pair[1])
    material, probability = ranked[0]
    familiar = familiar and probability >= probabilities[-1]
    verdict = verdict_of(probability, familiar=familiar)
    return LocalGuess(material if familiar else None, probability, tuple(ranked[:2]), familiarity, verdict)


class LocalClassifier:
    """Guesses the material of the thing in a photo; CPU-bound, for threads: 10 to 20 ms of one core a photo.

    The files are read at the first photo, or by `load`; one instance serves many threads at once.
    """

    def __init__(self, data: Path = DATA) -> None:
        self._data = data
        self._loading = threading.Lock()
        # Each photo in work holds some 25 MB; more of them than cores would only wait for each other.
        self._looking = threading.Semaphore(os.cpu_count() or 1)
        self._loaded: tuple[InferenceSession, Head] | None = None

    def load(self) -> tuple[InferenceSession, Head]:
        """The network's session and the head, read once."""
        with self._loading:
            if self._loaded is None:
                from .head import Head

                self._loaded = open_backbone(self._data / "backbone.onnx"), Head.read(self._data / "head.npz")
            return self._loaded

    def classify(self, image: bytes) -> LocalGuess:
        """Look at one picture file (JPEG, PNG, WebP, …). Raises UnreadablePhoto, also for a black or blurred one."""
        session, head = self.load()
        with self._looking:
            square = read_photo(image, side_of(session))
            if spoilt := obscured(square):
                raise UnreadablePhoto(f"the photo is {spoilt}")
            seen, living = look(session, square)
        familiarity = float(head.familiarity(seen))
        familiar = familiarity >= float(head.least_familiarity[0]) and living < MOST_LIVING
        return guess_of(head.probabilities(seen), familiarity, familiar=familiar)


def open_backbone(model: Path | bytes) -> InferenceSession:
    """A session of one thread: the caller has threads of its own."""
    os.environ.setdefault(
        "ORT_DISABLE_TELEMETRY", "1"
    )  # read at import; it would keep and send usage records
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def side_of(session: InferenceSession) -> int:
    """Width and height, in pixels, of the square the network was built for."""
    return int(session.get_inputs()[0].shape[1])


def look(session: InferenceSession, square: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """(side, side, 3) to the network's features (width,) and its 0..1 for living things, food and landscapes."""
    features, living = session.run(["features", "living"], {"photos": square[None]})
    return features[0], float(living[0, 0])
