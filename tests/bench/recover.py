"""Recovering previews beside copying the same bytes with cp, and beside the method of the tool that this grew from.

That method, rebuilt from a description of its faults: each file is read whole, a regular expression finds the JPEG
markers, what lies between the last two is opened with Pillow and written; no name, profile or metadata.
None of the three waits for the disk.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
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
    """Make one table; every round starts with an empty output folder."""
    count, rounds = (10, 1) if quick else (500, 5)
    catalog = _library(HOME / f"previews-{count}", count)
    previews = next(catalog.parent.glob("*Previews.lrdata"))
    size_mb = sum(path.stat().st_size for path in previews.rglob("*.lrprev")) / 1e6
    with tempfile.TemporaryDirectory(dir=HOME) as scratch:
        out = Path(scratch) / "out"

        contenders: dict[str, list[str | Path]] = {
            "cp": ["cp", "-r", previews, out],
            "seed": [sys.executable, __file__, previews, out],
            "ours": [*SAFELIGHT, "recover", catalog, "-o", out],
        }
        costs: dict[str, list[Cost]] = {name: [] for name in contenders}
        turns = {name: _after_cleaning(command, out, costs[name]) for name, command in contenders.items()}
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
    table.note("Safelight reads and checks every picture to its last byte before it writes it; cp looks at none.")
    yield table


def _after_cleaning(command: Sequence[str | Path], out: Path, costs: list[Cost]) -> Callable[[], float]:
    """Time a command that writes into an empty folder; emptying it is not counted."""

    def timed() -> float:
        shutil.rmtree(out, ignore_errors=True)
        costs.append(cost(command))
        return costs[-1].wall_s

    return timed


def _seed(previews: Path, out: Path) -> None:
    """Recover as the seed did."""
    out.mkdir()
    for path in previews.rglob("*.lrprev"):
        data = path.read_bytes()
        start = [match.start() for match in re.finditer(b"\xff\xd8", data)][-1]
        end = [match.end() for match in re.finditer(b"\xff\xd9", data)][-1]
        with Image.open(BytesIO(data[start:end])) as picture:
            assert picture.size
        (out / f"{path.stem[:36]}.jpg").write_bytes(data[start:end])


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


if __name__ == "__main__":
    _seed(Path(sys.argv[1]), Path(sys.argv[2]))
