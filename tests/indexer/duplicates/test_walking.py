"""Something walks through a still view: shots, without a time or a counter. A mark written into a picture: a copy.

Real photographs; what walks, the noise and the marks are generated.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture


def encoded(picture: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def frames(view: Image.Image, subject: Image.Image, count: int) -> list[bytes]:
    """What a camera on a tripod takes while the subject walks by, with what a sensor adds."""
    rng = np.random.default_rng(5)
    walker, mask = ImageOps.fit(subject, (70, 70)), Image.new("L", (70, 70))
    ImageDraw.Draw(mask).ellipse((0, 0, 69, 69), fill=255)
    taken = []
    for n in range(count):
        frame = view.copy()
        frame.paste(walker, (20 + 16 * n, view.height // 2), mask)
        noise = rng.normal(0, 3, (view.height, view.width, 1))
        taken.append(encoded(Image.fromarray(np.clip(np.asarray(frame) + noise, 0, 255).astype(np.uint8))))
    return taken


def sort(describe, files: list[bytes]):
    features = [describe(file) for file in files]
    pictures = [Picture(f"{chr(97 + n)}.jpg", "/a", "JPEG", f.width, f.height) for n, f in enumerate(features)]
    found = find(features, pictures)
    return [set(one.pictures) for one in found.series], [{star.keeper, *star.members} for star in found.stars]


@pytest.mark.parametrize("number", [0, 10])
def test_what_walks_through_a_still_view_makes_a_series(photo, describe, number):
    files = frames(photo(number)[0], photo(number - 1)[0], 24)
    assert sort(describe, files) == ([set(range(24))], [])


@pytest.mark.parametrize("number", [0, 2, 10])
@pytest.mark.parametrize("count", [3, 4, 6])
def test_a_few_frames_are_a_series_as_well(photo, describe, number, count):
    files = frames(photo(number)[0], photo(number - 1)[0], 4 * count)[::4]  # some steps a frame
    assert sort(describe, files) == ([set(range(count))], [])


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_mark_and_copies_of_it_and_another_mark_are_copies(photo, describe, number):
    view, _ = photo(number)
    dated, signed = view.copy(), view.copy()
    ImageDraw.Draw(dated).rectangle((view.width - 70, view.height - 40, view.width - 20, view.height - 25), "orange")
    ImageDraw.Draw(signed).rectangle((20, 20, 75, 35), "white")
    files = [encoded(view), *(encoded(dated, quality) for quality in (90, 80, 70, 60)), encoded(signed)]
    series, stars = sort(describe, files)
    assert series == []
    assert stars == [set(range(6))]
