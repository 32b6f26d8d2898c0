"""Learn by which words something sounds dangerous: `python -m functions.scan.learn`; writes data/index/suspicion.json.

A softmax over the hazards and "none", from the phrasings of `data/golden/hazards` (but for `held_out.txt`), the tuning
half of the golden sets, the names of hazards and of items. The same examples always make the same weights.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from functions.scan.defaults import DATA
from functions.scan.evaluate import GOLDEN, rows
from functions.scan.hazards import hazards
from functions.scan.reindex import INDEX
from functions.scan.suspicion import NOTHING, SCALE, compiled, features
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import Utterance

SAFE = "safe"
ROUNDS, RATE, DECAY = 10, 0.5, 2e-5
LEAST_SEEN = 2  # a piece of one example only says nothing of others
LEAST = 0.25  # weights below are left out
_AROUND = ("{} 남은 거", "{} 어떻게 버려요", "오래된 {}", "{} 다 쓴 거", "{} 버리는 법", "집에 있던 {} 반 통")

Lesson = tuple[str, str]  # a text, and the hazard it tells of, or NOTHING


def phrasings(name: str) -> Iterator[Lesson]:
    """The phrasings of a file of `golden/hazards`: hazard: one; another. NOTHING where they are safe."""
    for line in (GOLDEN / "hazards" / name).read_text().splitlines():
        hazard, _, texts = line.partition(": ")
        if not line.startswith("#"):
            yield from ((text, NOTHING if hazard == SAFE else hazard) for text in texts.split("; "))


def lessons() -> Iterator[Lesson]:
    """All examples."""
    for name in ("told.txt", "described.txt", "states.txt"):
        yield from phrasings(name)
    for file in sorted((GOLDEN / "tuning").glob("*.jsonl")):
        for row in rows(file):
            yield row.text, row.expect.get("hazard", NOTHING)
    for hazard in hazards().values():
        yield from _spoken([*hazard.names, *hazard.words], hazard.id)
    for item in taxonomy().items:
        yield from _spoken(item.names, item.hazard or NOTHING)


def _spoken(names: Sequence[str], hazard: str) -> Iterator[Lesson]:
    """Names alone, and one in two in a phrase, so that the phrases say nothing themselves."""
    for number, name in enumerate(names):
        yield name, hazard
        if number % 2 == 0:
            yield _AROUND[(len(name) + number // 2) % len(_AROUND)].format(name), hazard


def learned(examples: Sequence[Lesson]) -> dict[str, Any]:
    """The weights, as they are stored: stochastic gradient descent with a rate of its own for every weight."""
    import yaml

    notions = yaml.safe_load((DATA / "notions.yaml").read_text())
    classes = [NOTHING, *hazards()]
    found = [sorted(features(Utterance.of(text), compiled(notions))) for text, _ in examples]
    seen = Counter(piece for pieces in found for piece in pieces)
    known = {
        piece: at for at, piece in enumerate(sorted(p for p, count in seen.items() if count >= LEAST_SEEN))
    }
    inputs = [np.array([known[p] for p in pieces if p in known], dtype=np.int64) for pieces in found]
    scales = [1 / max(len(pieces), 1) ** 0.5 for pieces in found]
    targets = [classes.index(hazard) for _, hazard in examples]
    weights = np.zeros((len(known), len(classes)))
    steps, bias = np.full_like(weights, 1e-2), np.zeros(len(classes))
    order = np.random.default_rng(7)
    for _ in range(ROUNDS):
        for at in order.permutation(len(examples)):
            pieces, scale = inputs[at], scales[at]
            scores = weights[pieces].sum(axis=0) * scale + bias
            wrong = np.exp(scores - scores.max())
            wrong /= wrong.sum()
            wrong[targets[at]] -= 1
            slope = wrong * scale + DECAY * weights[pieces]
            steps[pieces] += slope**2
            weights[pieces] -= RATE * slope / np.sqrt(steps[pieces])
            bias -= 0.01 * wrong
    return {
        "about": "Learned by functions.scan.learn from golden/hazards, the tuning half and the names.",
        "classes": classes,
        "bias": [round(float(each), 2) for each in bias],
        "notions": notions,
        "weights": {piece: kept for piece, at in known.items() if (kept := _kept(weights[at]))},
    }


def _kept(row: Any) -> list[int]:
    return [
        number
        for at in np.flatnonzero(abs(row) >= LEAST)
        for number in (int(at), round(float(row[at]) * SCALE))
    ]


if __name__ == "__main__":
    made = [
        f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in learned(list(lessons())).items()
    ]
    (INDEX / "suspicion.json").write_text("{" + ",\n".join(made) + "}\n")
