"""The network as ONNX graphs with int8 weights: one whose maps the outline is fitted to, one that serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .network import OUTLINING, POOLED, Floats, Layer

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

GRID = 16  # pixels of a photo for each cell of the outline's grid, across and down
_OPSET = 17
_IR = 9
# ImageNet's animals; food, landscapes, people and plants. Between them are things people make, and so throw away.
_LIVING = ((0, 398), (924, 999))
_LEAST_OUTLINE = 1e-3  # for each cell, so that a photo without any item has a mean too


@dataclass(frozen=True)
class Outline:
    """Which cells show the item: a perceptron over each cell's maps, m of them, with h hidden units; `hidden`
    (m, h), `hidden_bias` (h,), `output` (h, 1), `output_bias` (1,)."""

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats


@dataclass(frozen=True)
class _Maps:
    """A layer's output in the graph: (n, channels, size, size)."""

    output: str
    size: int
    channels: int


def quantised(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 weights and their scale for each output channel (the first axis)."""
    scale = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True) / 127
    scale[scale == 0] = 1
    return np.round(weight / scale).astype(np.int8), scale.astype(np.float32)


class _Draft:
    """Nodes and constants of a graph so far."""

    def __init__(self, int8: bool) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._int8 = int8

    def constant(self, name: str, content: NDArray[Any]) -> str:
        import onnx

        self._constants.append(onnx.numpy_helper.from_array(content, name))
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node whose one output, and so the node, is called `name`."""
        import onnx

        self._nodes.append(onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def weights(self, name: str, content: Floats) -> str:
        import onnx

        if not self._int8:
            return self.constant(f"{name}.weight", content)
        small, scale = quantised(content)
        kept = self.constant(f"{name}.int8", small)
        wide = self.node("Cast", [kept], f"{name}.wide", to=onnx.TensorProto.FLOAT)
        return self.node("Mul", [wide, self.constant(f"{name}.step", scale)], f"{name}.weight")

    def model(self, side: int, outputs: Mapping[str, Sequence[int]]) -> ModelProto:
        """Of photos (n, side, side, 3) to the nodes named in `outputs`, whose shapes begin with n too."""
        import onnx

        described = onnx.helper.make_tensor_value_info
        model = onnx.helper.make_model(
            onnx.helper.make_graph(
                self._nodes,
                "efficientnet-lite2",
                [described("photos", onnx.TensorProto.UINT8, ["n", side, side, 3])],
                [described(name, onnx.TensorProto.FLOAT, ["n", *shape]) for name, shape in outputs.items()],
                self._constants,
            ),
            opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
            ir_version=_IR,
            producer_name="eco2",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def _body(draft: _Draft, stack: Sequence[Layer], side: int) -> dict[str, _Maps]:
    """The layers in order, by name."""
    import onnx

    at = draft.node("Cast", ["photos"], "photos.float", to=onnx.TensorProto.FLOAT)
    at = draft.node("Transpose", [at], "photos.planar", perm=[0, 3, 1, 2])
    at = draft.node("Sub", [at, draft.constant("mean", np.float32(127).reshape(1))], "photos.centred")
    at = draft.node("Mul", [at, draft.constant("scale", np.float32(1 / 128).reshape(1))], "photos.scaled")
    floor, ceiling = (
        draft.constant("zero", np.array(0, np.float32)),
        draft.constant("six", np.array(6, np.float32)),
    )
    block_input, size = at, side
    made: dict[str, _Maps] = {}
    for layer in stack:
        if layer.opens_block:
            block_input = at
        reduced = -(-size // layer.stride)
        padding = max((reduced - 1) * layer.stride + layer.kernel - size, 0)
        before, after = padding // 2, padding - padding // 2
        size = reduced
        weight = draft.weights(layer.name, layer.weight)
        at = draft.node(
            "Conv",
            [at, weight, draft.constant(f"{layer.name}.bias", layer.bias)],
            f"{layer.name}.conv",
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[before, before, after, after],
            group=layer.groups,
        )
        if layer.relu6:
            at = draft.node("Clip", [at, floor, ceiling], f"{layer.name}.relu6")
        if layer.adds_block_input:
            at = draft.node("Add", [at, block_input], f"{layer.name}.sum")
        made[layer.name] = _Maps(at, size, len(layer.weight))
    return made


def _at_size(draft: _Draft, maps: _Maps, size: int, name: str) -> str:
    """The maps with cells averaged or repeated, so that there are `size` of them across and down."""
    if maps.size == size:
        return maps.output
    if maps.size > size:
        step = [maps.size // size] * 2
        return draft.node("AveragePool", [maps.output], name, kernel_shape=step, strides=step)
    factors = draft.constant(f"{name}.factors", np.array([1, 1, *[size // maps.size] * 2], np.float32))
    how = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return draft.node("Resize", [maps.output, "", factors], name, **how)


def _cells(draft: _Draft, body: Mapping[str, _Maps], names: Sequence[str], side: int) -> _Maps:
    """The maps of these layers side by side, on the outline's grid."""
    size = side // GRID
    parts = [_at_size(draft, body[name], size, f"{name}.on_grid") for name in names]
    return _Maps(
        draft.node("Concat", parts, "cells", axis=1), size, sum(body[name].channels for name in names)
    )


def _outlined(draft: _Draft, cells: _Maps, outline: Outline) -> _Maps:
    hidden = [
        cells.output,
        draft.constant("outline.hidden.weight", outline.hidden.T[..., None, None]),
        draft.constant("outline.hidden.bias", outline.hidden_bias),
    ]
    at = draft.node("Relu", [draft.node("Conv", hidden, "outline.hidden")], "outline.relu")
    output = [
        at,
        draft.constant("outline.output.weight", outline.output.T[..., None, None]),
        draft.constant("outline.output.bias", outline.output_bias),
    ]
    return _Maps(
        draft.node("Sigmoid", [draft.node("Conv", output, "outline.score")], "outline"), cells.size, 1
    )


def _mean_over(draft: _Draft, maps: _Maps, weights: _Maps, name: str) -> str:
    """The maps averaged over the photo by weight, (n, channels)."""
    weight = _at_size(draft, weights, maps.size, f"{name}.share")
    axes = draft.constant(f"{name}.axes", np.array([2, 3]))
    least = draft.constant(f"{name}.least", np.array(_LEAST_OUTLINE, np.float32))
    weighed = draft.node("Mul", [maps.output, weight], f"{name}.weighed")
    total = draft.node("ReduceSum", [weighed, axes], f"{name}.total", keepdims=0)
    shares = draft.node("Add", [weight, least], f"{name}.shares")
    return draft.node(
        "Div", [total, draft.node("ReduceSum", [shares, axes], f"{name}.whole", keepdims=0)], f"{name}.inside"
    )


def cells_graph(
    stack: Sequence[Layer], side: int, *, outlining: Sequence[str] = OUTLINING, int8: bool = True
) -> ModelProto:
    """The network over `photos` (n, side, side, 3) uint8 RGB to `cells` (n, maps, side / 16, side / 16): what an
    Outline is fitted to."""
    draft = _Draft(int8)
    cells = _cells(draft, _body(draft, stack, side), outlining, side)
    return draft.model(side, {"cells": (cells.channels, cells.size, cells.size)})


def graph(
    stack: Sequence[Layer],
    side: int,
    objects: tuple[Floats, Floats],
    outline: Outline,
    *,
    pooled: Sequence[str] = POOLED,
    outlining: Sequence[str] = OUTLINING,
    int8: bool = True,
) -> ModelProto:
    """The network over `photos` (n, side, side, 3) uint8 RGB to `features` (n, channels) float: the outputs of
    the layers named in `pooled`, each averaged over the photo, then each over its item, as `outline` sees it; and
    to `living` (n, 1), 0..1: how probably ImageNet's classifier, `objects` (weights (1000, 1280), bias (1000,)),
    says that it shows something living, to eat, or a landscape.

    Weights are stored as int8 with a float scale for each channel; onnxruntime folds Cast and Mul into float
    weights when it loads the graph, so results do not depend on the processor's integer instructions.
    """
    draft = _Draft(int8)
    body = _body(draft, stack, side)
    item = _outlined(draft, _cells(draft, body, outlining, side), outline)
    whole = [
        draft.node(
            "Flatten",
            [draft.node("GlobalAveragePool", [body[name].output], f"{name}.mean")],
            f"{name}.everywhere",
        )
        for name in pooled
    ]
    inside = [_mean_over(draft, body[name], item, name) for name in pooled]
    draft.node("Concat", [*whole, *inside], "features", axis=1)
    named = [whole[-1], draft.weights("objects", objects[0]), draft.constant("objects.bias", objects[1])]
    at = draft.node(
        "Softmax", [draft.node("Gemm", named, "objects.scores", transB=1)], "objects.probabilities", axis=1
    )
    ends = [draft.constant(f"living.{n}", np.array([n])) for pair in _LIVING for n in pair]
    axis = draft.constant("living.axis", np.array([1]))
    ranges = [draft.node("Slice", [at, *pair, axis], f"{pair[0]}.slice") for pair in (ends[:2], ends[2:])]
    joined = draft.node("Concat", ranges, "living.classes", axis=1)
    draft.node("ReduceSum", [joined, axis], "living", keepdims=1)
    width = 2 * sum(body[name].channels for name in pooled)
    return draft.model(side, {"features": (width,), "living": (1,)})
