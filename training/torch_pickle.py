"""Read the tensors of a legacy PyTorch checkpoint without PyTorch and without running what it names.

The legacy file is five parts: three small pickles (magic number, protocol version, byte order), the pickle of
the state dict, the pickle of the list of storage keys; then for each key an int64 count and the raw elements.
A pickle can name any callable, so the unpickler here knows four names and refuses the rest.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_ELEMENTS: Mapping[str, str] = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class ForbiddenGlobal(pickle.UnpicklingError):
    """The pickle names a callable which a state dict does not need."""


class InvalidCheckpoint(ValueError):
    """The file is no legacy checkpoint, or its tensors do not fit its storages."""


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def over(self, elements: NDArray[Any]) -> NDArray[Any]:
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        if self.offset < 0 or min(self.shape, default=1) < 1 or min(self.stride, default=1) < 0:
            raise InvalidCheckpoint(f"storage {self.storage.key}: impossible tensor {self.shape}")
        if last >= elements.size:
            raise InvalidCheckpoint(
                f"storage {self.storage.key}: a tensor reaches beyond its {elements.size}"
            )
        strides = tuple(step * elements.itemsize for step in self.stride)
        return np.lib.stride_tricks.as_strided(elements[self.offset :], self.shape, strides).copy()


def _rebuild_tensor_v2(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, stride)


class StateDictUnpickler(pickle.Unpickler):
    """Allows `collections.OrderedDict`, tensor rebuilding and two element types. Raises ForbiddenGlobal."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor_v2
        if module == "torch" and name in _ELEMENTS:
            return _ELEMENTS[name]
        raise ForbiddenGlobal(f"a state dict does not need {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", str(dtype), str(key), str(), int(count), None) if dtype in _ELEMENTS.values():
                return _Storage(key, dtype, count)
        raise InvalidCheckpoint(f"unknown persistent id {pid!r}")


class _PlainUnpickler(pickle.Unpickler):
    """For the header and the key list: numbers, strings, dicts and lists, no name at all."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ForbiddenGlobal(f"a checkpoint header does not need {module}.{name}")


def _elements(file: BufferedReader, storage: _Storage) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little", signed=True)
    dtype = np.dtype(storage.dtype)
    content = file.read(count * dtype.itemsize) if count == storage.count else b""
    if len(content) != storage.count * dtype.itemsize:
        raise InvalidCheckpoint(
            f"storage {storage.key}: {count} elements where {storage.count} were declared"
        )
    return np.frombuffer(content, dtype)


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Tensors by name, as float32 or int64 arrays. Raises ForbiddenGlobal, InvalidCheckpoint."""
    with path.open("rb") as file:
        if _PlainUnpickler(file).load() != _MAGIC or _PlainUnpickler(file).load() != _PROTOCOL:
            raise InvalidCheckpoint(f"{path.name} is no legacy PyTorch checkpoint")
        if not _PlainUnpickler(file).load().get("little_endian"):
            raise InvalidCheckpoint(f"{path.name} was written on a big-endian machine")
        tensors = StateDictUnpickler(file).load()
        if not isinstance(tensors, dict) or not all(isinstance(t, _Tensor) for t in tensors.values()):
            raise InvalidCheckpoint(f"{path.name} holds something besides tensors")
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        keys = _PlainUnpickler(file).load()
        if set(keys) != set(storages):
            raise InvalidCheckpoint(f"{path.name}: declared and stored tensors differ")
        elements = {key: _elements(file, storages[key]) for key in keys}
    return {name: tensor.over(elements[tensor.storage.key]) for name, tensor in tensors.items()}
