"""EfficientNet-Lite2, the starter's eye: pixels -> probabilities of the 1,000 ImageNet classes.

The Lite family is EfficientNet without squeeze-and-excitation and with ReLU6, so it quantises and runs well on CPUs.
Source: tensorflow/tpu, models/official/efficientnet/lite/efficientnet_lite_builder.py; weight names as in the package
efficientnet_lite_pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.models.ops import Input, Ops
from indexer.preprocess import PixelSpec

T = TypeVar("T")

CLASSES = 1000
SIZE = 260
# The reference resizes the short side to 292 = 260 + 32 and centre-crops; pixels become (x - 127) / 128.
PIXELS = PixelSpec(
    height=SIZE,
    width=SIZE,
    resize="short_side",
    short_side=SIZE + 32,
    resample=3,
    mean=(127 / 255, 127 / 255, 127 / 255),
    std=(128 / 255, 128 / 255, 128 / 255),
)
INPUTS = {"pixels": Input("uint8", (None, SIZE, SIZE, 3))}

_EPSILON = 1e-3
_STEM = 32
_EXPAND = 6


class _Stage(NamedTuple):
    blocks: int
    kernel: int
    stride: int  # of the first block
    width: int  # channels that leave each block
    expand: int


# EfficientNet-B0's stages with Lite2's factors: depth 1.2 (not for the first and the last), width 1.1.
_STAGES = (
    _Stage(1, 3, 1, 16, 1),
    _Stage(3, 3, 2, 24, _EXPAND),
    _Stage(3, 5, 2, 48, _EXPAND),
    _Stage(4, 3, 2, 88, _EXPAND),
    _Stage(4, 5, 1, 120, _EXPAND),
    _Stage(5, 5, 2, 208, _EXPAND),
    _Stage(1, 3, 1, 352, _EXPAND),
)


class _Block(NamedTuple):
    """One inverted residual: rows and columns coming in, channels in the middle, whether its input is added."""

    name: str
    size: int
    kernel: int
    stride: int
    middle: int
    expanded: bool
    residual: bool


def _blocks() -> Iterator[_Block]:
    size, width, number = SIZE // 2, _STEM, 0
    for stage in _STAGES:
        for repeat in range(stage.blocks):
            stride = 1 if repeat else stage.stride
            expanded = stage.expand != 1
            yield _Block(f"_blocks.{number}", size, stage.kernel, stride, width * stage.expand, expanded, repeat > 0)
            size, width, number = -(-size // stride), stage.width, number + 1


def fold(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Fold each batch normalisation into the convolution before it.

    Args:
        tensors: The checkpoint as it is: `*_conv.weight` without bias, `*_bn*.{weight,bias,running_mean,running_var}`.

    Returns:
        The weights that `forward` asks for: `<convolution>.weight` (O, I, kH, kW) and `.bias` (O,), `_fc.*`.

    Raises:
        ModelError: If a tensor is missing, misshapen or not finite.
    """
    folded: dict[str, NDArray[np.float32]] = {}
    try:
        for convolution, norm in _convolutions():
            scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"].astype(np.float64) + _EPSILON)
            bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
            weight = tensors[f"{convolution}.weight"] * scale[:, None, None, None]
            folded[f"{convolution}.weight"] = weight.astype(np.float32)
            folded[f"{convolution}.bias"] = bias.astype(np.float32)
        folded |= {name: tensors[name].astype(np.float32) for name in ("_fc.weight", "_fc.bias")}
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(
            f"the starter's image weights lack or misshape {error}; reinstall 'safelight[starter]'"
        ) from None
    if folded["_fc.weight"].shape[0] != CLASSES or not all(np.isfinite(value).all() for value in folded.values()):
        raise ModelError("the starter's image weights hold damaged numbers; reinstall 'safelight[starter]'")
    return folded


def forward(ops: Ops[T], inputs: Mapping[str, T]) -> T:
    """Classify pictures: uint8 (N, 260, 260, 3) -> probabilities (N, 1000)."""
    x = ops.add(ops.real(inputs["pixels"]), ops.constant(np.array(-127, np.float32)))
    x = ops.multiply(x, ops.constant(np.array(1 / 128, np.float32)))
    x = _convolve(ops, x, "_conv_stem", size=SIZE, kernel=3, stride=2)  # (N, 130, 130, 32)
    for block in _blocks():
        x = _inverted_residual(ops, x, block)
    x = _convolve(ops, x, "_conv_head", size=9)  # (N, 9, 9, 1280)
    return ops.softmax(ops.linear(ops.mean(x, (1, 2)), "_fc"))


def _inverted_residual(ops: Ops[T], x: T, block: _Block) -> T:
    """Widen, filter each channel by itself, narrow; add the input where the shapes allow."""
    y = _convolve(ops, x, f"{block.name}._expand_conv", size=block.size) if block.expanded else x
    y = _convolve(
        ops,
        y,
        f"{block.name}._depthwise_conv",
        size=block.size,
        kernel=block.kernel,
        stride=block.stride,
        groups=block.middle,
    )
    y = ops.convolve(y, f"{block.name}._project_conv", stride=1, padding=(0, 0))
    return ops.add(y, x) if block.residual else y


def _convolve(ops: Ops[T], x: T, name: str, *, size: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> T:
    y = ops.convolve(x, name, stride=stride, padding=same_padding(size, kernel, stride), groups=groups)
    return ops.activate(y, "relu6")


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's "SAME" padding (before, after): what is odd goes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _convolutions() -> list[tuple[str, str]]:
    """Name each convolution and the batch normalisation behind it."""
    pairs = [("_conv_stem", "_bn0"), ("_conv_head", "_bn1")]
    for block in _blocks():
        pairs += [(f"{block.name}._expand_conv", f"{block.name}._bn0")] if block.expanded else []
        pairs += [(f"{block.name}._depthwise_conv", f"{block.name}._bn1")]
        pairs += [(f"{block.name}._project_conv", f"{block.name}._bn2")]
    return pairs
