"""A catalog of any size passes through the memory that a few hundred photos take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_13, CatalogWriter, xmp_packet

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
