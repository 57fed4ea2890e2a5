"""Libraries of other programs: how fast what they know is read, and what their previews save."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from importers.apple_photos import ApplePhotosSource
from importers.base import Known, Options, Photo
from importers.images import open_upright
from pictures import large, small
from previews import compared
from setting import CHECKOUT, Table, say

sys.path.append(str(CHECKOUT / "tests"))
from photos_libraries import STRIDE, change, copied, multiply

_SAMPLES = Path(os.environ.get("SAFELIGHT_SAMPLES", CHECKOUT.parent / "shared" / "samples"))
_PLAIN = ("F12384F6-CD17-4151-ACBA-AE0E3688539E", "D79B8D77-BFFC-460B-9312-034F2877D35B",
          "1EB2B765-0765-43BA-A90C-0D0580E6172C")  # fmt: skip
"""Assets of the sample that are not edited and whose originals are there."""
_PREVIEW = (1024, 768)
_IPHONE = "exif/heic/mobile/iphone_13_pro_max.HEIC"
_SMALL = "heic/heif/RGB_8__128x128.heif"

_READ = """
import sys, time
from pathlib import Path
from importers.apple_photos import ApplePhotosSource

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

started, early_kb = time.perf_counter(), 0
for number, photo in enumerate(ApplePhotosSource(Path(sys.argv[1])).photos(), 1):
    if number == 50:
        early_kb = peak_kb()
print(number, time.perf_counter() - started, (peak_kb() - early_kb) / 1000)
"""


def measure(*, quick: bool) -> Iterator[Table]:
    """Make the tables of Apple Photos."""
    if not (_SAMPLES / "photos").is_dir():
        table = Table("Apple Photos", ["library"])
        table.note("Not measured: the real library that the generated ones are made of is not here.")
        yield table
        return
    yield _metadata(4 if quick else 624, 1 if quick else 3)
    yield _previews("JPEG", sorted((small(3) if quick else large(200)).iterdir()), 1 if quick else 3)
    with tempfile.TemporaryDirectory() as folder:
        files = _copies_of_heic(Path(folder), _SMALL, 3) if quick else _copies_of_heic(Path(folder), _IPHONE, 60)
        yield _previews("HEIC", files, 1 if quick else 2)


def _metadata(copies: int, rounds: int) -> Table:
    """Time what is read of a library before any picture is: the copy of its database, osxphotos, all of the rows."""
    table = Table("Apple Photos: metadata", ["assets, generated", "photos/s", "growth of the main process MB"])
    with tempfile.TemporaryDirectory() as folder:
        library = copied(_SAMPLES, Path(folder))
        count = multiply(library, copies)
        found = [_read(library) for _ in range(rounds)]
    assert all(number == count for number, _, _ in found)
    rate = count / median(seconds for _, seconds, _ in found)
    table.row(count, rate, max(growth for _, _, growth in found), ratio=rate / 2000, at_least=1)
    table.note("The ratio is to 2,000 photos/s. All is counted: starting the process that reads, copying, checking.")
    return table


def _read(library: Path) -> tuple[int, float, float]:
    said = subprocess.run(
        [sys.executable, "-c", _READ, str(library)], check=True, capture_output=True, text=True, cwd=CHECKOUT
    ).stdout
    number, seconds, growth = said.split()
    return int(number), float(seconds), float(growth)


def _copies_of_heic(folder: Path, sample: str, count: int) -> list[Path]:
    """Make as many photos of a real one as are wanted, no two of the same bytes.

    Nothing here writes HEIC, so each gets a box of its own at its end, of the kind that readers pass over (ISO/IEC
    14496-12, "free").
    """
    photo = (_SAMPLES / "images" / sample).read_bytes()
    files = [folder / f"IMG_{number:04}.HEIC" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(photo + struct.pack(">I4sI", 12, b"free", number))
    return files


def _previews(kind: str, files: list[Path], rounds: int) -> Table:
    """Index the same photos from their previews and from their originals."""
    count = len(files) // len(_PLAIN) * len(_PLAIN)
    with tempfile.TemporaryDirectory() as folder:
        library = _library(Path(folder), files[:count])
        file = next(library.rglob("*_1_105_c.jpeg"))
        previews, originals = _Listed(library, Options()), _Listed(library, Options(originals=True))
        table = compared(f"Apple Photos, {kind}", previews, originals, file, count, rounds)
    table.note(
        "From previews, too, each original is read once, for its hash. The library's rows have been read before."
    )
    return table


class _Listed(ApplePhotosSource):
    """A library whose rows have been read: what that takes is in the table before."""

    def __init__(self, path: Path, options: Options) -> None:
        super().__init__(path, options)
        self._listed = list(super().photos())

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        yield from self._listed


def _library(folder: Path, pictures: list[Path]) -> Path:
    """GENERATED: a library of photos of 12 MP with previews of the size that Photos makes."""
    library = copied(_SAMPLES, folder)
    multiply(library, len(pictures) // len(_PLAIN))
    wanted = ", ".join(f"'{key}'" for key in _PLAIN)
    copies = f"SELECT Z_PK % {STRIDE} FROM ZASSET WHERE ZUUID IN ({wanted})"
    change(
        library,
        f"DELETE FROM ZASSET WHERE Z_PK % {STRIDE} NOT IN ({copies})",
        f"DELETE FROM ZASSET WHERE Z_PK < {STRIDE}",
    )
    keys = [photo.key.decode() for photo in ApplePhotosSource(library).photos()]
    say(f"making {len(pictures)} previews")
    for key, picture in zip(keys, pictures, strict=True):
        original = library / "originals" / key[0] / f"{key}.jpeg"
        original.parent.mkdir(exist_ok=True)
        shutil.copyfile(picture, original)
        preview = library / "resources" / "derivatives" / key[0] / f"{key}_1_105_c.jpeg"
        preview.unlink()
        with open_upright(picture, min_edge=None).rgb as image:
            image.resize(_PREVIEW).save(preview, "JPEG", quality=85)
    return library
