"""Draw coloured shapes with captions: what tests/data/shapes-clip was trained on, and what it is asked about."""

from __future__ import annotations

import itertools
import random
from typing import NamedTuple

from PIL import Image, ImageDraw

COLOURS = {
    "red": (214, 40, 40),
    "green": (46, 160, 67),
    "blue": (40, 90, 214),
    "yellow": (240, 210, 50),
    "purple": (130, 60, 180),
    "orange": (240, 130, 30),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
SIZE = 128
HELD_OUT = 48


class Scene(NamedTuple):
    colour: str
    shape: str
    background: str

    @property
    def caption(self) -> str:
        return f"a {self.colour} {self.shape} on a {self.background} background"


def scenes() -> tuple[list[Scene], list[Scene]]:
    """Return the combinations to learn from and the 48 that are held out."""
    every = [Scene(c, s, b) for c, s, b in itertools.product(COLOURS, SHAPES, COLOURS) if c != b]
    random.Random(2).shuffle(every)
    return every[HELD_OUT:], every[:HELD_OUT]


def draw(scene: Scene, seed: int) -> Image.Image:
    """Draw a scene at a place, size and angle that `seed` decides: RGB, 128 x 128."""
    chance = random.Random(f"{scene.caption} {seed}")
    image = Image.new("RGB", (SIZE, SIZE), _near(COLOURS[scene.background], chance))
    radius = chance.uniform(24, 46)
    x, y = (chance.uniform(radius + 4, SIZE - radius - 4) for _ in range(2))
    mask = Image.new("L", (SIZE, SIZE), 0)
    _shape(ImageDraw.Draw(mask), scene.shape, x, y, radius)
    mask = mask.rotate(chance.uniform(-12, 12), Image.Resampling.BICUBIC, center=(x, y))
    image.paste(_near(COLOURS[scene.colour], chance), mask=mask)
    return image


def _near(colour: tuple[int, int, int], chance: random.Random) -> tuple[int, ...]:
    return tuple(min(255, max(0, part + chance.randint(-12, 12))) for part in colour)


def _shape(pen: ImageDraw.ImageDraw, shape: str, x: float, y: float, r: float) -> None:
    box = (x - r, y - r, x + r, y + r)
    if shape == "circle":
        pen.ellipse(box, 255)
    elif shape == "ring":
        pen.ellipse(box, 255)
        pen.ellipse((x - r / 2, y - r / 2, x + r / 2, y + r / 2), 0)
    elif shape == "square":
        pen.rectangle((x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r), 255)
    elif shape == "triangle":
        pen.regular_polygon((x, y, r), 3, fill=255)
    elif shape == "cross":
        pen.rectangle((x - r, y - r / 3, x + r, y + r / 3), 255)
        pen.rectangle((x - r / 3, y - r, x + r / 3, y + r), 255)
    else:
        points = [(0.0, -1.0), (0.22, -0.31), (0.95, -0.31), (0.36, 0.12), (0.59, 0.81)]
        points += [(0.0, 0.38), (-0.59, 0.81), (-0.36, 0.12), (-0.95, -0.31), (-0.22, -0.31)]
        pen.polygon([(x + r * px, y + r * py) for px, py in points], 255)
