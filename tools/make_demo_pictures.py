"""Make assets/demo/*.jpg from freely licensed pictures that Python packages carry.

    pip download --no-deps -d WHEELS scikit-image==0.26.0 scikit-learn==1.9.1 scipy==1.9.3
    python tools/make_demo_pictures.py WHEELS/*.whl

Licences and authors: assets/demo/SOURCES.md.
"""

from __future__ import annotations

import bz2
import io
import pickletools
import sys
import zipfile
from pathlib import Path

from PIL import Image

OUT = Path(__file__).resolve().parent.parent / "assets" / "demo"
LONG_SIDE = 720
QUALITY = 85

# What the demo calls it, where the wheel has it. Names say nothing that a search could read.
PICTURES = {
    "cat.jpg": "skimage/data/chelsea.png",
    "espresso.jpg": "skimage/data/coffee.png",
    "rocket.jpg": "skimage/data/rocket.jpg",
    "astronaut.jpg": "skimage/data/astronaut.png",
    "deep-field.jpg": "skimage/data/hubble_deep_field.jpg",
    "photographer.jpg": "skimage/data/camera.png",
    "bricks.jpg": "skimage/data/brick.png",
    "pagoda.jpg": "sklearn/datasets/images/china.jpg",
    "dahlia.jpg": "sklearn/datasets/images/flower.jpg",
    "raccoon.jpg": "scipy/misc/face.dat",
    "stairway.jpg": "scipy/misc/ascent.dat",
}


def picture(name: str, data: bytes) -> Image.Image:
    if name.endswith("face.dat"):  # a bzip2 of raw 1024 x 768 RGB
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(data))
    if name.endswith("ascent.dat"):  # a pickled list of 512 rows of 512 small integers, read without executing it
        return ascent(data)
    return Image.open(io.BytesIO(data)).convert("RGB")


def ascent(data: bytes) -> Image.Image:
    grey = [number for opcode, number, _ in pickletools.genops(data) if opcode.name.startswith(("BININT", "INT"))]
    if len(grey) != 512 * 512:
        raise SystemExit(f"ascent.dat holds {len(grey)} numbers where 512 x 512 were expected")
    return Image.frombytes("L", (512, 512), bytes(grey)).convert("RGB")


def main(wheels: list[Path]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    archives = [zipfile.ZipFile(wheel) for wheel in wheels]
    for name, inside in PICTURES.items():
        data = next(archive.read(inside) for archive in archives if inside in archive.namelist())
        image = picture(inside, data)
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        image.save(OUT / name, quality=QUALITY, optimize=True)
        print(name, inside, image.size, (OUT / name).stat().st_size)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
