"""Which larger picture was enlarged from the smaller one, and which shows more. Real photographs, encoded here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.duplicates.enlarged import was_enlarged
from indexer.duplicates.shots import are_two_shots

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
NAMES = ["cat", "dahlia", "astronaut", "stairway"]
WAYS = {way.name: way for way in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)}

SMOOTH = ["BILINEAR", "LANCZOS"]


def photo(name: str) -> Image.Image:
    with Image.open(DEMO / f"{name}.jpg") as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("way", "times"), [("NEAREST", 2.0), *((way, n) for way in SMOOTH for n in (1.3, 2.0))])
def test_what_follows_from_the_smaller_one_was_enlarged(tmp_path, name, way, times):
    small = photo(name).crop((20, 10, 320, 250))
    small.save(tmp_path / "small.jpg", quality=85)
    with Image.open(tmp_path / "small.jpg") as original:
        size = round(original.width * times), round(original.height * times)
        large = original.resize(size, WAYS[way])
    large.save(tmp_path / "large.png")
    large.convert("L").save(tmp_path / "gray.png")
    assert was_enlarged(tmp_path / "large.png", tmp_path / "small.jpg")
    assert was_enlarged(tmp_path / "gray.png", tmp_path / "small.jpg")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", SMOOTH)
@pytest.mark.parametrize("times", [1.2, 2.0, 4.0])
def test_what_shows_more_than_the_smaller_one_was_not(tmp_path, name, way, times):
    large = photo(name)
    large.resize((round(large.width / times), round(large.height / times)), WAYS[way]).save(tmp_path / "small.png")
    assert not was_enlarged(DEMO / f"{name}.jpg", tmp_path / "small.png")


def test_what_tells_nothing_is_not_said_to_be_enlarged(tmp_path):
    plain = Image.new("RGB", (100, 80), "gray")
    plain.save(tmp_path / "plain.png")
    plain.resize((200, 160)).save(tmp_path / "large.png")
    assert not was_enlarged(tmp_path / "large.png", tmp_path / "plain.png")
    photo("cat").crop((0, 0, 120, 90)).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "large.png").read_bytes()[:60])
    for other in ("broken.png", "small.png", "plain.png"):
        assert not was_enlarged(tmp_path / other, tmp_path / "small.png")
    with pytest.raises(FileNotFoundError):
        was_enlarged(tmp_path / "away.png", tmp_path / "small.png")


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 9), (40, 1)])
def test_the_smallest_pictures_are_compared_without_an_error(tmp_path, size):
    Image.new("L", size, 90).save(tmp_path / "small.png")
    Image.new("L", (size[0] * 2, size[1] * 2), 90).save(tmp_path / "large.png")
    assert not was_enlarged(tmp_path / "large.png", tmp_path / "small.png")
    assert not are_two_shots(tmp_path / "small.png", tmp_path / "small.png")


def shot(path: Path, name: str, seed: int, *, moved: bool, quality: int = 92) -> Path:
    """One frame: the photo with the noise of a sensor, and something in it that was elsewhere before."""
    pixels = np.asarray(photo(name).crop((0, 0, 400, 280)), np.float32).copy()
    pixels[100:140, 200:220] = 20 if moved else pixels[100:140, 200:220]
    noisy = pixels + np.random.default_rng(seed).normal(0, 3, (*pixels.shape[:2], 1))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=quality)
    return path


@pytest.mark.parametrize("name", ["cat", "dahlia", "astronaut", "stairway"])
def test_two_shots_have_other_noise_and_a_copy_with_a_mark_has_the_same(tmp_path, name):
    first = shot(tmp_path / "a.jpg", name, 1, moved=False)
    assert are_two_shots(first, shot(tmp_path / "b.jpg", name, 2, moved=True))
    assert not are_two_shots(first, shot(tmp_path / "c.jpg", name, 2, moved=False)), "nothing has moved: not sure"
    coarse = shot(tmp_path / "d.jpg", name, 2, moved=True, quality=70)
    assert not are_two_shots(first, coarse), "such an encoding leaves no noise"
    with Image.open(first) as picture:
        marked = picture.convert("RGB")
    marked.paste("orange", (300, 240, 370, 260))
    for quality in (90, 95, 99):
        marked.save(tmp_path / "e.jpg", quality=quality)
        assert not are_two_shots(first, tmp_path / "e.jpg")
