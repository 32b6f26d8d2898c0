"""Whether a text sounds like something dangerous although it names no hazard: 차 밑에서 뺀 시커먼 기름.

Weights of pieces of words, of how these sound, and of notions that are told together, as `learn` has learned them
from examples (`data/index/suspicion.json`). A suspicion never decides: what is suspected is asked about, the safe
path first.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from functions.scan.defaults import DATA
from functions.scan.typos import plain
from functions.scan.utterance import Utterance

NOTHING = ""  # the class of what is not dangerous
WINDOW, STEP = 10, 5  # words that are judged at once, so that a long story hides nothing
SCALE = 100  # weights are stored as whole hundredths

Notions = Sequence[tuple[str, re.Pattern[str]]]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The hazard that a text may be about, and how likely it is about any, 0..1."""

    hazard: str
    probability: float


@dataclass(frozen=True, slots=True)
class _Weights:
    classes: Sequence[str]
    bias: Sequence[float]
    notions: Notions
    pieces: Mapping[str, Sequence[int]]  # class, weight, class, weight, …


def compiled(notions: Mapping[str, str]) -> Notions:
    """The patterns of notions by name."""
    return [(name, re.compile(pattern)) for name, pattern in notions.items()]


def features(text: Utterance, notions: Notions) -> set[str]:
    """What the weights are of: runs of two to four letters, how words begin and sound, notions and pairs of them."""
    letters, sounds = text.letters, plain(text.letters)
    found = {letters[at : at + size] for size in (2, 3, 4) for at in range(len(letters) - size + 1)}
    found |= {f"^{word[:2]}" for word in text.words}
    found |= {f"~{''.join(sounds[at : at + 3])}" for at in range(len(sounds) - 2)}
    told = [name for name, pattern in notions if pattern.search(letters)]
    found |= {f"#{name}" for name in told}
    return found | {f"#{one}#{other}" for one, other in combinations(told, 2)}


@cache
def _weights() -> _Weights:
    read = json.loads((DATA / "index" / "suspicion.json").read_bytes())
    return _Weights(read["classes"], read["bias"], compiled(read["notions"]), read["weights"])


def suspect(text: Utterance) -> Suspicion:
    """The likeliest hazard of a text, by the part of it that sounds most dangerous."""
    return max((_judged(part) for part in _parts(text)), key=lambda each: each.probability)


def _parts(text: Utterance) -> Iterator[Utterance]:
    yield text
    if len(text.words) > WINDOW:
        for start in range(0, len(text.words) - STEP, STEP):
            yield Utterance.of(" ".join(text.words[start : start + WINDOW]))


def _judged(text: Utterance) -> Suspicion:
    weights = _weights()
    scores = _scores(features(text, weights.notions), weights)
    top = max(scores)
    shares = [math.exp(score - top) for score in scores]
    dangers = {name: share for name, share in zip(weights.classes, shares, strict=True) if name != NOTHING}
    likeliest = max(dangers, key=lambda name: dangers[name])
    return Suspicion(likeliest, sum(dangers.values()) / sum(shares))


def _scores(found: Iterable[str], weights: _Weights) -> list[float]:
    """One score a class: the weights of what was found, in proportion to how much that is."""
    scores, count = [0.0] * len(weights.classes), 0
    for piece in found:
        count += 1
        row = weights.pieces.get(piece, ())
        for at in range(0, len(row), 2):
            scores[row[at]] += row[at + 1]
    scale = SCALE * math.sqrt(count or 1)
    return [score / scale + bias for score, bias in zip(scores, weights.bias, strict=True)]
