"""Upright RGB -> model input, bit-close to the reference processors.

Axes: N images, H rows, W columns, C = 3 channels (R, G, B).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PixelSpec:
    """How a model wants its pixels, as its preprocessor_config.json says.

    Attributes:
        height: Rows of the model input.
        width: Columns of the model input.
        resize: "short_side" keeps the proportions and resizes the shorter side to `short_side`, then crops the
            centre; "exact" resizes to (height, width) whatever the proportions.
        short_side: Pixels; only for resize="short_side".
        resample: Pillow's number of the filter (2 bilinear, 3 bicubic), from the checkpoint.
        mean: Per channel, of pixels scaled to 0..1.
        std: Per channel, of pixels scaled to 0..1.
    """

    height: int
    width: int
    resize: Literal["short_side", "exact"]
    short_side: int
    resample: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
