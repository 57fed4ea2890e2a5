"""The operations a forward pass may use. MLX executes them; the ONNX builder records them.

A forward pass is a function of (ops, config, inputs) written against this protocol alone, so that there is one truth
and two engines. Tensors are opaque: `T` is whatever the engine works with. Axes: N batch, T tokens, D width, H W C
pixels (channels last), h heads. All arithmetic is in the engine's working type (float32 unless said otherwise).
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Activation = Literal["gelu", "gelu_tanh", "quick_gelu", "relu6"]


class Ops(Protocol[T]):
    """The vocabulary of a forward pass; weights are named as the checkpoint names them."""

    def weight(self, name: str) -> T:
        """Return the checkpoint's tensor `name`."""
        ...

    def constant(self, value: NDArray[np.generic]) -> T:
        """Return a tensor that holds `value`."""
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

    def matmul(self, a: T, b: T) -> T:
        """Return a @ b over the last two axes."""
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

    def attention(self, q: T, k: T, v: T, *, heads: int, causal: bool = False, mask: T | None = None) -> T:
        """Scaled dot-product attention of (N, T, D) tensors, `heads` side by side in D -> (N, Tq, D).

        `mask` is (N, Tk), 1 where a token may be looked at, 0 where not.
        """
        ...

    def embedding(self, ids: T, name: str) -> T:
        """Look up rows of `name`.weight (V, D): ids int (N, T) -> (N, T, D)."""
        ...

    def patches(self, x: T, name: str, *, size: int, bias: bool) -> T:
        """Cut (N, H, W, C) into size x size patches and project each by the convolution `name` -> (N, T, D)."""
        ...

    def convolve(self, x: T, name: str, *, stride: int, padding: tuple[int, int], groups: int = 1) -> T:
        """Convolve (N, H, W, C) with `name`.weight (O, I/groups, kH, kW) and `name`.bias -> (N, H', W', O).

        `padding` is (before, after), the same for rows and columns.
        """
        ...

    def mean(self, x: T, axes: tuple[int, ...]) -> T:
        """Average over `axes`, which are dropped."""
        ...

    def reshape(self, x: T, shape: tuple[int, ...]) -> T:
        """Reshape; 0 keeps an axis, -1 infers one."""
        ...

    def concatenate(self, parts: list[T], axis: int) -> T:
        """Join along `axis`."""
        ...

    def expand_first(self, x: T, like: T) -> T:
        """Repeat x (1, ...) along its first axis as often as `like` has rows."""
        ...

    def slice(self, x: T, axis: int, start: int, stop: int) -> T:
        """Return x[..., start:stop, ...] along `axis`."""
        ...

    def take(self, x: T, index: T) -> T:
        """Pick one token a row: x (N, T, D), index int (N,) -> (N, D)."""
        ...

    def unit(self, x: T) -> T:
        """Scale the last axis to L2 norm 1."""
        ...
