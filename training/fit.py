"""Fitting the head in numpy: a two-layer perceptron by Adam, groups of photos by spherical k-means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

_BATCH = 256
_SMOOTHING = 0.05


@dataclass(frozen=True)
class Recipe:
    hidden: int = 256
    epochs: int = 10
    rate: float = 2e-3
    decay: float = 0.2
    dropout: float = 0.3
    seed: int = 2017


@dataclass
class Weights:
    """`hidden` (f, h), `hidden_bias` (h,), `output` (h, c), `output_bias` (c,)."""

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def scores(self, inputs: Floats) -> Floats:
        """(n, f) to (n, c), before the softmax."""
        return np.maximum(inputs @ self.hidden + self.hidden_bias, 0) @ self.output + self.output_bias


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


class Adam:
    """Adam with decoupled decay of matrices, in place, over `parameters`; it spoils the gradients that it is given."""

    def __init__(self, parameters: list[Floats], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self._mean = [np.zeros_like(parameter) for parameter in parameters]
        self._square = [np.zeros_like(parameter) for parameter in parameters]
        self._step = 0

    def step(self, gradients: list[Floats], rate: float) -> None:
        self._step += 1
        for i, (parameter, gradient) in enumerate(zip(self._parameters, gradients, strict=True)):
            mean, square = self._mean[i], self._square[i]
            mean *= 0.9
            mean += 0.1 * gradient
            square *= 0.999
            np.multiply(gradient, gradient, out=gradient)
            square += 0.001 * gradient
            towards = np.sqrt(square / (1 - 0.999**self._step))
            towards += 1e-8
            np.divide(mean / (1 - 0.9**self._step), towards, out=towards)
            if parameter.ndim > 1:
                np.multiply(parameter, 1 - rate * self._decay, out=parameter)
            towards *= rate
            np.subtract(parameter, towards, out=parameter)


def fit(inputs: Floats, classes: Integers, importance: Floats, recipe: Recipe) -> Weights:
    """A perceptron from standardised `inputs` (n, f) to the `classes` (n,), each example drawn by its
    `importance` (n,); the same inputs give the same weights."""
    random = np.random.default_rng(recipe.seed)
    count, width = inputs.shape
    kinds = int(classes.max()) + 1
    spread = np.sqrt(2 / width)
    found = Weights(
        (random.standard_normal((width, recipe.hidden)) * spread).astype(np.float32),
        np.zeros(recipe.hidden, np.float32),
        (random.standard_normal((recipe.hidden, kinds)) * 0.3 * np.sqrt(2 / recipe.hidden)).astype(
            np.float32
        ),
        np.zeros(kinds, np.float32),
    )
    adam = Adam([found.hidden, found.hidden_bias, found.output, found.output_bias], recipe.decay)
    targets = np.eye(kinds, dtype=np.float32)[classes] * (1 - _SMOOTHING) + _SMOOTHING / kinds
    upto = np.cumsum(importance / importance.sum())
    steps = recipe.epochs * (count // _BATCH)
    for step in range(steps):
        batch = np.minimum(np.searchsorted(upto, random.random(_BATCH)), count - 1)
        seen = inputs[batch] * _kept(random, (_BATCH, width), recipe.dropout)
        active = np.maximum(seen @ found.hidden + found.hidden_bias, 0)
        kept = _kept(random, active.shape, recipe.dropout)
        error = (softmax(active * kept @ found.output + found.output_bias) - targets[batch]) / _BATCH
        back = error @ found.output.T * kept * (active > 0)
        gradients = [seen.T @ back, back.sum(axis=0), (active * kept).T @ error, error.sum(axis=0)]
        adam.step(gradients, recipe.rate * 0.5 * (1 + np.cos(np.pi * step / steps)))
    return found


def _kept(random: np.random.Generator, shape: tuple[int, int], dropout: float) -> Floats:
    """1 / (share that is kept) where an input is kept, else 0; drawn by the byte, which is fast."""
    dropped = round(256 * dropout)
    drawn = np.frombuffer(random.bytes(shape[0] * shape[1]), np.uint8).reshape(shape)
    return (drawn >= dropped).astype(np.float32) * np.float32(256 / (256 - dropped))


def temperature(scores: Floats, classes: Integers, importance: Floats) -> float:
    """By what to divide the scores so that their softmax is calibrated: least log loss over a grid."""
    grid = np.exp(np.linspace(np.log(0.3), np.log(4), 80))
    rows = np.arange(len(classes))
    losses = [-(importance * np.log(softmax(scores / t)[rows, classes] + 1e-9)).sum() for t in grid]
    return float(grid[int(np.argmin(losses))])


def centres(inputs: Floats, count: int, seed: int) -> Floats:
    """`count` unit vectors about which the directions of `inputs` (n, f) gather."""
    random = np.random.default_rng(seed)
    units = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    found = units[random.choice(len(units), count, replace=False)]
    for _ in range(20):
        nearest = (units @ found.T).argmax(axis=1)
        sums = np.stack(
            [units[nearest == k].sum(axis=0) if (nearest == k).any() else found[k] for k in range(count)]
        )
        found = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(found, np.float32)
