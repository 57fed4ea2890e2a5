"""Collect real pictures to measure duplicates with: from Debian packages of wallpapers, or from folders.

python tests/bench/photos.py OUT gnome-backgrounds mate-backgrounds ~/Pictures/some
PHOTOS=OUT make bench SECTIONS=duplicates

Pictures that differ by little are taken once, by a hash that is not the one under test.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".heic"}
_LEAST_SIDE = 250
_LONG_SIDE = 640
_LEAST_TEXTURE = 1.5  # mean step from pixel to pixel: below is a drawing with plain areas
_PICTURES_IN_RCC = re.compile(rb"RIFF(....)WEBP|\xff\xd8\xff[\xe0\xe1\xdb]", re.DOTALL)
_MOST_BYTES_IN_RCC = 4_000_000


def collect(out: Path, sources: list[str]) -> int:
    """Write the pictures of `sources`, 640 pixels at most, to `out`; returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    seen = list[int]()
    for source in sources:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(source) if Path(source).is_dir() else _unpacked(source, Path(scratch))
            for name, picture in _pictures(folder):
                mark = _difference_hash(picture)
                if all((mark ^ other).bit_count() > 6 for other in seen):
                    seen.append(mark)
                    label = re.sub(r"\W+", "_", f"{Path(source).name}__{name}")[:60]
                    picture.save(out / f"{label}_{len(seen)}.jpg", quality=92)
        print(source, len(seen), flush=True)
    return len(seen)


def _unpacked(package: str, scratch: Path) -> Path:
    """Download a Debian package and unpack it, without installing it."""
    subprocess.run(["apt-get", "download", package], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    (deb,) = scratch.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", deb, scratch / "files"], check=True)
    return scratch / "files"


def _pictures(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix.lower() in _ENDINGS:
            yield from _usable(path.stem, path)
        elif path.suffix == ".rcc":  # Qt's archive; pictures lie in it as they are
            data = path.read_bytes()
            for found in _PICTURES_IN_RCC.finditer(data):
                piece = Path(f"{folder}.piece")
                piece.write_bytes(data[found.start() : found.start() + _MOST_BYTES_IN_RCC])
                yield from _usable(f"{path.stem}_{found.start()}", piece)


def _usable(name: str, path: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield the picture, reduced, if it is one and not too small or plain."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * _LONG_SIDE, 2 * _LONG_SIDE))
            if min(image.size) < _LEAST_SIDE or max(image.size) > 4 * min(image.size):
                return
            whole = image.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return
    picture.thumbnail((_LONG_SIDE, _LONG_SIDE))
    gray = np.asarray(picture.convert("L"), np.float32)
    if float(np.abs(np.diff(gray, axis=1)).mean()) > _LEAST_TEXTURE:
        yield name, picture


def _difference_hash(picture: Image.Image) -> int:
    gray = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BILINEAR)).astype(np.int16)
    return int.from_bytes(np.packbits(gray[:, 1:] > gray[:, :-1]).tobytes())


if __name__ == "__main__":
    print(f"{collect(Path(sys.argv[1]), sys.argv[2:]):,} pictures in {sys.argv[1]}")
