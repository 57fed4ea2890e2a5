"""Lightroom catalogs: how fast what they know is read, and what their previews save."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from PIL import Image

from importers.base import Options
from importers.lightroom_source import LightroomSource
from pictures import large
from previews import compared, made_once
from setting import CHECKOUT, HOME, Table, say

sys.path.append(str(CHECKOUT / "tests"))  # where pytest finds what tests share
from lightroom_catalogs import LIGHTROOM_13, CatalogWriter, xmp_packet
from preview_folders import container, levels_of, picture, place, write_previews_db

_STANDARD = (1920, 1440)
"""A standard preview of Lightroom for a screen of 1920 pixels."""

_READ = """
import sys, time
from pathlib import Path
from importers.lightroom_source import LightroomSource

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

known = (lambda key, stamp: True) if sys.argv[2] == "known" else None
wall, cpu, early_kb = time.perf_counter(), time.process_time(), 0
for number, photo in enumerate(LightroomSource(Path(sys.argv[1])).photos(known), 1):
    assert photo.renditions
    if number == 1000:
        early_kb = peak_kb()
print(number, time.perf_counter() - wall, time.process_time() - cpu, (peak_kb() - early_kb) / 1000)
"""


def measure(*, quick: bool) -> Iterator[Table]:
    """Make the tables of Lightroom."""
    yield _metadata(1000 if quick else 50_000, 1 if quick else 3)
    yield _previews(3 if quick else 200, 1 if quick else 3)


def _metadata(count: int, rounds: int) -> Table:
    """Time a catalog with everything in it, once as it is met first and once as it is met again."""
    catalog = made_once(HOME / f"lightroom-{count}", lambda folder: _write_catalog(folder, count)) / "Lib.lrcat"
    table = Table(
        f"Lightroom: {count:,} photos with previews, generated", ["run", "photos/s", "photos/CPU s", "growth MB"]
    )
    for run, what in (("new", "first run: each preview is opened"), ("known", "later run: none is opened")):
        found = [_read(catalog, run) for _ in range(rounds)]
        assert all(number == count for number, *_ in found)
        rate = count / median(wall for _, wall, _, _ in found)
        cpu_rate = count / median(cpu for _, _, cpu, _ in found)
        growth = max(growth for *_, growth in found)
        table.row(what, rate, cpu_rate, growth, ratio=rate / 2000, at_least=1 if run == "known" else None)
    table.note(
        "The ratio is to 2,000 photos/s. A first run reads the headers of every preview, too, which is part of decoding"
        " it. Growth is of the peak memory, after the first 1,000 photos."
    )
    return table


def _read(catalog: Path, run: str) -> tuple[int, float, float, float]:
    said = subprocess.run(
        [sys.executable, "-c", _READ, catalog, run], check=True, capture_output=True, text=True, cwd=CHECKOUT
    ).stdout
    number, wall, cpu, growth = said.split()
    return int(number), float(wall), float(cpu), float(growth)


def _write_catalog(folder: Path, count: int) -> None:
    """GENERATED: a catalog with keywords, collections and XMP, and a small preview of each photo."""
    say(f"writing a catalog of {count:,} photos")
    packet = xmp_packet('tiff:Make="Canon"', f"<dc:description>{'words ' * 200}</dc:description>")
    current: list[tuple[int, str, str, str | None]] = []
    with CatalogWriter(folder / "Lib.lrcat", LIGHTROOM_13) as writer:
        folders = [writer.folder(f"{number}/") for number in range(100)]
        keywords = [writer.keyword(f"keyword {number}") for number in range(500)]
        collections = [writer.add("AgLibraryCollection", name=f"{number}", systemOnly=0.0) for number in range(50)]
        for number in range(count):
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))).upper()
            image = writer.image(writer.file(folders[number % 100], f"IMG_{number}.CR2", id_global=name))
            writer.tag(image, keywords[number % 500], keywords[number % 499], keywords[number % 497])
            writer.add("AgLibraryCollectionImage", collection=collections[number % 50], image=image)
            writer.xmp(image, packet)
            current.append((image, name, f"{image:032x}", "AB"))
    previews = folder / "Lib Previews.lrdata"
    write_previews_db(previews, current)
    levels = levels_of(picture(1, 64, 48))
    for _, name, digest, _ in current:
        place(previews, container(levels, name, digest), name, digest)


def _previews(count: int, rounds: int) -> Table:
    home = HOME / f"lightroom-large-{count}"
    catalog = made_once(home, lambda folder: _write_library(folder, home, count)) / "Lib.lrcat"
    previews, originals = LightroomSource(catalog), LightroomSource(catalog, Options(originals=True))
    file = next(islice(catalog.parent.glob("originals/*.jpg"), 1))
    table = compared("Lightroom", previews, originals, file, count, rounds)
    table.note("JPEG originals, online: from previews, too, each is read once, for its hash.")
    return table


def _write_library(folder: Path, home: Path, count: int) -> None:
    """GENERATED: a catalog of unedited JPEGs of 12 MP, each with a standard preview; it goes to `home` then."""
    say(f"making {count} previews")
    shutil.copytree(large(count), folder / "originals")
    current: list[tuple[int, str, str, str | None]] = []
    previews = folder / "Lib Previews.lrdata"
    with CatalogWriter(folder / "Lib.lrcat", root=f"{home}/originals/") as writer:
        inside = writer.folder("")
        for number, file in enumerate(sorted((folder / "originals").iterdir())):
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, file.name)).upper()
            digest = f"{number:032x}"
            image = writer.image(writer.file(inside, file.name, id_global=name), digest=digest, fileFormat="JPG")
            with Image.open(file) as original:
                levels = levels_of(original.resize(_STANDARD), quality=85)
            place(previews, container(levels, name, digest), name, digest)
            current.append((image, name, digest, "AB"))
    write_previews_db(previews, current)
