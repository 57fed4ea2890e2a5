"""Generated pictures that look alike and are not one: what near-duplicate finders take for copies.

Each kind is a family of pictures of which no two are the same: they share a frame, a form, a studio, a place, a grain,
but not what they show. Every pair that a finder makes of them is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

SIZE = (500, 375)
_TEXT = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which"
    " one you were all her she there would their we him been has when who will no more if out so up said what its about"
    " than into them can only other time new some could these two may first then do light water window river morning"
)
_WORDS = _TEXT.split()

Make = Callable[[np.random.Generator, int, Sequence[Image.Image]], Image.Image]
"""(random numbers that every picture of the family gets anew, its number, photos) -> a picture."""


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def families(photos: Sequence[Image.Image], each: int = 12) -> dict[str, list[Image.Image]]:
    """Make `each` pictures of every kind; photos serve as what is shown, each but once a family."""
    made: dict[str, list[Image.Image]] = {}
    for place, (name, make) in enumerate(KINDS.items()):
        made[name] = [make(np.random.default_rng((place, n)), n, photos) for n in range(min(each, len(photos)))]
    return made


def _noise(rng: np.random.Generator, picture: Image.Image, deviation: float = 3.0) -> Image.Image:
    pixels = np.asarray(picture.convert("RGB"), np.float32)
    grain = rng.standard_normal(pixels.shape[:2], dtype=np.float32)[..., None]
    return Image.fromarray(np.clip(pixels + deviation * grain, 0, 255).astype(np.uint8))


def _sentence(rng: np.random.Generator, words: int) -> str:
    return " ".join(rng.choice(_WORDS, words))


def _photo(photos: Sequence[Image.Image], number: int, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(photos[number % len(photos)].convert("RGB"), size)


def page(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A printed page: the same margins and heading, other words."""
    sheet = Image.new("RGB", (530, 750), (250, 249, 245))
    draw = ImageDraw.Draw(sheet)
    draw.text((60, 40), "Proceedings of the Society", fill="black", font=_font(18))
    for line in range(34):
        if rng.random() > 0.08:
            draw.text((60, 90 + 18 * line), _sentence(rng, 9), fill=(30, 30, 30), font=_font(13))
    return _noise(rng, sheet, 2)


