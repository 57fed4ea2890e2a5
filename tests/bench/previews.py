"""What the previews of a library save: the same photos, indexed from them and from the originals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from PIL import Image

from importers.base import Source
from indexer.pipeline import BATCH
from indexer.preprocess import PixelSpec
from pipeline import Accelerator, whole
from safelight.worker import ModelThread
from setting import Table, cores, ratio, take_turns

_SIDES = (64, 224)
"""Pixels of the models' input: one so small that reading pictures is all that costs, and what CLIP and SigLIP take."""


def compared(program: str, previews: Source, originals: Source, file: Path, count: int, rounds: int) -> Table:
    """Time whole index runs with a model that is never what is waited for.

    Args:
        previews: The library, read through its previews.
        originals: The same, read through its originals.
        file: Any picture in it.
    """
    table = Table(
        f"{program}: indexing {count} photos of 12 MP, photos/s, {cores()} cores",
        ["accelerator of 1,000/s, of", "from previews", "from originals"],
    )
    for side in _SIDES if rounds > 1 else _SIDES[:1]:  # one round shows only that it runs
        seconds = _seconds(side, previews, originals, file, rounds)
        table.row(
            f"{side} x {side} pixels",
            count / median(seconds["previews"]),
            count / median(seconds["originals"]),
            ratio=ratio(seconds["originals"], seconds["previews"]),
            at_least=5 if side == min(_SIDES) else None,
        )
    return table


def _seconds(side: int, previews: Source, originals: Source, file: Path, rounds: int) -> dict[str, list[float]]:
    spec = PixelSpec(side, side, "short_side", side, Image.Resampling.BICUBIC, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    thread = ModelThread(lambda: Accelerator(spec, BATCH / 1000))  # pyright: ignore
    seconds = take_turns(
        {"previews": lambda: whole(thread, previews, file), "originals": lambda: whole(thread, originals, file)},
        rounds,
    )
    thread.close()
    return seconds


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make a library in a folder, which gets its name once it is whole; nothing is made where it is there."""
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        make(fresh)
        fresh.rename(folder)
    return folder
