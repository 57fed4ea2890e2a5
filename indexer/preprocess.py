"""Upright RGB -> model input, equal to what the reference processors make.

Axes: N images, H rows, W columns, C = 3 channels (R, G, B).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.errors import ModelError

_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the pictures CLIP was trained on
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_BICUBIC = 3
_LONGEST = 32  # a picture longer than this many times its width is cropped before it is resized, not after


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

    @property
    def min_edge(self) -> int:
        """Pixels that the shorter side of a picture should have, so that nothing is blown up."""
        return self.short_side if self.resize == "short_side" else max(self.height, self.width)


def fit(image: Image.Image, spec: PixelSpec) -> NDArray[np.uint8]:
    """Resize and crop an upright RGB picture: uint8 (H, W, 3) as `spec` asks, the same bytes as the reference's."""
    if spec.resize == "exact":
        return np.asarray(image.resize((spec.width, spec.height), spec.resample))
    image = _shorten(image)
    short = min(image.size)
    # int(), not round(): a pixel less than one may expect, as in the reference.
    width, height = (spec.short_side if side == short else int(spec.short_side * side / short) for side in image.size)
    resized = image.resize((width, height), spec.resample)
    left, top = (width - spec.width) // 2, (height - spec.height) // 2
    return np.asarray(resized.crop((left, top, left + spec.width, top + spec.height)))


def reduce_to(image: Image.Image, longest: int) -> NDArray[np.uint8]:
    """Resize an upright RGB picture in proportion until its longer side has `longest` pixels: uint8 (H, W, 3)."""
    scale = longest / max(image.size)
    if scale >= 1:
        return np.asarray(image)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _shorten(image: Image.Image) -> Image.Image:
    """Keep the middle of a strip; resized whole, one of 1 x 10,000 pixels would fill gigabytes."""
    short, long = sorted(image.size)
    if long <= _LONGEST * short:
        return image
    width, height = (min(side, _LONGEST * short) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def read_spec(folder: Path, *, family: Literal["clip", "siglip"], size: int) -> PixelSpec:
    """Read how a model folder wants its pixels.

    Args:
        folder: Holds preprocessor_config.json; processor_config.json serves too. Where there is neither, the family's
            usual way is taken.
        family: Whose defaults fill in what the file leaves out.
        size: Pixels along the edge of the vision tower's input, which the result must have.

    Raises:
        ModelError: The file is damaged, or asks for something that would not be what the model was trained on.
    """
    file, settings = _settings(folder)
    if family == "clip":
        defaults: dict[str, Any] = {"size": {"shortest_edge": size}, "crop_size": size, "do_center_crop": True}
        defaults |= {"image_mean": _CLIP_MEAN, "image_std": _CLIP_STD}
    else:
        defaults = {"size": {"height": size, "width": size}, "do_center_crop": False}
        defaults |= {"image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)}
    settings = defaults | {key: value for key, value in settings.items() if value is not None}
    try:
        spec = _spec(settings, square=family == "siglip")
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{file} is not understood ({error}); fetch the model again") from None
    if (spec.height, spec.width) != (size, size):
        raise ModelError(f"{file} makes {spec.height} x {spec.width} pixels, but the model takes {size} x {size}")
    return spec


def _settings(folder: Path) -> tuple[Path, dict[str, Any]]:
    for name, inside in (("preprocessor_config.json", None), ("processor_config.json", "image_processor")):
        file = folder / name
        try:
            settings: Any = json.loads(file.read_text("utf-8"))
            settings = settings.get(inside) if inside else settings
            if settings is not None:
                return file, dict(settings)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{file} is damaged ({error}); fetch the model again") from None
    return folder / "preprocessor_config.json", {}


def _spec(settings: dict[str, Any], *, square: bool) -> PixelSpec:
    """Turn the processor's settings into a PixelSpec; ValueError for what no spec can say."""
    for step in ("do_resize", "do_rescale"):
        if not settings.get(step, True):
            raise ValueError(f"{step} is off")
    if abs(settings.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
        raise ValueError(f"rescale_factor is {settings['rescale_factor']}, not 1/255")
    # Pictures are RGB before they come here, so do_convert_rgb changes nothing.
    normalized = settings.get("do_normalize", True)
    mean = _three(settings["image_mean"]) if normalized else (0.0, 0.0, 0.0)
    std = _three(settings["image_std"]) if normalized else (1.0, 1.0, 1.0)
    resample = int(settings.get("resample", _BICUBIC))
    if resample not in set(Image.Resampling):
        raise ValueError(f"resample is {resample}")
    size = settings["size"]
    if isinstance(size, int):
        size = {"height": size, "width": size} if square else {"shortest_edge": size}
    if "shortest_edge" not in size:
        height, width = int(size["height"]), int(size["width"])
        if settings.get("do_center_crop") and _pair(settings["crop_size"]) != (height, width):
            raise ValueError("it resizes both sides and then crops")
        return PixelSpec(height, width, "exact", 0, resample, mean, std)
    if "longest_edge" in size:
        raise ValueError("it limits the longest edge")
    short_side = int(size["shortest_edge"])
    if not settings["do_center_crop"]:
        raise ValueError("without a centre crop its pictures have no fixed size")
    height, width = _pair(settings["crop_size"])
    if max(height, width) > short_side:
        raise ValueError(f"it crops {height} x {width} from pictures that are smaller")
    return PixelSpec(height, width, "short_side", short_side, resample, mean, std)


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size["height"]), int(size["width"]))


def _three(values: Any) -> tuple[float, float, float]:
    three = tuple(float(value) for value in values)
    if len(three) != 3:
        raise ValueError(f"{len(three)} channels")
    return three
