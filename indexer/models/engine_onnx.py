"""Run forward passes with ONNX Runtime: the operations are recorded into a graph, the weights stay where they are.

The graph holds only structure and small constants. A weight that lies in a mapped safetensors file is declared as
external data at its offset in that very file, which ONNX Runtime maps by itself: no second copy on disk or in memory,
no 2 GB limit of protobuf, and a text table of 256,000 rows costs a query only the pages it looks at. What is not there
as float32 (half precision, int8) is converted and handed over by name.
"""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from indexer.cores import cores
from indexer.errors import ModelError
from indexer.models.ops import Activation, Forward, Input, Precision, Program, Weights, tensor

_OPSET = 23
_IR_VERSION = 10
_CONTRIB = "com.microsoft"  # ONNX Runtime's own fused kernels

Shape = tuple[int | None, ...]  # None where an axis varies from call to call


@dataclass(frozen=True, slots=True)
class Node:
    """A tensor of the graph being recorded: its name, and its shape with None where an axis varies."""

    name: str
    shape: Shape


class _Recorder:
    """Ops that write themselves down as an ONNX graph."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self._weights = weights
        self._int8 = precision == "int8"
        self._uint8: dict[str, list[str]] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.small: list[onnx.TensorProto] = []
        self.external: dict[str, NDArray[np.generic]] = {}

    def _record(self, kind: str, inputs: Sequence[str], shape: Shape, *, domain: str = "", **attributes: Any) -> Node:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return Node(name, shape)

    def _external(self, name: str, value: NDArray[np.generic]) -> Node:
        self.external.setdefault(name, value)
        return Node(name, value.shape)

    def weight(self, name: str, shape: Shape) -> Node:
        return self._external(name, _float32(tensor(self._weights, name, shape)))

    def constant(self, value: NDArray[np.generic]) -> Node:
        name = f"c{len(self.small)}"
        self.small.append(onnx.numpy_helper.from_array(value, name))
        return Node(name, value.shape)

    def _ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64)).name

    def real(self, x: Node) -> Node:
        return self._record("Cast", [x.name], x.shape, to=TensorProto.FLOAT)

    def add(self, a: Node, b: Node) -> Node:
        return self._record("Add", [a.name, b.name], _broadcast(a.shape, b.shape))

    def multiply(self, a: Node, b: Node) -> Node:
        return self._record("Mul", [a.name, b.name], _broadcast(a.shape, b.shape))

    def linear(self, x: Node, name: str, *, bias: bool = True) -> Node:
        width_in = cast(int, x.shape[-1])
        width_out = tensor(self._weights, f"{name}.weight", (None, width_in)).shape[0]
        shape = (*x.shape[:-1], width_out)
        if self._int8:
            return self._linear_int8(x, name, shape, bias=bias)
        matrix = self.weight(f"{name}.weight", (width_out, width_in))
        # Takes W as it is stored, whatever the axes of x: no transposed copy, no reshapes around a Gemm.
        y = self._record("FusedMatMul", [x.name, matrix.name], shape, domain=_CONTRIB, transB=1)
        return self.add(y, self.weight(f"{name}.bias", (width_out,))) if bias else y

    def _linear_int8(self, x: Node, name: str, shape: Shape, *, bias: bool) -> Node:
        values, scale = quantise_rows(_float32(self._weights[f"{name}.weight"]))
        rows, rows_scale, zero = self._quantised(x)
        inputs = [
            rows,
            self._external(f"{name}.weight.int8", np.ascontiguousarray(values.T)).name,
            rows_scale,
            self._external(f"{name}.weight.scale", scale).name,
            zero,
            "",  # zero point of the weights: 0
            self.weight(f"{name}.bias", shape[-1:]).name if bias else "",
        ]
        return self._record("MatMulIntegerToFloat", inputs, shape, domain=_CONTRIB)

    def _quantised(self, x: Node) -> list[str]:
        """Record x as uint8 with its scale and zero point, once however many products take it."""
        if x.name not in self._uint8:
            self._uint8[x.name] = [f"{x.name}.{part}" for part in ("uint8", "scale", "zero")]
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x.name], self._uint8[x.name]))
        return self._uint8[x.name]

    def layer_norm(self, x: Node, name: str, *, epsilon: float) -> Node:
        scale, shift = (self.weight(f"{name}.{part}", x.shape[-1:]) for part in ("weight", "bias"))
        return self._record("LayerNormalization", [x.name, scale.name, shift.name], x.shape, axis=-1, epsilon=epsilon)

    def activate(self, x: Node, kind: Activation) -> Node:
        if kind == "quick_gelu":
            return self._record("QuickGelu", [x.name], x.shape, domain=_CONTRIB, alpha=1.702)
        if kind == "relu6":
            low, high = (self.constant(np.array(bound, np.float32)) for bound in (0, 6))
            return self._record("Clip", [x.name, low.name, high.name], x.shape)
        return self._record("Gelu", [x.name], x.shape, approximate="tanh" if kind == "gelu_tanh" else "none")

    def softmax(self, x: Node) -> Node:
        return self._record("Softmax", [x.name], x.shape, axis=-1)

    def attention(
        self,
        q: Node,
        k: Node,
        v: Node,
        *,
        heads: int,
        causal: bool = False,
        mask: Node | None = None,
        bias: Node | None = None,
    ) -> Node:
        inputs = [q.name, k.name, v.name]
        if mask is None:  # ONNX's own operation takes a quarter less than ONNX Runtime's, but another kind of mask
            inputs += [] if bias is None else [bias.name]
            return self._record(
                "Attention", inputs, q.shape, q_num_heads=heads, kv_num_heads=heads, is_causal=int(causal)
            )
        inputs += ["", mask.name] + ([] if bias is None else [bias.name])
        return self._record(
            "MultiHeadAttention", inputs, q.shape, domain=_CONTRIB, num_heads=heads, unidirectional=int(causal)
        )

    def embedding(self, ids: Node, name: str) -> Node:
        table = tensor(
            self._weights, f"{name}.weight", (None, None)
        )  # never converted whole: a query needs a few rows of it
        rows = self._record(
            "Gather", [self._external(f"{name}.table", table).name, ids.name], (*ids.shape, table.shape[1])
        )
        return rows if table.dtype == np.float32 else self.real(rows)

    def convolve(self, x: Node, name: str, *, stride: int, padding: tuple[int, int], groups: int = 1) -> Node:
        channels = cast(int, x.shape[3])
        weight = self.weight(f"{name}.weight", (None, channels // groups, None, None))
        out, _, rows, columns = cast(tuple[int, ...], weight.shape)
        before, after = padding
        planes = self._record("Transpose", [x.name], x.shape, perm=[0, 3, 1, 2])
        y = self._record(
            "Conv",
            [planes.name, weight.name, self.weight(f"{name}.bias", (out,)).name],
            x.shape,
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=groups,
        )
        height, width = (
            None if size is None else (size + before + after - kernel) // stride + 1
            for size, kernel in ((x.shape[1], rows), (x.shape[2], columns))
        )
        return self._record("Transpose", [y.name], (x.shape[0], height, width, out), perm=[0, 2, 3, 1])

    def mean(self, x: Node, axes: tuple[int, ...]) -> Node:
        shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
        return self._record("ReduceMean", [x.name, self._ints(*axes)], shape, keepdims=0)

    def reshape(self, x: Node, shape: tuple[int, ...]) -> Node:
        known = tuple(x.shape[axis] if size == 0 else None if size == -1 else size for axis, size in enumerate(shape))
        if -1 in shape and None not in x.shape and known.count(None) == 1:
            rest = int(np.prod([size for size in known if size is not None]))
            known = tuple(int(np.prod(cast(tuple[int, ...], x.shape))) // rest if s is None else s for s in known)
        return self._record("Reshape", [x.name, self._ints(*shape)], known)

    def transpose(self, x: Node, axes: tuple[int, ...]) -> Node:
        return self._record("Transpose", [x.name], tuple(x.shape[axis] for axis in axes), perm=list(axes))

    def concatenate(self, parts: Sequence[Node], axis: int) -> Node:
        sizes = [part.shape[axis] for part in parts]
        shape = list(parts[-1].shape)
        shape[axis] = None if None in sizes else sum(cast(list[int], sizes))
        return self._record("Concat", [part.name for part in parts], tuple(shape), axis=axis)

    def expand_first(self, x: Node, like: Node) -> Node:
        rows = self._record("Shape", [like.name], (1,), end=1)
        full = self._record("Concat", [rows.name, self._ints(*([1] * (len(x.shape) - 1)))], (len(x.shape),), axis=0)
        return self._record("Expand", [x.name, full.name], (like.shape[0], *x.shape[1:]))

    def take(self, x: Node, index: Node | int) -> Node:
        shape = (x.shape[0], x.shape[2])
        if isinstance(index, int):
            return self._record("Gather", [x.name, self.constant(np.array(index, np.int64)).name], shape, axis=1)
        column = self._record("Unsqueeze", [index.name, self._ints(1)], (x.shape[0], 1))
        wide = self._record("Cast", [column.name], column.shape, to=TensorProto.INT64)
        return self._record("GatherND", [x.name, wide.name], shape, batch_dims=1)

    def pick(self, x: Node, index: Node) -> Node:
        rows = self.reshape(x, (-1, cast(int, x.shape[2])))
        return self._record("Gather", [rows.name, index.name], (index.shape[0], x.shape[2]), axis=0)

    def unit(self, x: Node) -> Node:
        length = self._record("ReduceL2", [x.name, self._ints(-1)], (*x.shape[:-1], 1), keepdims=1)
        return self._record("Div", [x.name, length.name], x.shape)


class OnnxEngine:
    """ONNX Runtime on the CPU."""

    precisions: tuple[Precision, ...] = ("float32", "int8")
    tokens = 800  # on one core; 250 are as fast, with 3,200 it is a fifth slower: activations leave the cache

    def __init__(self) -> None:
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.passes = cores()

    def prepare(
        self,
        forward: Forward,
        weights: Weights,
        inputs: Mapping[str, Input],
        *,
        precision: Precision = "float32",
        quick_start: bool = False,
        one_core: bool = False,
    ) -> Program:
        """Record a forward pass and open a session on it; see `Engine.prepare`."""
        if precision not in self.precisions:
            raise ModelError(f"{self.name} does not run {precision}; it runs {' and '.join(self.precisions)}")
        recorder = _Recorder(weights, precision)
        output = forward(recorder, {name: Node(name, entry.shape) for name, entry in inputs.items()})
        return _Session(recorder, inputs, output, threads=int(one_core), quick_start=quick_start)


class _Session:
    def __init__(
        self, recorder: _Recorder, inputs: Mapping[str, Input], output: Node, *, threads: int, quick_start: bool
    ) -> None:
        """Open a session.

        Args:
            threads: How many a pass is shared out among; 0 means one a core.
            quick_start: See `Engine.prepare`.
        """
        mapped = {name: place for name, value in recorder.external.items() if (place := _place(value)) is not None}
        folder = os.path.commonpath([place.file.parent for place in mapped.values()]) if mapped else ""
        given = {name: _ort_value(value) for name, value in recorder.external.items() if name not in mapped}
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        # Threads may spin between two operations of a pass, which is shorter than waking up takes, but not between two
        # passes: that would take from the decoders, and lose more than it gains on a busy machine.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        options.add_external_initializers(list(given), list(given.values()))
        if quick_start:
            # Packing every matrix for its kernel takes longer than one query gains.
            options.add_session_config_entry("session.disable_prepacking", "1")
        model = _model(recorder, inputs, output, {name: place.within(folder) for name, place in mapped.items()})
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            raise ModelError(f"the weights do not fit the model's configuration ({_first_line(error)})") from None

    def __call__(self, **inputs: NDArray[np.generic]) -> NDArray[np.float32]:
        try:
            return cast("NDArray[np.float32]", self._session.run(None, inputs)[0])
        except Exception as error:
            raise ModelError(f"the model failed on {sorted(inputs)} ({_first_line(error)})") from None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array lies in a file."""

    file: Path
    offset_bytes: int
    size_bytes: int

    def within(self, folder: str) -> dict[str, str]:
        """Say it as ONNX does."""
        location = self.file.relative_to(folder).as_posix()
        return {"location": location, "offset": str(self.offset_bytes), "length": str(self.size_bytes)}


