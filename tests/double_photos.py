"""Photos that are there more than once, made from the demo's: copies, edits, and a burst, which is no duplicates."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

DEMO = Path(__file__).resolve().parents[1] / "assets" / "demo"
GROUPS = {"edited": 1, "re-encoded": 1, "resized": 1, "same bytes": 1, "series": 1}
PHOTOS = 14


def double_photos(folder: Path) -> None:
    """Write four groups of duplicates, a burst of three, and a photo that is there once."""
    (folder / "export").mkdir(parents=True)
    for name in ("cat", "pagoda", "espresso", "astronaut", "rocket"):
        shutil.copy(DEMO / f"{name}.jpg", folder)
    cat = Image.open(DEMO / "cat.jpg").convert("RGB")
    shutil.copy(DEMO / "cat.jpg", folder / "export" / "cat copy.jpg")
    cat.resize((cat.width // 2, cat.height // 2)).save(folder / "export" / "cat small.jpg", quality=80)
    cat.crop((40, 30, cat.width - 60, cat.height - 40)).save(folder / "export" / "cat cropped.jpg", quality=90)
    Image.open(DEMO / "pagoda.jpg").save(folder / "export" / "pagoda again.jpg", quality=40)
    shutil.copy(DEMO / "espresso.jpg", folder / "export" / "espresso copy.jpg")
    astronaut = Image.open(DEMO / "astronaut.jpg").convert("RGB")
    astronaut.resize((astronaut.width // 2, astronaut.height // 2)).save(folder / "export" / "astronaut small.jpg")
    _burst(folder)


def _burst(folder: Path) -> None:
    """Write what a camera writes that follows a flower in the wind: three frames, a second apart."""
    dahlia = Image.open(DEMO / "dahlia.jpg").convert("RGB")
    for number in range(3):
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Canon", "Canon EOS R5"
        exif.get_ifd(0x8769)[0x9003] = f"2024:06:01 12:00:0{number}"
        left = 3 * number
        frame = dahlia.crop((left, left, dahlia.width - 9 + left, dahlia.height - 9 + left))
        frame.save(folder / f"IMG_041{number}.jpg", quality=92, exif=exif)
