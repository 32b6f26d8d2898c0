"""The network as an ONNX graph with int8 weights; only training writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .network import POOLED, Floats, Layer

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_OPSET = 17
_IR = 9
# ImageNet's animals; food, landscapes, people and plants. Between them are things people make, and so throw away.
_LIVING = ((0, 398), (924, 999))


def quantised(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 weights and their scale for each output channel (the first axis)."""
    scale = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True) / 127
    scale[scale == 0] = 1
    return np.round(weight / scale).astype(np.int8), scale.astype(np.float32)


class _Draft:
    """Nodes and constants of a graph so far."""

    def __init__(self, int8: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._int8 = int8

    def constant(self, name: str, content: NDArray[Any]) -> str:
        import onnx

        self.constants.append(onnx.numpy_helper.from_array(content, name))
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node whose one output, and so the node, is called `name`."""
        import onnx

        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def weights(self, name: str, content: Floats) -> str:
        import onnx

        if not self._int8:
            return self.constant(f"{name}.weight", content)
        small, scale = quantised(content)
        kept = self.constant(f"{name}.int8", small)
        wide = self.node("Cast", [kept], f"{name}.wide", to=onnx.TensorProto.FLOAT)
        return self.node("Mul", [wide, self.constant(f"{name}.step", scale)], f"{name}.weight")


def graph(
    stack: Sequence[Layer],
    side: int,
    objects: tuple[Floats, Floats],
    *,
    pooled: Sequence[str] = POOLED,
    int8: bool = True,
) -> ModelProto:
    """The network over `photos` (n, side, side, 3) uint8 RGB to `features` (n, channels) float: the outputs of
    the layers named in `pooled`, each averaged over the picture, side by side in the network's order; and to
    `living` (n, 1), 0..1: how probably ImageNet's classifier, `objects` (weights (1000, 1280), bias (1000,)),
    says that it shows something living, to eat, or a landscape.

    Weights are stored as int8 with a float scale for each channel; onnxruntime folds Cast and Mul into float
    weights when it loads the graph, so results do not depend on the processor's integer instructions.
    """
    import onnx

    draft = _Draft(int8)
    at = draft.node("Cast", ["photos"], "photos.float", to=onnx.TensorProto.FLOAT)
    at = draft.node("Transpose", [at], "photos.planar", perm=[0, 3, 1, 2])
    at = draft.node("Sub", [at, draft.constant("mean", np.float32(127).reshape(1))], "photos.centred")
    at = draft.node("Mul", [at, draft.constant("scale", np.float32(1 / 128).reshape(1))], "photos.scaled")
    floor, ceiling = (
        draft.constant("zero", np.array(0, np.float32)),
        draft.constant("six", np.array(6, np.float32)),
    )
    block_input, size, width = at, side, 0
    means: list[str] = []
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
        if layer.name in pooled:
            mean = draft.node("GlobalAveragePool", [at], f"{layer.name}.mean")
            means.append(draft.node("Flatten", [mean], f"{layer.name}.pooled"))
            width += len(layer.weight)
    draft.node("Concat", means, "features", axis=1)
    named = [means[-1], draft.weights("objects", objects[0]), draft.constant("objects.bias", objects[1])]
    at = draft.node(
        "Softmax", [draft.node("Gemm", named, "objects.scores", transB=1)], "objects.probabilities", axis=1
    )
    ends = [draft.constant(f"living.{n}", np.array([n])) for pair in _LIVING for n in pair]
    axis = draft.constant("living.axis", np.array([1]))
    ranges = [draft.node("Slice", [at, *pair, axis], f"{pair[0]}.slice") for pair in (ends[:2], ends[2:])]
    joined = draft.node("Concat", ranges, "living.classes", axis=1)
    draft.node("ReduceSum", [joined, axis], "living", keepdims=1)
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            draft.nodes,
            "efficientnet-lite0",
            [onnx.helper.make_tensor_value_info("photos", onnx.TensorProto.UINT8, ["n", side, side, 3])],
            [
                onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", width]),
                onnx.helper.make_tensor_value_info("living", onnx.TensorProto.FLOAT, ["n", 1]),
            ],
            draft.constants,
        ),
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="eco2",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
