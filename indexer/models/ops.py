"""The operations a forward pass may use. MLX executes them; the ONNX builder records them.

A forward pass is a function of (ops, inputs) written against `Ops` alone, so that there is one truth and two engines.
Tensors are opaque: `T` is whatever the engine works with. Axes: N batch, T tokens, D width, H W C pixels (channels
last). All arithmetic is in the engine's working type (float32 unless said otherwise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError

T = TypeVar("T")
Activation = Literal["gelu", "gelu_tanh", "quick_gelu", "relu6"]
Precision = Literal["float32", "float16", "int8"]

# A checkpoint's tensors by name: float32, float16 or bfloat16, as stored, usually memory-mapped.
Weights = Mapping[str, NDArray[np.generic]]


def tensor(weights: Weights, name: str, shape: tuple[int | None, ...]) -> NDArray[np.generic]:
    """Return a weight of the shape that is asked for; None stands for any size.

    Raises:
        ModelError: It is missing or has another shape.
    """
    if name not in weights:
        raise ModelError(f"the weights lack the tensor {name}; fetch the model again")
    found = weights[name]
    if len(found.shape) != len(shape) or any(
        want not in (None, have) for have, want in zip(found.shape, shape, strict=True)
    ):
        asked = " x ".join("any" if size is None else str(size) for size in shape)
        raise ModelError(
            f"the tensor {name} is {' x '.join(map(str, found.shape))}, but the configuration asks for {asked}; "
            "fetch the model again"
        )
    return found


class Ops(Protocol[T]):
    """The vocabulary of a forward pass; weights are named as the checkpoint names them."""

    def weight(self, name: str, shape: tuple[int, ...]) -> T:
        """Return the checkpoint's tensor `name`, which must have this shape."""
        ...

    def constant(self, value: NDArray[np.generic]) -> T:
        """Return a tensor that holds `value` (small: it is kept in the graph)."""
        ...

    def real(self, x: T) -> T:
        """Convert integers to the working type."""
        ...

    def add(self, a: T, b: T) -> T:
        """Return a + b, broadcast."""
        ...

    def multiply(self, a: T, b: T) -> T:
        """Return a * b, broadcast."""
        ...

    def linear(self, x: T, name: str, *, bias: bool = True) -> T:
        """Return x @ W.T + b for the checkpoint's `name`.weight (out, in) and `name`.bias (out,)."""
        ...

    def layer_norm(self, x: T, name: str, *, epsilon: float) -> T:
        """Normalise the last axis, then scale and shift by `name`.weight and `name`.bias."""
        ...

    def activate(self, x: T, kind: Activation) -> T:
        """Apply an activation element by element."""
        ...

    def softmax(self, x: T) -> T:
        """Softmax over the last axis."""
        ...

    def attention(
        self, q: T, k: T, v: T, *, heads: int, causal: bool = False, mask: T | None = None, bias: T | None = None
    ) -> T:
        """Scaled dot-product attention of (N, T, D) tensors, `heads` side by side in D -> (N, Tq, D).

        `mask` is int (N, Tk), 1 where a token may be looked at, 0 where not. `bias` is (1, 1, Tq, Tk), added before the
        softmax; it goes without a mask.
        """
        ...

    def embedding(self, ids: T, name: str) -> T:
        """Look up rows of `name`.weight (V, D): ids int (N, T) -> (N, T, D)."""
        ...

    def convolve(self, x: T, name: str, *, stride: int, padding: tuple[int, int], groups: int = 1) -> T:
        """Convolve (N, H, W, C) with `name`.weight (O, C/groups, kH, kW) and `name`.bias -> (N, H', W', O).

        `padding` is (before, after), the same for rows and columns.
        """
        ...

    def mean(self, x: T, axes: tuple[int, ...]) -> T:
        """Average over `axes`, which are dropped."""
        ...

    def reshape(self, x: T, shape: tuple[int, ...]) -> T:
        """Reshape; 0 keeps an axis, -1 infers one."""
        ...

    def transpose(self, x: T, axes: tuple[int, ...]) -> T:
        """Reorder the axes."""
        ...

    def concatenate(self, parts: Sequence[T], axis: int) -> T:
        """Join along `axis`."""
        ...

    def expand_first(self, x: T, like: T) -> T:
        """Repeat x (1, ...) along its first axis as often as `like` has rows."""
        ...

    def take(self, x: T, index: T | int) -> T:
        """Pick one token a row: x (N, T, D) and an int, or int (N,) -> (N, D)."""
        ...

    def pick(self, x: T, index: T) -> T:
        """Pick tokens of a single row: x (1, T, D) and int (M,) -> (M, D)."""
        ...

    def unit(self, x: T) -> T:
        """Scale the last axis to L2 norm 1."""
        ...


class Forward(Protocol):
    """A forward pass: the named inputs in, one tensor (N, ...) out."""

    def __call__(self, ops: Ops[T], inputs: Mapping[str, T], /) -> T:
        """Say in `ops` what becomes of the inputs."""
        ...


@dataclass(frozen=True, slots=True)
class Input:
    """What goes into a forward pass under a name.

    Attributes:
        dtype: "uint8" for pixels, "int32" for ids, masks and indices, "float32".
        shape: The axes; None where they vary from call to call (the batch, the number of tokens).
    """

    dtype: Literal["uint8", "int32", "float32"]
    shape: tuple[int | None, ...]


class Program(Protocol):
    """A forward pass ready to run with its weights."""

    def __call__(self, **inputs: NDArray[np.generic]) -> NDArray[np.float32]:
        """Run it on arrays of the shapes and types it was made for."""
        ...


class Engine(Protocol):
    """What runs forward passes.

    Attributes:
        name: For people: "onnxruntime 1.31.1".
        precisions: What `prepare` can be asked for here, the default first.
        tokens: So many tokens (patches) at once are what it is fastest with, over all pictures of a pass.
        passes: So many passes at once, each on one core and called from a thread of its own, are the fastest way
            through many pictures; 1 where a program must be called from the thread that prepared it.
    """

    name: str
    precisions: tuple[Precision, ...]
    tokens: int
    passes: int

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
        """Make a forward pass ready to run.

        Args:
            forward: The pass.
            weights: What it may ask for; must stay as they are as long as the program lives.
            inputs: What it takes.
            precision: "int8" quantises the weights of every `linear`, and its input as it comes; the rest is float32.
            quick_start: Whether to be ready sooner and then a little slower, for a query or two.
            one_core: Whether a pass stays on one core, and the program may be called from several threads at once;
                only where `passes` is more than 1. Otherwise each pass is shared out among all cores.

        Raises:
            ModelError: A tensor that the pass asks for is missing or has the wrong shape.
        """
        ...
