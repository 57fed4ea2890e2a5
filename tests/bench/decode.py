"""From a file of 12 MP to what the model takes, on one core: ours beside the bare method and the full decode."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from importers.images import open_upright
from indexer.preprocess import PixelSpec, fit
from pictures import LARGE, scene
from setting import CHECKOUT, Table, ratio, take_turns

SPEC = PixelSpec(224, 224, "short_side", 224, 3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_HEIC = Path("images/exif/heic/mobile/iphone_13_pro_max.HEIC")  # Pillow does not write HEIC: a real one, of 12 MP


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table of all formats."""
    table = Table(
        "Decode: 12 MP to 224 x 224 on one core",
        ["format", "MB", "ours ms", "bare method ms", "full decode ms", "full / ours"],
    )
    for name, data in (_small_jpeg() if quick else _pictures()).items():
        contenders: dict[str, Callable[[], object]] = {
            "ours": lambda data=data: _ours(data),
            "bare": lambda data=data: _bare(data),
            "full": lambda data=data: _bare(data, draft=False),
        }
        seconds = take_turns(contenders, 2 if quick else 15)
        ours, bare, full = (1000 * median(seconds[who]) for who in contenders)
        speedup = f"{ratio(seconds['full'], seconds['ours']):.1f}x"
        bound = 1.15 if "JPEG" in name else None
        table.row(
            name,
            len(data) / 1e6,
            ours,
            bare,
            full,
            speedup,
            ratio=ratio(seconds["ours"], seconds["bare"]),
            at_most=bound,
        )
    table.note(
        "Bare method: Pillow alone; `draft` to at least twice the target where the format has it, resize, crop. "
        "The ratio is ours / bare method; ours also finds the format, reads EXIF and colours, and turns upright."
    )
    yield table


def _ours(data: bytes) -> object:
    picture = open_upright(data, min_edge=SPEC.min_edge)
    return fit(picture.rgb, SPEC)


def _bare(data: bytes, *, draft: bool = True) -> object:
    _teach_heic()
    image = Image.open(io.BytesIO(data))
    if draft:
        image.draft("RGB", (2 * SPEC.short_side, 2 * SPEC.short_side))
    image = image.convert("RGB")
    scale = SPEC.short_side / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - SPEC.width) // 2, (image.height - SPEC.height) // 2
    return np.asarray(image.crop((left, top, left + SPEC.width, top + SPEC.height)))


@cache
def _teach_heic() -> None:
    import pi_heif

    pi_heif.register_heif_opener()


def _small_jpeg() -> dict[str, bytes]:
    return {"JPEG": _saved(scene(0, (800, 600)), "JPEG", quality=90)}


def _pictures() -> dict[str, bytes]:
    photo = scene(0, LARGE)
    pictures = {
        "JPEG": _saved(photo, "JPEG", quality=90),
        "progressive JPEG": _saved(photo, "JPEG", quality=90, progressive=True),
        "PNG": _saved(photo, "PNG", compress_level=6),
        "WebP": _saved(photo, "WEBP", quality=90, method=2),
        "AVIF": _saved(photo, "AVIF", quality=70, speed=9),
    }
    heic = Path(os.environ.get("SAFELIGHT_SAMPLES", CHECKOUT.parent / "shared" / "samples")) / _HEIC
    return pictures | ({"HEIC": heic.read_bytes()} if heic.exists() else {})


def _saved(photo: Image.Image, kind: str, **how: object) -> bytes:
    data = io.BytesIO()
    photo.save(data, kind, **how)
    return data.getvalue()
