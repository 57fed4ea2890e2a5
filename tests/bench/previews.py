"""What the previews of a library save: the same photos, indexed from them and from the originals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from checkpoints import SHAPES
from importers.base import Source
from indexer.models.load import load_encoder
from indexer.pipeline import BATCH
from pipeline import Accelerator, whole
from safelight.worker import ModelThread
from setting import HOME, Table, cores, ratio, take_turns


def compared(program: str, previews: Source, originals: Source, file: Path, count: int, rounds: int) -> Table:
    """Time whole index runs with a model that is never what is waited for.

    Args:
        previews: The library, read through its previews.
        originals: The same, read through its originals.
        file: Any picture in it.
    """
    table = Table(
        f"{program}: indexing {count} photos of 12 MP, photos/s, {cores()} cores",
        ["model", "from previews", "from originals"],
    )
    spec = load_encoder(SHAPES, home=HOME, engine="onnx", precision="float32").pixels
    thread = ModelThread(lambda: Accelerator(spec, BATCH / 1000))  # pyright: ignore
    seconds = take_turns(
        {"previews": lambda: whole(thread, previews, file), "originals": lambda: whole(thread, originals, file)},
        rounds,
    )
    thread.close()
    table.row(
        "accelerator of 1,000/s",
        count / median(seconds["previews"]),
        count / median(seconds["originals"]),
        ratio=ratio(seconds["originals"], seconds["previews"]),
        at_least=5,
    )
    return table


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make a library in a folder, which gets its name once it is whole; nothing is made where it is there."""
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        make(fresh)
        fresh.rename(folder)
    return folder
