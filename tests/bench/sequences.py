"""Shots of one scene, which are a series and no duplicates: how many are told from copies by their pixels alone.

Generated from the demo's photographs: a camera held by hand, and one on a tripod before which something moves. Where
SEQUENCES in the environment names a folder with a folder of frames for each sequence, those are measured, too.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from importers.images import open_upright
from indexer.duplicates.features import MIN_EDGE, Features, describe_picture
from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture
from setting import CHECKOUT, Table

FRAMES = 24
_SIZE = (500, 375)
_SUBJECT = 70  # pixels across
_NAMES = {"as a camera counts": lambda n: f"IMG_{n:04}.jpg", "without a number": lambda n: f"{_letters(n)}.jpg"}


def measure(photos: int | None = None) -> Table:
    """Sort every sequence, once under a camera's names and once under names that say nothing.

    Args:
        photos: From how many of the demo's photographs sequences are generated; None: from all.
    """
    table = Table(
        "Near-duplicates: frames of one scene, without the camera's times",
        ("sequence", "frames", "names", "in a series", "called duplicates"),
    )
    for name, files in _sequences(photos):
        features = [describe_picture(open_upright(file, min_edge=MIN_EDGE)) for file in files]
        for said, named in _NAMES.items():
            in_series, called = sorted_out(features, named)
            table.row(name, len(files), said, in_series, called, ratio=called / len(files), at_most=0)
    return table


def sorted_out(features: Sequence[Features], named: Callable[[int], str]) -> tuple[int, int]:
    """Return how many frames come out in a series, and how many in groups of duplicates."""
    pictures = [Picture(named(n), "/photos", "JPEG", one.width, one.height) for n, one in enumerate(features)]
    found = find(features, pictures)
    return len({n for one in found.series for n in one.pictures}), sum(1 + len(star.members) for star in found.stars)


def _letters(number: int) -> str:
    return "".join(chr(97 + int(one)) for one in np.random.default_rng(number).integers(0, 26, 8))


def _sequences(count: int | None) -> Iterator[tuple[str, Sequence[Path | bytes]]]:
    photos = [Image.open(path).convert("RGB") for path in sorted((CHECKOUT / "assets" / "demo").glob("*.jpg"))]
    for number, photo in enumerate(photos[:count]):
        yield f"{number} by hand", [_encoded(frame) for frame in by_hand(photo, number)]
        yield f"{number} tripod", [_encoded(frame) for frame in on_a_tripod(photo, photos[number - 1], number)]
    folder = os.environ.get("SEQUENCES")
    for sequence in sorted(Path(folder).iterdir()) if folder else ():
        yield sequence.name, sorted(sequence.iterdir())


def by_hand(photo: Image.Image, seed: int) -> Iterator[Image.Image]:
    """Yield what a hand that is not quite still takes: a few pixels off from frame to frame."""
    rng = np.random.default_rng(seed)
    whole = ImageOps.fit(photo, (_SIZE[0] + 60, _SIZE[1] + 60))
    at = np.array([30.0, 30.0])
    for _ in range(FRAMES):
        at = np.clip(at + rng.normal(0, 3, 2), 0, 60)
        left, top = at.round().astype(int).tolist()
        yield _with_noise(whole.crop((left, top, left + _SIZE[0], top + _SIZE[1])), rng)


def on_a_tripod(photo: Image.Image, subject: Image.Image, seed: int) -> Iterator[Image.Image]:
    """Yield one view through which something walks, some pixels a frame."""
    rng = np.random.default_rng(seed)
    scene, walker = ImageOps.fit(photo, _SIZE), ImageOps.fit(subject, (_SUBJECT, _SUBJECT))
    mask = Image.new("L", walker.size)
    ImageDraw.Draw(mask).ellipse((0, 0, _SUBJECT - 1, _SUBJECT - 1), fill=255)
    for n in range(FRAMES):
        frame = scene.copy()
        frame.paste(walker, (20 + 16 * n, 200 + int(rng.integers(-3, 4))), mask)
        yield _with_noise(frame, rng)


def _with_noise(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add what a sensor adds."""
    noise = rng.normal(0, 3, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _encoded(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()