def _place(value: NDArray[np.generic]) -> _Place | None:
    """Find an array in the file that it is a view of; None where it is not in one."""
    base: Any = value
    while base is not None and not (isinstance(base, np.memmap) and isinstance(base.base, mmap.mmap)):
        base = getattr(base, "base", None)
    if base is None or base.filename is None or not value.flags.c_contiguous:
        return None
    # ONNX Runtime refuses links that leave their folder, and the hub's cache is made of such links.
    file = Path(base.filename).resolve()
    try:
        str(file).encode("utf-8")
    except UnicodeEncodeError:  # a path that protobuf cannot hold
        return None
    return _Place(file, base.offset + value.ctypes.data - base.ctypes.data, value.nbytes)


def _model(
    recorder: _Recorder, inputs: Mapping[str, Input], output: Node, mapped: Mapping[str, dict[str, str]]
) -> bytes:
    by_name = {"location": "given by name"}
    declared = (_declaration(name, value, mapped.get(name, by_name)) for name, value in recorder.external.items())
    graph = helper.make_graph(
        recorder.nodes,
        "forward",
        [
            helper.make_tensor_value_info(name, _ONNX_TYPES[entry.dtype], _axes(name, entry.shape))
            for name, entry in inputs.items()
        ],
        [helper.make_tensor_value_info(output.name, TensorProto.FLOAT, _axes("output", output.shape))],
        [*recorder.small, *declared],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()


_ONNX_TYPES = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32, "float32": TensorProto.FLOAT}


