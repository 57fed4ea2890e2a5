"""safelight duplicates where the user chose what to keep: that is kept, and the others are told from it."""

from __future__ import annotations

import shutil

import pytest
from indexed_library import DEMO, duplicates, indexed_library
from PIL import Image, ImageDraw, ImageOps

from indexer.duplicates.store import Decision
from safelight.duplicates import forget_decisions, record_decision


def with_caption(picture: Image.Image) -> Image.Image:
    higher = ImageOps.expand(picture, (0, 0, 0, picture.height // 6), "white")
    ImageDraw.Draw(higher).text((20, picture.height + 10), "A cat, at last", "black", font_size=30)
    return higher


def on_a_screen(picture: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (picture.width * 3 // 2, picture.height * 3 // 2), (32, 34, 40))
    screen.paste(picture, (picture.width // 4, picture.height // 6))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, screen.width, 24), (220, 220, 220))
    draw.text((10, 2), "Photos   File   Edit   View", "black", font_size=16)
    return screen


def edits(cat: Image.Image) -> dict[str, Image.Image]:
    width, height = cat.size
    return {
        "small.jpg": cat.resize((width // 2, height // 2)),
        "gray.jpg": cat.convert("L"),
        "crop.jpg": cat.crop((width // 6, height // 6, width * 5 // 6, height * 5 // 6)),
        "border.jpg": ImageOps.expand(cat, width // 12, "white"),
        "caption.jpg": with_caption(cat),
        "screen.jpg": on_a_screen(cat),
        "mirrored.jpg": ImageOps.mirror(cat),
        "upright.jpg": cat.rotate(90, expand=True),
    }


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A photo, and what people make of one."""
    base = tmp_path_factory.mktemp("chosen")
    folder = base / "photos"
    folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", folder)
    for name, picture in edits(Image.open(DEMO / "cat.jpg").convert("RGB")).items():
        picture.save(folder / name, quality=75)  # fewer bytes than the photo has
    with indexed_library(folder, base / "home") as library:
        yield library


@pytest.fixture
def kept(library):
    """Choose photos, one after the other, and look; returns what is kept, why, and the others by name."""
    ids = dict(library.catalog.db.execute("SELECT name, public_id FROM photo").fetchall())

    def look(*names):
        for name in names:
            record_decision(library.catalog, Decision.KEEPER, [ids[name]])
        (group,) = duplicates(library)
        keeper, *others = group.members
        return keeper.name, keeper.reason, {member.name: member for member in others}

    yield look
    forget_decisions(library.catalog, list(ids.values()))


TOLD = {
    "small.jpg": " instead of ",
    "gray.jpg": "in colour, not black and white; the keeper was made from it",
    "crop.jpg": "the keeper is a crop of it, of 4",
    "border.jpg": "without the border, caption or screen around it",
    "caption.jpg": "without the border, caption or screen around it",
    "screen.jpg": "without the border, caption or screen around it",
    "mirrored.jpg": "mirrored",
    "upright.jpg": "turned by 90 degrees",
}
"""What a photo is to each that was made of it."""


def test_what_is_made_of_a_photo_is_told_from_it(kept):
    name, _, others = kept()
    assert name == "cat.jpg"
    assert set(others) == set(TOLD)
    assert "the keeper" not in "".join(other.reason for other in others.values())


@pytest.mark.parametrize("chosen", list(TOLD))
def test_what_was_chosen_is_kept_and_the_others_are_told_from_it(kept, chosen):
    name, why, others = kept(chosen)
    assert (name, why) == (chosen, "you chose it")
    assert set(others) == {"cat.jpg", *TOLD} - {chosen}, "nobody falls out"
    cat = others["cat.jpg"]
    assert TOLD[chosen] in cat.reason
    assert cat.source == (None if chosen in ("mirrored.jpg", "upright.jpg") else "member")


def test_what_cannot_be_compared_with_a_crop_is_told_from_the_photo(kept):
    _, _, others = kept("crop.jpg")
    assert others["mirrored.jpg"].reason == "mirrored, compared with cat.jpg"


def test_what_was_chosen_last_counts(kept):
    assert kept("cat.jpg", "crop.jpg")[0] == "crop.jpg"
    assert kept("small.jpg", "cat.jpg")[0] == "cat.jpg"
