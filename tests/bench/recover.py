"""Recovering previews beside copying the same bytes with cp, and beside the method of the tool that this grew from.

All three find the previews in memory, write into the same file system, and wait for no disk: each begins when nothing
waits to be written any more.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from commands import SAFELIGHT, Cost, cost
from setting import CHECKOUT, HOME, Table, ratio, take_turns

sys.path.append(str(CHECKOUT / "tests"))  # where pytest finds what tests share
from lightroom_catalogs import CatalogWriter
from preview_folders import container, levels_of, place, write_previews_db

_KINDS = 10


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table; every run has an output folder of its own."""
    for package in ("lrprev", "importers", "indexer", "safelight"):
        compileall.compile_dir(CHECKOUT / package, quiet=1)  # as they are once installed, whatever the environment says
    count, rounds = (10, 1) if quick else (500, 5)
    catalog = _library(HOME / f"previews-{count}", count)
    previews = next(catalog.parent.glob("*Previews.lrdata"))
    size_mb = sum(path.stat().st_size for path in previews.rglob("*.lrprev")) / 1e6
    contenders: dict[str, list[str | Path]] = {
        "cp": ["cp", "-r", previews],
        "seed": [sys.executable, Path(__file__).with_name("recover_seed.py"), previews],
        "ours": [*SAFELIGHT, "recover", catalog, "-o"],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory(dir=HOME) as scratch:
        turns = {name: _into(Path(scratch), name, command, costs[name]) for name, command in contenders.items()}
        seconds = take_turns(turns, rounds)
    table = Table(f"Recovering {count} previews, {size_mb:.0f} MB", ["what", "seconds", "MB/s", "CPU seconds"])
    middle = {name: median(times) for name, times in seconds.items()}
    cpu = {name: min(cost.cpu_s for cost in spent) for name, spent in costs.items()}
    rows = {"cp": "cp -r of the previews folder", "seed": "the seed's method"}
    for name, what in rows.items():
        table.row(what, middle[name], size_mb / middle[name], cpu[name])
    cells = "safelight recover: names, profile, metadata, report", middle["ours"], size_mb / middle["ours"], cpu["ours"]
    table.row(*cells, ratio=ratio(seconds["cp"], seconds["ours"]), at_least=0.5)
    table.row("... beside the seed's method", "", "", "", ratio=ratio(seconds["seed"], seconds["ours"]), at_least=1)
    table.note("Ratios are times as fast. CPU seconds are the least of any round: on a busy machine the surer figure.")
    table.note("Safelight reads and checks what it writes, and writes the largest level alone; cp copies every file.")
    table.note("On ext4 without a journal, wait five minutes after another run, or after much was deleted there.")
    yield table


def _into(scratch: Path, name: str, command: Sequence[str | Path], costs: list[Cost]) -> Callable[[], float]:
    """Time a command that writes into a new folder, which it takes as its last argument.

    What it wrote is emptied and not deleted: ext4 without a journal, as small machines have it, looks at every inode
    that was deleted in the last minutes before it takes another, which would be a fifth of the next run.
    """

    def timed() -> float:
        out = scratch / f"{name}-{len(costs)}"
        os.sync()
        costs.append(cost([*command, out]))
        for path in out.rglob("*"):
            if path.is_file():
                os.truncate(path, 0)
        return costs[-1].wall_s

    return timed


def _library(folder: Path, count: int) -> Path:
    """Make a catalog with previews, each about a megabyte with all its levels."""
    catalog = folder / "Bench.lrcat"
    if catalog.exists():
        return catalog
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    previews = folder / "Bench Previews.lrdata"
    kinds = [levels_of(_picture(rng), quality=82) for _ in range(_KINDS)]
    current = []
    with CatalogWriter(folder / "unfinished.lrcat") as writer:
        folder_id = writer.folder()
        for number in range(count):
            name = str(uuid.UUID(int=rng.integers(1 << 62).item() << 64 | number, version=4)).upper()
            digest = f"{number:032x}"
            file = writer.file(folder_id, f"IMG_{number:04}.CR2", id_global=name)
            current.append((writer.image(file, digest=digest), name, digest, "AB"))
            place(previews, container(kinds[number % _KINDS], name, digest), name, digest)
    write_previews_db(previews, current)
    (folder / "unfinished.lrcat").rename(catalog)
    return catalog


def _picture(rng: np.random.Generator) -> Image.Image:
    """Make smooth shapes with a little grain: the size of a standard preview, and about a megabyte as its JPEGs are."""
    colours = Image.fromarray(rng.integers(0, 256, (12, 18, 3), np.uint8))
    shapes = np.asarray(colours.resize((1920, 1280), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(shapes + rng.normal(0, 10, shapes.shape), 0, 255).astype(np.uint8))
