"""EfficientNet-Lite2 as data: its layers in order, batch norm folded in.

Architecture: EfficientNet-Lite2 (Tan & Le 2019, lite variant: no squeeze-and-excitation, ReLU6, fixed stem and
head), with TensorFlow's "same" padding, as the checkpoint was trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_BATCH_NORM_EPSILON = 1e-3
# Materials differ in texture, which early layers see and the last, made for ImageNet's objects, has dropped.
POOLED = (
    "block6.project",
    "block10.expand",
    "block14.project",
    "block15.expand",
    "block19.project",
    "block20.project",
    "head",
)
# What tells the item from the ground it lies on: edges and texture as well as objects.
OUTLINING = ("block6.project", "block10.project", "block14.project", "block19.project", "block20.project")
# (repeats, kernel, first stride, has an expansion) for each of the seven stages
_STAGES = (
    (1, 3, 1, False),
    (3, 3, 2, True),
    (3, 5, 2, True),
    (4, 3, 2, True),
    (4, 5, 1, True),
    (5, 5, 2, True),
    (1, 3, 1, True),
)


@dataclass(frozen=True)
class Layer:
    """A convolution with its batch norm folded in; `weight` is (out, in / groups, kernel, kernel)."""

    name: str
    weight: Floats
    bias: Floats
    stride: int = 1
    groups: int = 1
    relu6: bool = True
    opens_block: bool = False
    adds_block_input: bool = False

    @property
    def kernel(self) -> int:
        return int(self.weight.shape[-1])


def _folded(state: Mapping[str, NDArray[Any]], conv: str, norm: str) -> tuple[Floats, Floats]:
    gain = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + _BATCH_NORM_EPSILON)
    weight = state[f"{conv}.weight"] * gain[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    return weight.astype(np.float32), bias.astype(np.float32)


def layers(state: Mapping[str, NDArray[Any]]) -> Iterator[Layer]:
    """The 64 convolutions of the checkpoint, in order; raises KeyError where the checkpoint lacks one."""
    yield Layer("stem", *_folded(state, "_conv_stem", "_bn0"), stride=2)
    block = 0
    for repeats, kernel, first_stride, expands in _STAGES:
        for repeat in range(repeats):
            at, stride = f"_blocks.{block}", first_stride if repeat == 0 else 1
            if expands:
                weights = _folded(state, f"{at}._expand_conv", f"{at}._bn0")
                yield Layer(f"block{block}.expand", *weights, opens_block=True)
            weight, bias = _folded(state, f"{at}._depthwise_conv", f"{at}._bn1")
            if weight.shape[-1] != kernel:
                raise ValueError(f"{at}: kernel {weight.shape[-1]}, not EfficientNet-Lite2's {kernel}")
            yield Layer(
                f"block{block}.depthwise", weight, bias, stride, groups=len(weight), opens_block=not expands
            )
            weights = _folded(state, f"{at}._project_conv", f"{at}._bn2")
            yield Layer(f"block{block}.project", *weights, relu6=False, adds_block_input=repeat > 0)
            block += 1
    yield Layer("head", *_folded(state, "_conv_head", "_bn1"))
