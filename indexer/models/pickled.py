"""Read the plain tensors of an old PyTorch `.pth` file, executing nothing.

A pickle is a small program. This module runs it on an interpreter that knows two dozen of its instructions, stores
values and calls nothing: where the file says "call torch._utils._rebuild_tensor_v2", a NumPy view is made instead, and
anything else is refused. Only the layout used before PyTorch 1.6 is read, because the one file that we need has it:

    pickle(magic) pickle(1001) pickle(system) pickle(tensors) pickle([storage key, ...]) then, in the order of the keys,
    int64 element count + little-endian data of each storage.

Source: torch/serialization.py, `_legacy_save`; pickletools for the instructions.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
import math
import pickletools
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
_ORDERED_DICT = "collections OrderedDict"
_REBUILD = "torch._utils _rebuild_tensor_v2"


@dataclass(frozen=True, slots=True)
class _Name:
    """A global that the pickle mentions; it is never imported."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _RefusedError(Exception):
    """The pickle holds something other than plain tensors."""


def read_tensors(data: bytes, *, name: str = "the file") -> dict[str, NDArray[Any]]:
    """Read every tensor of a legacy `.pth` file.

    Args:
        data: The whole file.
        name: What to call the file in errors.

    Returns:
        Tensor name -> float32 or int64 array of its own (C order).

    Raises:
        ModelError: If the bytes are anything else than named float32/int64 tensors in that layout.
    """
    try:
        return _read(data)
    except (
        _RefusedError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        RecursionError,
        struct.error,
    ) as error:
        raise ModelError(
            f"{name} is not the file of plain weights it should be ({error}); nothing was loaded"
        ) from None


def _read(data: bytes) -> dict[str, NDArray[Any]]:
    stream = io.BytesIO(data)
    if _unpickle(stream) != _MAGIC or _unpickle(stream) != _PROTOCOL:
        raise _RefusedError("it does not start as a PyTorch weight file")
    _unpickle(stream)  # sizes of C types on the machine that wrote it
    tensors, keys = _unpickle(stream), _unpickle(stream)
    if not isinstance(tensors, dict) or not isinstance(keys, list):
        raise _RefusedError("it holds no dictionary of tensors")
    storages = _storages(data, stream.tell(), tensors, keys)
    return {name: _array(tensor, storages) for name, tensor in tensors.items()}


def _storages(data: bytes, at_bytes: int, tensors: dict[Any, Any], keys: list[Any]) -> dict[str, NDArray[Any]]:
    """View each storage inside `data`; sizes must agree with what the tensors said, and nothing may be left over."""
    declared: dict[str, _Storage] = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise _RefusedError(f"{str(name)[:40]!r} is not a tensor")
        if declared.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise _RefusedError(f"two sizes are given for the storage of {name!r}")
    if sorted(keys) != sorted(declared):
        raise _RefusedError("its list of storages does not match its tensors")
    views: dict[str, NDArray[Any]] = {}
    for key in keys:
        storage = declared[key]
        (count,) = struct.unpack_from("<q", data, at_bytes)
        if count != storage.count:
            raise _RefusedError(f"a storage has {count} elements where {storage.count} were announced")
        views[key] = np.frombuffer(data, storage.dtype, count, at_bytes + 8)
        at_bytes += 8 + count * storage.dtype.itemsize
    if at_bytes != len(data):
        raise _RefusedError(f"{len(data) - at_bytes} bytes follow the last tensor")
    return views


def _array(tensor: _Tensor, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    base = storages[tensor.storage.key]
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if math.prod(tensor.shape) > base.size or (tensor.shape and min(tensor.shape) < 1) or last >= base.size:
        raise _RefusedError("a tensor reaches outside its storage")
    item = base.dtype.itemsize
    strides = tuple(stride * item for stride in tensor.strides)
    view = np.ndarray(tensor.shape, base.dtype, base.data, tensor.offset * item, strides)
    return np.array(view, order="C")


def _unpickle(stream: io.BytesIO) -> Any:
    """Run one pickle, up to and including its STOP."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def pop_to_mark() -> list[Any]:
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    argument: Any
    for opcode, argument, _ in pickletools.genops(stream):
        match opcode.name:
            case "PROTO":
                if argument != 2:
                    raise _RefusedError(f"pickle protocol {argument} where 2 was expected")
            case "STOP":
                return stack.pop()
            case "MARK":
                marks.append(len(stack))
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode.name])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                size = int(opcode.name[-1])
                stack[-size:] = [tuple(stack[-size:])]
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _as_dict(stack[-1])[key] = value
            case "SETITEMS":
                items = pop_to_mark()
                _as_dict(stack[-1]).update(zip(items[::2], items[1::2], strict=True))
            case "APPEND" | "APPENDS":
                items = pop_to_mark() if opcode.name == "APPENDS" else [stack.pop()]
                if not isinstance(stack[-1], list):
                    raise _RefusedError("it appends to something that is not a list")
                stack[-1].extend(items)
            case "GLOBAL":
                if argument not in (*_DTYPES, _ORDERED_DICT, _REBUILD):
                    raise _RefusedError(f"it asks for {argument.replace(' ', '.')!r}, which weights have no use for")
                stack.append(_Name(argument))
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                stack.append(_stand_in(function, arguments))
            case "BUILD":
                # Attributes of the dictionary (its _metadata of layer versions): nothing that we need.
                stack.pop()
                _as_dict(stack[-1])
            case _:
                raise _RefusedError(f"its pickle has the instruction {opcode.name}, which weights have no use for")
    raise _RefusedError("its pickle has no end")


def _as_dict(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _RefusedError("it sets items of something that is not a dictionary")
    return value


def _storage(reference: Any) -> _Storage:
    kind, storage_type, key, _, count, view = reference
    if kind != "storage" or not isinstance(storage_type, _Name) or view is not None:
        raise _RefusedError("it refers to something that is not a tensor storage")
    if not isinstance(key, str) or not isinstance(count, int) or count < 0:
        raise _RefusedError("it describes a storage in a way that PyTorch never does")
    return _Storage(key, _DTYPES[storage_type.name], count)


def _stand_in(function: Any, arguments: Any) -> Any:
    """Do what the two permitted calls would have done, without calling them."""
    if function == _Name(_ORDERED_DICT) and arguments == ():
        return {}
    if function != _Name(_REBUILD):
        raise _RefusedError("it calls something that weights have no use for")
    storage, offset, shape, strides, _requires_grad, _hooks = arguments
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, _Storage) or not all(type(n) is int and 0 <= n < 2**40 for n in numbers):
        raise _RefusedError("it describes a tensor in a way that PyTorch never does")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))