def receipt(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A receipt of one shop: the same head and foot, other goods and prices."""
    slip = Image.new("RGB", (300, 600), (240, 240, 236))
    draw = ImageDraw.Draw(slip)
    draw.text((70, 20), "CORNER SHOP", fill="black", font=_font(22))
    draw.text((40, 50), "12 Station Road   Tel 555 0101", fill="black", font=_font(13))
    lines = int(rng.integers(8, 18))
    for line in range(lines):
        what = f"{_sentence(rng, 2)[:16]:16} {rng.uniform(0.5, 30):6.2f}"
        draw.text((40, 90 + 22 * line), what, fill="black", font=_font(15))
    draw.text((40, 110 + 22 * lines), f"TOTAL {rng.uniform(10, 200):8.2f}", fill="black", font=_font(20))
    draw.text((60, 560), "Thank you for your visit", fill="black", font=_font(14))
    return _noise(rng, slip, 2)


def form(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A filled form: the same boxes and labels, other entries."""
    sheet = Image.new("RGB", (530, 750), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((150, 30), "APPLICATION FORM", fill="black", font=_font(24))
    for row in range(14):
        top = 90 + 45 * row
        draw.rectangle((40, top, 490, top + 36), outline=(60, 60, 60), width=2)
        draw.text((46, top + 2), f"{row + 1}. {_WORDS[row].title()}", fill=(90, 90, 90), font=_font(11))
        entry = _sentence(rng, int(rng.integers(1, 5)))
        draw.text((150, top + 12), entry, fill=(20, 30, 120), font=_font(18))
    return sheet


def slide(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A slide of one talk: the same bars and logo, other words and another picture."""
    sheet = Image.new("RGB", (640, 360), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 640, 60), fill=(20, 60, 120))
    draw.rectangle((0, 335, 640, 360), fill=(230, 120, 20))
    draw.ellipse((580, 8, 624, 52), fill=(250, 210, 40), outline="white", width=3)
    draw.text((20, 14), _sentence(rng, 4).title(), fill="white", font=_font(26))
    for line in range(5):
        draw.text((30, 85 + 45 * line), "- " + _sentence(rng, 4), fill="black", font=_font(17))
    if number % 2:
        sheet.paste(_photo(photos, number, (220, 160)), (390, 110))
    return sheet


def screen(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A phone's screen with another photo each time: the bars are the same."""
    shown = Image.new("RGB", (540, 960), (18, 18, 20))
    shown.paste(_photo(photos, number, (540, 405)), (0, 260))
    draw = ImageDraw.Draw(shown)
    draw.rectangle((0, 0, 540, 90), fill=(245, 245, 247))
    draw.text((20, 30), f"9:{rng.integers(10, 60)}   Camera Roll", fill=(20, 20, 20), font=_font(28))
    for n in range(5):
        draw.ellipse((40 + n * 105, 860, 90 + n * 105, 910), outline=(230, 230, 230), width=5)
        draw.line((50 + n * 105, 885, 80 + n * 105, 885), fill=(230, 230, 230), width=5)
    return shown


def chat(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A screenshot of a conversation: the same background and head, other bubbles."""
    shown = Image.new("RGB", (480, 850), (225, 232, 214))
    draw = ImageDraw.Draw(shown)
    draw.rectangle((0, 0, 480, 70), fill=(20, 110, 90))
    draw.text((80, 20), "Family", fill="white", font=_font(26))
    top = 90
    while top < 780:
        height, right = int(rng.integers(36, 110)), bool(rng.random() < 0.5)
        box = (150, top, 465, top + height) if right else (15, top, 330, top + height)
        draw.rounded_rectangle(box, 12, fill=(220, 248, 198) if right else "white")
        for line in range(height // 24):
            words = _sentence(rng, 5)[:34]
            draw.text((box[0] + 12, top + 6 + 22 * line), words, fill=(30, 30, 30), font=_font(15))
        top += height + 12
    return shown


def meme(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """The same words in the same bars above and below another photo."""
    shown = Image.new("RGB", (500, 560), "white")
    shown.paste(_photo(photos, number, (500, 360)), (0, 100))
    draw = ImageDraw.Draw(shown)
    draw.text((40, 25), "ONE DOES NOT SIMPLY", fill="black", font=_font(38))
    draw.text((60, 490), "WALK INTO MONDAY", fill="black", font=_font(38))
    return shown


def subtitle(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another film with the same subtitle and black bars."""
    shown = Image.new("RGB", (640, 480), "black")
    shown.paste(_photo(photos, number, (640, 270)), (0, 105))
    text = "I told you that we would never come back here."
    ImageDraw.Draw(shown).text((60, 395), text, fill="white", font=_font(24))
    return shown


def watermark(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another photo under the same large watermark."""
    photo = _photo(photos, number, SIZE)
    mark = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(mark)
    for row in range(4):
        draw.text((20 + 40 * row, 20 + 90 * row), "STOCKPHOTO SAMPLE", fill=150, font=_font(40))
    draw.line((0, 0, *SIZE), fill=150, width=4)
    draw.line((0, SIZE[1], SIZE[0], 0), fill=150, width=4)
    photo.paste(Image.new("RGB", SIZE, "white"), mask=mark)
    return photo


def album(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another photo in the same patterned frame."""
    frame = Image.new("RGB", (540, 420), (120, 80, 40))
    draw = ImageDraw.Draw(frame)
    for n in range(0, 540, 18):
        draw.ellipse((n, 4, n + 12, 16), fill=(230, 200, 120))
        draw.ellipse((n, 404, n + 12, 416), fill=(230, 200, 120))
    for n in range(0, 420, 18):
        draw.ellipse((4, n, 16, n + 12), fill=(230, 200, 120))
        draw.ellipse((524, n, 536, n + 12), fill=(230, 200, 120))
    frame.paste(_photo(photos, number, (490, 370)), (25, 25))
    return frame


def collage(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Four photos in one grid; no photo is in two of them."""
    shown = Image.new("RGB", (520, 400), "white")
    for n in range(4):
        photo = photos[(4 * number + n) % len(photos)]
        if 4 * number + n >= len(photos):  # rather a part of noise than a photo twice
            photo = sky(rng, number, photos)
        shown.paste(ImageOps.fit(photo.convert("RGB"), (250, 190)), (5 + 260 * (n % 2), 5 + 200 * (n // 2)))
    return shown


def sky(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """An evening sky: the same colours, a horizon, one small thing somewhere."""
    y = np.linspace(0, 1, SIZE[1])[:, None, None]
    pixels = np.array([60, 90, 170]) * (1 - y) + np.array([250, 170, 90]) * y + np.zeros((1, SIZE[0], 1))
    picture = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    horizon = SIZE[1] * rng.uniform(0.82, 0.88)
    hills = horizon + 10 * np.sin(np.arange(0, SIZE[0], 10) / rng.uniform(20, 60) + rng.uniform(0, 6))
    points = [(10 * n, float(h)) for n, h in enumerate(hills)]
    draw.polygon([(0, SIZE[1]), *points, (SIZE[0], SIZE[1])], fill=(20, 20, 30))
    x, y0, r = rng.uniform(50, 450), rng.uniform(40, 250), rng.uniform(6, 25)
    draw.ellipse((x - r, y0 - r, x + r, y0 + r), fill=(255, 240, 200))
    return _noise(rng, picture.filter(ImageFilter.GaussianBlur(1)))


def stars(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another field of stars, over the same dark foreground."""
    pixels = np.zeros((SIZE[1], SIZE[0]), np.float32) + 8
    for _ in range(400):
        pixels[rng.integers(0, SIZE[1]), rng.integers(0, SIZE[0])] = rng.uniform(80, 2500)
    picture = _blurred(pixels)
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 375), (0, 330), (120, 290), (200, 340), (330, 310), (500, 345), (500, 375)], fill=(2, 2, 3))
    return _noise(rng, picture, 4)


def _blurred(pixels: np.ndarray) -> Image.Image:
    padded = np.pad(pixels, 1)
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    soft = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return Image.fromarray(np.clip(soft, 0, 255).astype(np.uint8)).convert("RGB")


def windows(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A tower block at night: the same grid, other windows lit."""
    picture = Image.new("RGB", (375, 500), (10, 12, 25))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 335, 500), fill=(28, 28, 36))
    for row in range(18):
        for column in range(11):
            lit = rng.random() < 0.4
            fill = (250, 215, 130) if lit else (18, 18, 24)
            draw.rectangle((52 + 26 * column, 55 + 25 * row, 68 + 26 * column, 70 + 25 * row), fill=fill)
    return _noise(rng, picture, 5)


def studio(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another thing before the same studio background, in the same place."""
    y, x = np.mgrid[-1 : 1 : SIZE[1] * 1j, -1 : 1 : SIZE[0] * 1j]
    light = 225 - 70 * (x * x + (y + 0.3) ** 2)
    picture = Image.fromarray(np.repeat(light[..., None], 3, -1).clip(0, 255).astype(np.uint8))
    thing = _photo(photos, number, (180, 180))
    mask = Image.new("L", (180, 180), 0)
    ImageDraw.Draw(mask).ellipse((5, 5, 175, 175), fill=255)
    picture.paste(thing, (160, 110), mask)
    return _noise(rng, picture)


def portrait(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A drawn face before the same curtain: another face, the same pose, size and light."""
    x = np.arange(375)
    folds = 110 + 35 * np.sin(x / 14) + 20 * np.sin(x / 37)
    curtain = np.repeat(np.repeat(folds[None, :, None], 500, 0), 3, 2) * (0.5, 0.3, 0.35)
    picture = Image.fromarray(curtain.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    skin = tuple(int(c) for c in rng.uniform((150, 100, 80), (235, 190, 165)))
    hair = tuple(int(c) for c in rng.uniform((15, 10, 5), (180, 140, 90)))
    wide, high = rng.uniform(75, 100), rng.uniform(105, 130)
    draw.ellipse((60, 400, 315, 640), fill=tuple(int(c) for c in rng.uniform(20, 220, 3)))
    draw.ellipse((187 - wide - 14, 210 - high - 25, 187 + wide + 14, 210 + high * rng.uniform(0.2, 1)), fill=hair)
    draw.ellipse((187 - wide, 220 - high, 187 + wide, 220 + high), fill=skin)
    eyes, gap = rng.uniform(180, 205), rng.uniform(30, 42)
    for side in (-1, 1):
        centre = 187 + side * gap
        draw.ellipse((centre - 14, eyes - 7, centre + 14, eyes + 7), fill="white")
        draw.ellipse((centre - 6, eyes - 6, centre + 6, eyes + 6), fill=(40, 30, 20))
        draw.line((centre - 18, eyes - 20, centre + 18, eyes - 20 + rng.uniform(-6, 6)), fill=hair, width=5)
    draw.line((187, eyes + 10, 187 - rng.uniform(4, 14), eyes + 50), fill=(120, 80, 60), width=4)
    draw.arc((150, 250, 224, 250 + rng.uniform(20, 50)), 10, 170, fill=(150, 40, 40), width=6)
    return _noise(rng, picture.filter(ImageFilter.GaussianBlur(1.2)))


def place(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """One window sill, each time with another large thing on it."""
    background = ImageEnhance.Brightness(_photo(photos, 0, SIZE).filter(ImageFilter.GaussianBlur(6))).enhance(0.9)
    thing = _photo(photos, number, (270, 270))
    left, top = int(rng.integers(20, 210)), int(rng.integers(40, 100))
    background.paste(thing, (left, top))
    return _noise(rng, background)


def pattern(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another sheet of the same size of squares, with other colours in it: a test chart, a mosaic."""
    picture = Image.new("RGB", SIZE, (40, 40, 40))
    draw = ImageDraw.Draw(picture)
    for row in range(6):
        for column in range(8):
            fill = tuple(int(c) for c in rng.integers(20, 240, 3))
            draw.rectangle((8 + 61 * column, 6 + 61 * row, 58 + 61 * column, 56 + 61 * row), fill=fill)
    return picture


def code(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A square code with the same three marks in its corners and other dots."""
    dots = (rng.random((33, 33)) < 0.5).astype(np.uint8) * 255
    for y, x in ((0, 0), (0, 26), (26, 0)):
        dots[y : y + 7, x : x + 7] = 0
        dots[y + 1 : y + 6, x + 1 : x + 6] = 255
        dots[y + 2 : y + 5, x + 2 : x + 5] = 0
    small = Image.fromarray(dots).resize((396, 396), Image.Resampling.NEAREST)
    return ImageOps.expand(small, 40, 255).convert("RGB")


def plot(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """A curve between the same axes and gridlines."""
    picture = Image.new("RGB", (560, 400), "white")
    draw = ImageDraw.Draw(picture)
    for n in range(8):
        draw.line((60 + 60 * n, 30, 60 + 60 * n, 350), fill=(215, 215, 215))
        draw.text((50 + 60 * n, 356), f"{n * 10}", fill="black", font=_font(13))
    for n in range(6):
        draw.line((60, 350 - 60 * n, 520, 350 - 60 * n), fill=(215, 215, 215))
        draw.text((25, 342 - 60 * n), f"{n * 5}", fill="black", font=_font(13))
    draw.rectangle((60, 30, 520, 350), outline="black", width=2)
    for color in ((200, 40, 40), (40, 80, 200)):
        heights = np.clip(190 + np.cumsum(rng.normal(0, 14, 47)), 40, 345)
        draw.line([(60 + 10 * n, float(h)) for n, h in enumerate(heights)], fill=color, width=3)
    return picture


def texture(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another piece of the same grass, sand or cloth: noise of the same grain."""
    coarse = np.asarray(Image.fromarray(rng.normal(0, 30, (47, 63)).astype(np.float32)).resize(SIZE))
    fine = rng.normal(0, 18, (SIZE[1], SIZE[0]))
    pixels = (110 + coarse + fine)[..., None] * (0.75, 1.0, 0.5)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))


def bricks(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Another part of the same wall: bricks of one size, each of another tone."""
    picture = Image.new("RGB", SIZE, (170, 165, 155))
    draw = ImageDraw.Draw(picture)
    dx, dy = int(rng.integers(0, 60)), int(rng.integers(0, 24))
    for row in range(-1, 17):
        for column in range(-1, 10):
            left, top = column * 60 - dx + 30 * (row % 2), row * 24 - dy
            tone = rng.uniform(0.7, 1.25)
            draw.rectangle((left, top, left + 55, top + 19), fill=(int(150 * tone), int(75 * tone), int(55 * tone)))
    return _noise(rng, picture, 8)


def sheet_music(rng: np.random.Generator, number: int, photos: Sequence[Image.Image]) -> Image.Image:
    """Other notes on the same staves."""
    sheet = Image.new("RGB", (530, 750), "white")
    draw = ImageDraw.Draw(sheet)
    for stave in range(8):
        top = 60 + 85 * stave
        for line in range(5):
            draw.line((40, top + 9 * line, 490, top + 9 * line), fill="black", width=2)
        for note in range(16):
            x, y = 70 + 26 * note, top - 9 + 4.5 * rng.integers(0, 12)
            draw.ellipse((x - 6, y - 4, x + 6, y + 4), fill="black" if rng.random() < 0.8 else "white", outline="black")
            draw.line((x + 6, y, x + 6, y - 30), fill="black", width=2)
    return sheet


KINDS: dict[str, Make] = {
    make.__name__: make
    for make in (
        page, receipt, form, slide, screen, chat, meme, subtitle, watermark, album, collage, sky, stars, windows,
        studio, portrait, place, pattern, code, plot, texture, bricks, sheet_music,
    )
}  # fmt: skip