def _axes(name: str, shape: Shape) -> list[int | str]:
    return [f"{name}_{axis}" if size is None else size for axis, size in enumerate(shape)]


def _declaration(name: str, value: NDArray[np.generic], data: dict[str, str]) -> onnx.TensorProto:
    """Declare a weight whose numbers are not in the graph."""
    tensor = TensorProto(name=name, dims=value.shape, data_location=TensorProto.EXTERNAL)
    tensor.data_type = helper.np_dtype_to_tensor_dtype(value.dtype)
    for key, text in data.items():
        tensor.external_data.add(key=key, value=text)
    return tensor


def _ort_value(value: NDArray[np.generic]) -> onnxruntime.OrtValue:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    if kind == TensorProto.BFLOAT16:
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(value, kind)
    return onnxruntime.OrtValue.ortvalue_from_numpy(value)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _float32(value: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return `value` itself where it is float32 already, so that mapped memory is used as it lies."""
    return np.ascontiguousarray(value, np.float32)


def _broadcast(a: Shape, b: Shape) -> Shape:
    wide, narrow = (a, b) if len(a) >= len(b) else (b, a)
    padded = (1,) * (len(wide) - len(narrow)) + narrow
    return tuple(n if w == 1 else w for w, n in zip(wide, padded, strict=True))


def quantise_rows(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantise a matrix to int8, one scale a row: float32 (O, I) -> int8 (O, I), float32 (O,)."""
    scale = np.maximum(np.abs(weight).max(axis=1), np.finfo(np.float32).tiny) / np.float32(127)
    with np.errstate(invalid="ignore"):  # a NaN shows in the scale, and so in every vector
        return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)
