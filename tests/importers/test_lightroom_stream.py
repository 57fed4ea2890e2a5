"""A catalog of any size passes through the memory that a few hundred photos take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_13, CatalogWriter, xmp_packet
from preview_folders import container, levels_of, picture, place, write_previews_db

CHECKOUT = Path(__file__).resolve().parents[2]
READER = """
import sys
from pathlib import Path
from importers.lightroom import open_catalog

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

with open_catalog(Path(sys.argv[1])) as catalog:
    for number, photo in enumerate(catalog.photos(), start=1):
        if number == 1000:
            early_kb = peak_kb()
print(number, peak_kb() - early_kb)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process's peak memory as Linux tells it")
def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    packet = xmp_packet('tiff:Make="Canon"', f"<dc:description>{'words ' * 1000}</dc:description>")
    photos = 8_000  # 6 KB of XMP each: 48 MB, and as much again in rows, would show
    with CatalogWriter(path, LIGHTROOM_13) as catalog:
        folder = catalog.folder()
        keywords = [catalog.keyword(f"keyword {number}") for number in range(100)]
        for number in range(photos):
            image = catalog.image(catalog.file(folder, f"IMG_{number}.CR2"))
            catalog.tag(image, keywords[number % 100], keywords[number % 77])
            catalog.xmp(image, packet)
    result = subprocess.run(
        [sys.executable, "-c", READER, str(path)], check=True, capture_output=True, text=True, cwd=CHECKOUT
    )
    count, growth_kb = map(int, result.stdout.split())
    assert count == photos
    assert growth_kb < 4_000


SOURCE_READER = """
import sys
from itertools import islice
from pathlib import Path
from importers.lightroom_source import LightroomSource

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

photos = LightroomSource(Path(sys.argv[1])).photos()
for photo in islice(photos, 600):
    pass
early_kb = peak_kb()
print(600 + sum(1 for _ in photos), peak_kb() - early_kb)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process's peak memory as Linux tells it")
def test_memory_stays_flat_with_previews(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    packet = xmp_packet('tiff:Make="Canon"', f"<dc:description>{'words ' * 1000}</dc:description>")
    photos = 2_000  # 6 KB of XMP each: 12 MB, and as much again in facts, would show
    with CatalogWriter(path, LIGHTROOM_13) as catalog:
        folder = catalog.folder()
        files = [catalog.file(folder, f"IMG_{number}.CR2") for number in range(photos)]
        images = [catalog.image(file) for file in files]
        for image in images:
            catalog.xmp(image, packet)
        names = dict(catalog.connection.execute("SELECT id_local, id_global FROM AgLibraryFile").fetchall())
    previews = tmp_path / "A Previews.lrdata"
    write_previews_db(
        previews,
        [(image, names[file], f"{image:032x}", "AB") for file, image in zip(files, images, strict=True)],
    )
    levels = levels_of(picture(1, 64, 48))
    for file, image in zip(files[::4], images[::4], strict=True):  # the others have lost theirs
        place(previews, container(levels, names[file], f"{image:032x}"), names[file], f"{image:032x}")
    result = subprocess.run(
        [sys.executable, "-c", SOURCE_READER, str(path)], check=True, capture_output=True, text=True, cwd=CHECKOUT
    )
    count, growth_kb = map(int, result.stdout.split())
    assert count == photos
    assert growth_kb < 4_000
