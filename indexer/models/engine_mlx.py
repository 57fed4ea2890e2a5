"""Run forward passes with MLX, operation by operation: Apple GPUs, CUDA, and, slowly, plain CPUs."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import cast

# Before MLX is loaded: by itself it multiplies float32 as TF32 on NVIDIA's and Apple's newest GPUs, with ten bits of
# fraction. On an H100 that moved the tiny checkpoints' vectors by 1.3e-4, where float32 as such moves them by 5e-7.
os.environ.setdefault("MLX_ENABLE_TF32", "0")

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexerError, ModelError
from indexer.models.ops import Activation, Forward, Input, Precision, Program, Weights, tensor

_SQRT_2 = math.sqrt(2)
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)

# Not mlx.nn: its activations are compiled even for a CPU, on Linux by a g++ that need not be there.
_ACTIVATIONS: dict[Activation, Callable[[mx.array], mx.array]] = {
    "gelu": lambda x: x * (1 + mx.erf(x / _SQRT_2)) / 2,
    "gelu_tanh": lambda x: 0.5 * x * (1 + mx.tanh(_SQRT_2_OVER_PI * (x + 0.044715 * x * x * x))),
    "quick_gelu": lambda x: x * mx.sigmoid(1.702 * x),
    "relu6": lambda x: mx.clip(x, 0, 6),
}


class _Executor:
    """Ops that are done as they are said; see `Ops` for what each means."""

    def __init__(self, weights: Weights, dtype: mx.Dtype, activations: Mapping[Activation, Callable[..., mx.array]]):
        self._weights = weights
        self._dtype = dtype
        self._activations = activations
        self._loaded: dict[str, mx.array] = {}

    def _load(self, name: str, shape: tuple[int | None, ...], axes: tuple[int, ...] | None = None) -> mx.array:
        """Return a weight, converted and evaluated when first asked for: a lazy array belongs to its thread."""
        if name not in self._loaded:
            value = np.asarray(tensor(self._weights, name, shape), np.float32)
            loaded = mx.array(value if axes is None else value.transpose(axes)).astype(self._dtype)
            mx.eval(loaded)
            self._loaded[name] = loaded
        return self._loaded[name]

    def weight(self, name: str, shape: tuple[int, ...]) -> mx.array:
        return self._load(name, shape)

    def constant(self, value: NDArray[np.generic]) -> mx.array:
        return _array(value)

    def real(self, x: mx.array) -> mx.array:
        return x.astype(mx.float32)  # `linear` goes on in the working type

    def add(self, a: mx.array, b: mx.array) -> mx.array:
        return a + b

    def multiply(self, a: mx.array, b: mx.array) -> mx.array:
        return a * b

    def linear(self, x: mx.array, name: str, *, bias: bool = True) -> mx.array:
        weight = self._load(f"{name}.weight", (None, x.shape[-1]))
        x = x.astype(self._dtype)
        if not bias:
            return x @ weight.T
        return mx.addmm(self._load(f"{name}.bias", (weight.shape[0],)), x, weight.T)

    def layer_norm(self, x: mx.array, name: str, *, epsilon: float) -> mx.array:
        width = x.shape[-1]
        scale, shift = self._load(f"{name}.weight", (width,)), self._load(f"{name}.bias", (width,))
        return mx.fast.layer_norm(x, scale, shift, epsilon)

    def activate(self, x: mx.array, kind: Activation) -> mx.array:
        return self._activations[kind](x)

    def softmax(self, x: mx.array) -> mx.array:
        return mx.softmax(x, axis=-1, precise=True)

    def attention(
        self,
        q: mx.array,
        k: mx.array,
        v: mx.array,
        *,
        heads: int,
        causal: bool = False,
        mask: mx.array | None = None,
        bias: mx.array | None = None,
    ) -> mx.array:
        q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3) for x in (q, k, v))  # (N, h, T, D/h)
        seen = "causal" if causal else bias if mask is None else mask[:, None, None, :] != 0
        y = mx.fast.scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5, mask=seen)
        return y.transpose(0, 2, 1, 3).flatten(2)

    def embedding(self, ids: mx.array, name: str) -> mx.array:
        table = tensor(self._weights, f"{name}.weight", (None, None))
        # Looked up where the table lies: the GPU gets a few rows instead of a gigabyte.
        return mx.array(np.asarray(table[np.asarray(ids)], np.float32)).astype(self._dtype)

    def convolve(self, x: mx.array, name: str, *, stride: int, padding: tuple[int, int], groups: int = 1) -> mx.array:
        kernel = self._load(f"{name}.weight", (None, x.shape[-1] // groups, None, None), (0, 2, 3, 1))  # OIHW to OHWI
        x = mx.pad(x.astype(self._dtype), [(0, 0), padding, padding, (0, 0)])
        return mx.conv2d(x, kernel, stride=stride, groups=groups) + self._load(f"{name}.bias", (kernel.shape[0],))

    def mean(self, x: mx.array, axes: tuple[int, ...]) -> mx.array:
        return mx.mean(x, axis=axes)

    def reshape(self, x: mx.array, shape: tuple[int, ...]) -> mx.array:
        return x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)])

    def transpose(self, x: mx.array, axes: tuple[int, ...]) -> mx.array:
        return x.transpose(axes)

    def concatenate(self, parts: Sequence[mx.array], axis: int) -> mx.array:
        return mx.concatenate(list(parts), axis=axis)

    def expand_first(self, x: mx.array, like: mx.array) -> mx.array:
        return mx.broadcast_to(x, (like.shape[0], *x.shape[1:]))

    def take(self, x: mx.array, index: mx.array | int) -> mx.array:
        if isinstance(index, int):
            return x[:, index]
        return mx.take_along_axis(x, index[:, None, None], axis=1)[:, 0]

    def pick(self, x: mx.array, index: mx.array) -> mx.array:
        return x[0, index]

    def unit(self, x: mx.array) -> mx.array:
        x = x.astype(mx.float32)
        return x / mx.linalg.norm(x, axis=-1, keepdims=True)


class _Streams:
    """What MLX keeps for a thread; ends it as the thread ends, by being among its locals.

    Left to itself it may still be at work when Python ends, and the process is aborted: 22 times in 24 on an H100, with
    a model whose thread had ended. MLX sees to the main thread. Source: its issue 4506 and pull request 3395.
    """

    def __del__(self) -> None:
        mx.synchronize()
        mx.clear_streams()


_of_thread = threading.local()


class MlxEngine:
    """MLX on its default device."""

    tokens = 8_192  # a batch of the default model's; a GPU is full, and fewer of the large models' fit its memory
    passes = 1

    def __init__(self) -> None:
        self.on_gpu = mx.default_device() == mx.Device(mx.gpu)
        where = f"the GPU ({mx.device_info()['device_name']})" if self.on_gpu else "the CPU"
        self.name = f"MLX {version('mlx')} on {where}"
        # Half precision is emulated on CPUs: 100 times slower, and no gain.
        self.precisions: tuple[Precision, ...] = ("float16", "float32") if self.on_gpu else ("float32",)
        # One kernel for each instead of up to nine: an H100 takes a quarter to a third more pictures a second.
        self._activations: dict[Activation, Callable[..., mx.array]] = {
            kind: mx.compile(activation, shapeless=True) if self.on_gpu else activation
            for kind, activation in _ACTIVATIONS.items()
        }
        self._executors: dict[tuple[int, Precision], _Executor] = {}  # by weights, which passes share on the GPU

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
        """Load the weights by running once on blank input, which nothing could hasten; see `Engine.prepare`."""
        if precision not in self.precisions:
            raise ModelError(f"{self.name} does not run {precision}; it runs {' and '.join(self.precisions)}")
        if threading.current_thread() is not threading.main_thread() and not hasattr(_of_thread, "streams"):
            _of_thread.streams = _Streams()
        key = id(weights), precision
        if key not in self._executors:
            dtype = mx.float16 if precision == "float16" else mx.float32
            self._executors[key] = _Executor(weights, dtype, self._activations)
        program = _Program(forward, self._executors[key])
        blank = {name: np.zeros([size or 1 for size in entry.shape], entry.dtype) for name, entry in inputs.items()}
        try:
            program(**blank)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"the weights do not fit the model's configuration ({error})") from None
        return program


class _Program:
    def __init__(self, forward: Forward, executor: _Executor) -> None:
        self._forward = forward
        self._executor = executor
        self._thread = threading.get_ident()

    def __call__(self, **inputs: NDArray[np.generic]) -> NDArray[np.float32]:
        if threading.get_ident() != self._thread:
            raise IndexerError("a model on MLX can only be used by the thread that loaded it; load it in this thread")
        output = self._forward(self._executor, {name: _array(value) for name, value in inputs.items()})
        return cast("NDArray[np.float32]", np.array(output.astype(mx.float32)))


def _array(value: NDArray[np.generic]) -> mx.array:
    return mx.array(cast("mx.array", value))  # its stub does not know that NumPy's arrays are taken
