"""Generated photo libraries: from the demo's photographs, always the same ones, kept in build/bench/pictures."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from setting import CHECKOUT, HOME, say

LARGE = (4000, 3000)  # 12 MP
ONE_MP, FEW = (1200, 900), 10  # drawing 12 MP takes seconds
SMALL = 500  # pixels, the longer side
EDITED = 157  # photos, each in len(EDITS) edits; with DISTRACTORS the 4,768 files on which peers were measured
DISTRACTORS = 1000  # 24 x 157 + 1,000 = 4,768


def large(count: int) -> Path:
    """Return a folder with `count` JPEGs of 12 MP, 3 to 5 MB each; of few, which no figure is taken of, 1 MP."""
    return _folder(f"large-{count}", count, partial(_write_large, LARGE if count >= FEW else ONE_MP))


def small(count: int) -> Path:
    """Return a folder with `count` JPEGs of about 500 x 375 pixels, no two alike."""
    return _folder(f"small-{count}", count, _write_small)


def edited(count: int = 4768) -> Path:
    """Return a folder with the edits of 157 photos and other photos, 4,768 files where none is left out."""
    return _folder(f"edited-{count}", count, _write_edited)


def scene(number: int, size: tuple[int, int]) -> Image.Image:
    """Cut a part out of one of the demo's photographs, blown up to `size`, with the noise that a sensor adds."""
    rng = np.random.default_rng(number)
    photos = _photos()
    photo = photos[number % len(photos)]
    share = rng.uniform(0.4, 0.9)
    width, height = int(photo.width * share), int(photo.height * share)
    left, top = rng.integers(0, photo.width - width), rng.integers(0, photo.height - height)
    part = photo.crop((left, top, left + width, top + height))
    if rng.random() < 0.5:
        part = ImageOps.mirror(part)
    picture = ImageOps.fit(part, size, Image.Resampling.BICUBIC)
    # Noise of two grains, so that an enlarged picture has detail at every scale, as a photograph has.
    rough = rng.normal(0, 10, (size[1] // 4, size[0] // 4))
    grain = np.asarray(Image.fromarray(rough.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
    noise = grain + rng.standard_normal((size[1], size[0]), dtype=np.float32) * 5
    return Image.fromarray(np.clip(np.asarray(picture) + noise[..., None], 0, 255).astype(np.uint8))


@cache
def _photos() -> list[Image.Image]:
    files = sorted((CHECKOUT / "assets" / "demo").glob("*.jpg"))
    return [Image.open(file).convert("RGB") for file in files]


def _folder(name: str, count: int, write: Callable[[Path, int], None]) -> Path:
    folder = HOME / "pictures" / name
    if not folder.exists():
        say(f"drawing {count:,} pictures into {folder.relative_to(CHECKOUT)}")
        fresh = folder.with_name(f"{name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(write, fresh), range(count), chunksize=max(1, min(16, count // 8))))
        fresh.rename(folder)
    return folder


def _write_large(size: tuple[int, int], folder: Path, number: int) -> None:
    quality = (88, 90, 92)[number % 3]
    scene(number, size).save(folder / f"IMG_{number:04}.jpg", quality=quality)


def _write_small(folder: Path, number: int) -> None:
    scene(number, (SMALL, SMALL * 3 // 4)).save(folder / f"{number:06}.jpg", quality=85)


def _write_edited(folder: Path, number: int) -> None:
    photo, edit = divmod(number, len(EDITS))
    if photo >= EDITED:
        _write_small(folder, number)
        return
    name, change = EDITS[edit]
    data = change(scene(photo, (SMALL, SMALL * 3 // 4)))
    (folder / f"{photo:03}-{name}{'.png' if data[:4] == bytes((0x89,)) + b'PNG' else '.jpg'}").write_bytes(data)


def _jpeg(picture: Image.Image, quality: int = 85, **how: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality, **how)
    return data.getvalue()


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _sized(picture: Image.Image, share: float) -> Image.Image:
    return picture.resize((int(picture.width * share), int(picture.height * share)), Image.Resampling.LANCZOS)


def _cropped(picture: Image.Image, share: float) -> Image.Image:
    edge_x, edge_y = int(picture.width * share / 2), int(picture.height * share / 2)
    return picture.crop((edge_x, edge_y, picture.width - edge_x, picture.height - edge_y))


def _turned_by_exif(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _jpeg(picture.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _framed(picture: Image.Image) -> Image.Image:
    return ImageOps.expand(picture, 60, (32, 32, 36))


EDITS: list[tuple[str, Callable[[Image.Image], bytes]]] = [
    ("base", _jpeg),
    ("exact", _jpeg),
    ("q50", lambda picture: _jpeg(picture, 50)),
    ("png", _png),
    ("up2", lambda picture: _jpeg(_sized(picture, 2))),
    ("square", lambda picture: _jpeg(picture.resize((400, 400)))),
    ("s16q75", lambda picture: _jpeg(_sized(picture, 0.4), 75)),
    ("s16q30", lambda picture: _jpeg(_sized(picture, 0.4), 30)),
    ("s16q10", lambda picture: _jpeg(_sized(picture, 0.4), 10)),
    ("exifrot", _turned_by_exif),
    ("bright", lambda picture: _jpeg(ImageEnhance.Brightness(picture).enhance(1.3))),
    ("gray", lambda picture: _jpeg(picture.convert("L"))),
    ("contrast", lambda picture: _jpeg(ImageEnhance.Contrast(picture).enhance(1.4))),
    ("blur", lambda picture: _jpeg(picture.filter(ImageFilter.GaussianBlur(2)))),
    ("sharp", lambda picture: _jpeg(picture.filter(ImageFilter.SHARPEN))),
    ("crop10", lambda picture: _jpeg(_cropped(picture, 0.1))),
    ("crop20", lambda picture: _jpeg(_cropped(picture, 0.2))),
    ("crop50", lambda picture: _jpeg(_cropped(picture, 0.5))),
    ("crop70", lambda picture: _jpeg(_cropped(picture, 0.7))),
    ("rot90", lambda picture: _jpeg(picture.transpose(Image.Transpose.ROTATE_90))),
    ("rot8", lambda picture: _jpeg(picture.rotate(8, Image.Resampling.BICUBIC))),
    ("hflip", lambda picture: _jpeg(ImageOps.mirror(picture))),
    ("screenshot", lambda picture: _jpeg(_framed(picture))),
    ("solar", lambda picture: _jpeg(ImageOps.solarize(picture, 128))),
]
