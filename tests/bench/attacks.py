"""The 24 edits that near-duplicate finders are measured with, after those of INRIA's Copydays and of AugLy.

The first 13 are what happens to a photo on its way through mail, messengers and simple programs ("easy"), the other
11 are what people do to it ("hard"). All are written as files, as they would lie on a disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Edit = Callable[[Image.Image, bytes], bytes]
"""(upright RGB picture, its file) -> the edited file."""

QUALITY = 85


def _jpeg(picture: Image.Image, quality: int = QUALITY, **how: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality, **how)
    return data.getvalue()


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG", compress_level=3)
    return data.getvalue()


def _sized(picture: Image.Image, share: float) -> Image.Image:
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _square(picture: Image.Image) -> Image.Image:
    edge = min(picture.size)
    return picture.resize((edge, edge), Image.Resampling.LANCZOS)


def _cropped(picture: Image.Image, off: float, where: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """Cut away a share of the picture's surface."""
    width, height = (round(side * (1 - off) ** 0.5) for side in picture.size)
    left, top = round((picture.width - width) * where[0]), round((picture.height - height) * where[1])
    return picture.crop((left, top, left + width, top + height))


def _turned_by_exif(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _jpeg(picture.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _screenshot(picture: Image.Image) -> Image.Image:
    """Show it on a phone's screen, with the bars of a program that shows photos."""
    screen = Image.new("RGB", (540, 960), (18, 18, 20))
    shown = ImageOps.contain(picture, (540, 700))
    screen.paste(shown, ((540 - shown.width) // 2, 110 + (700 - shown.height) // 2))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 540, 70), fill=(245, 245, 247))
    draw.text((20, 22), "9:41   Camera Roll   Today", fill=(20, 20, 20), font=ImageFont.load_default(24))
    for n in range(5):
        draw.ellipse((40 + n * 105, 870, 80 + n * 105, 910), outline=(230, 230, 230), width=4)
    return screen


def _captioned(picture: Image.Image) -> Image.Image:
    """Put a bar with words above it, as memes have."""
    bar = max(24, picture.height // 5)
    framed = Image.new("RGB", (picture.width, picture.height + bar), "white")
    framed.paste(picture, (0, bar))
    words = ImageFont.load_default(bar * 0.45)
    ImageDraw.Draw(framed).text((bar * 0.3, bar * 0.2), "when you see it", fill="black", font=words)
    return framed


def _filtered(picture: Image.Image) -> Image.Image:
    """Give it a faded, warm look with dark corners."""
    pixels = np.asarray(picture, np.float32) / 255
    pixels = pixels * (0.85, 0.75, 0.6) + (0.12, 0.1, 0.12)
    y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
    pixels *= (1 - 0.25 * (x * x + y * y))[..., None]
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))


EASY: dict[str, Edit] = {
    "exact": lambda picture, file: file,
    "q50": lambda picture, file: _jpeg(picture, 50),
    "png": lambda picture, file: _png(picture),
    "up2": lambda picture, file: _jpeg(_sized(picture, 2)),
    "square": lambda picture, file: _jpeg(_square(picture)),
    "s16q75": lambda picture, file: _jpeg(_sized(picture, 1 / 4), 75),
    "s16q30": lambda picture, file: _jpeg(_sized(picture, 1 / 4), 30),
    "exifrot": lambda picture, file: _turned_by_exif(picture),
    "bright": lambda picture, file: _jpeg(ImageEnhance.Brightness(picture).enhance(1.5)),
    "gray": lambda picture, file: _jpeg(picture.convert("L")),
    "contrast": lambda picture, file: _jpeg(ImageEnhance.Contrast(picture).enhance(1.7)),
    "blur": lambda picture, file: _jpeg(picture.filter(ImageFilter.GaussianBlur(2.5))),
    "crop10": lambda picture, file: _jpeg(_cropped(picture, 0.1)),
}
HARD: dict[str, Edit] = {
    "crop20": lambda picture, file: _jpeg(_cropped(picture, 0.2, (0.3, 0.7))),
    "crop30": lambda picture, file: _jpeg(_cropped(picture, 0.3, (0.7, 0.6))),
    "crop50": lambda picture, file: _jpeg(_cropped(picture, 0.5)),
    "crop70": lambda picture, file: _jpeg(_cropped(picture, 0.7, (0.4, 0.4))),
    "rot90": lambda picture, file: _jpeg(picture.transpose(Image.Transpose.ROTATE_90)),
    "rot8": lambda picture, file: _jpeg(picture.rotate(8, Image.Resampling.BICUBIC)),
    "hflip": lambda picture, file: _jpeg(ImageOps.mirror(picture)),
    "s16q10": lambda picture, file: _jpeg(_sized(picture, 1 / 4), 10),
    "screenshot": lambda picture, file: _jpeg(_screenshot(picture)),
    "caption": lambda picture, file: _jpeg(_captioned(picture)),
    "filter": lambda picture, file: _jpeg(_filtered(picture)),
}
BEYOND: dict[str, Edit] = {
    "border": lambda picture, file: _jpeg(ImageOps.expand(picture, max(picture.size) // 10, "white")),
    "solar": lambda picture, file: _jpeg(ImageOps.solarize(picture, 128)),
    "rot90crop": lambda picture, file: _jpeg(_cropped(picture, 0.3).transpose(Image.Transpose.ROTATE_90)),
    "fliprop": lambda picture, file: _jpeg(ImageOps.mirror(_cropped(picture, 0.4, (0.8, 0.2)))),
    "rot3crop": lambda picture, file: _jpeg(_cropped(picture.rotate(3, Image.Resampling.BICUBIC), 0.2)),
    "webp": lambda picture, file: _webp(picture),
    "sharp": lambda picture, file: _jpeg(ImageEnhance.Sharpness(picture).enhance(4)),
}
"""Not among the 24; asked for with --beyond."""

EDITS = EASY | HARD


def _webp(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=60)
    return data.getvalue()
