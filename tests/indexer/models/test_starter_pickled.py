"""The reader of old .pth files: plain tensors or ModelError, whatever the bytes, and nothing is ever called."""

from __future__ import annotations

import collections
import io
import os
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.models.pickled import read_tensors

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Raw:
    """Pickles as a call of a global by name, the way PyTorch's own objects do, without PyTorch."""

    def __init__(self, call: str, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments


class Writer(pickle._Pickler):  # type: ignore[name-defined]
    """Writes the instructions that PyTorch writes."""

    def persistent_id(self, obj: Any) -> Any:
        return obj.value if isinstance(obj, Storage) else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Global):
            self.write(b"c" + obj.name.replace(" ", "\n").encode() + b"\n")
        elif isinstance(obj, Raw):
            self.write(b"c" + obj.call.replace(" ", "\n").encode() + b"\n")
            self.save(obj.arguments)
            self.write(b"R")
        else:
            super().save(obj, save_persistent_id)


class Global:
    def __init__(self, name: str) -> None:
        self.name = name


class Storage:
    def __init__(self, key: str, count: int, kind: str = "torch FloatStorage") -> None:
        self.value = ("storage", Global(kind), key, "cpu", count, None)


def pickled(value: Any) -> bytes:
    stream = io.BytesIO()
    Writer(stream, 2).dump(value)
    return stream.getvalue()


def tensor(key: str, shape: tuple[int, ...], strides: tuple[int, ...], count: int, offset: int = 0) -> Raw:
    hooks = Raw("collections OrderedDict")
    return Raw("torch._utils _rebuild_tensor_v2", Storage(key, count), offset, shape, strides, False, hooks)


def pth(tensors: Any, storages: dict[str, np.ndarray], *, keys: list[str] | None = None) -> bytes:
    keys = list(storages) if keys is None else keys
    head = b"".join(pickled(part) for part in (MAGIC, PROTOCOL, {"little_endian": True}, tensors, keys))
    return head + b"".join(struct.pack("<q", storages[key].size) + storages[key].tobytes() for key in keys)


NUMBERS = np.arange(12, dtype=np.float32)


def test_reads_tensors_strided_and_shared() -> None:
    file = pth(
        {
            "rows": tensor("0", (3, 4), (4, 1), 12),
            "columns": tensor("0", (4, 3), (1, 4), 12),
            "tail": tensor("0", (2,), (1,), 12, 10),
        },
        {"0": NUMBERS},
    )
    read = read_tensors(file)
    assert read["rows"].tolist() == NUMBERS.reshape(3, 4).tolist()
    assert read["columns"].tolist() == NUMBERS.reshape(3, 4).T.tolist()
    assert read["tail"].tolist() == [10, 11]
    assert all(array.flags.c_contiguous and array.flags.owndata for array in read.values())


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        (Raw("os system", "touch {marker}"), "os.system"),
        (Raw("builtins eval", "1"), "builtins.eval"),
        ({"w": Raw("torch._utils _rebuild_tensor", 1)}, "torch._utils._rebuild_tensor"),
        ({"w": 5}, "not a tensor"),
        ([1, 2], "no dictionary"),
        ({"w": tensor("0", (13,), (1,), 12)}, "outside its storage"),
        ({"w": tensor("0", (3, 4), (5, 1), 12)}, "outside its storage"),
        ({"w": tensor("0", (1000, 1000), (0, 0), 12)}, "outside its storage"),
        ({"w": tensor("0", (2,), (-1,), 12, 5)}, "never does"),
        ({"w": tensor("0", (2,), (1,), 13)}, "13 were announced"),
        ({"w": tensor("1", (2,), (1,), 12)}, "does not match"),
    ],
)
def test_refuses_what_is_not_plain_weights(tensors: Any, why: str) -> None:
    with pytest.raises(ModelError, match="nothing was loaded") as refusal:
        read_tensors(pth(tensors, {"0": NUMBERS}), name="weights.pth")
    assert why in str(refusal.value)
    assert "weights.pth" in str(refusal.value)


def test_an_ordinary_malicious_pickle_runs_nothing(tmp_path: Any) -> None:
    marker = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {marker}",)

    for protocol in range(6):
        with pytest.raises(ModelError):
            read_tensors(pickle.dumps(MAGIC, protocol) + pickle.dumps(Bomb(), protocol))
        head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {}))
        with pytest.raises(ModelError):
            read_tensors(head + pickle.dumps(collections.OrderedDict(w=Bomb()), protocol))
    assert not marker.exists()


GOOD = pth({"w": tensor("0", (3, 4), (4, 1), 12)}, {"0": NUMBERS})


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_tensors_or_one_error(data: st.DataObject) -> None:
    """Whole files, cut ones, with bytes changed, or noise: a value or ModelError, nothing else, no huge memory."""
    file = bytearray(data.draw(st.sampled_from([GOOD, GOOD[:-1], GOOD + b"\0", b"PK\x03\x04" + GOOD, b""])))
    for _ in range(data.draw(st.integers(0, 4))):
        if file:
            file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        tensors = read_tensors(
            bytes(file[: data.draw(st.integers(0, len(file)))] if data.draw(st.booleans()) else file)
        )
    except ModelError:
        return
    assert all(array.nbytes <= len(file) for array in tensors.values())
