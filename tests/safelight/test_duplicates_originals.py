"""An edit is not kept before the photo that it was made of, however it was saved. Real photographs; edits generated."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pi_heif
import pytest
from generated_dng import generated_dng
from indexed_library import DEMO, by_name, duplicates, indexed_library
from PIL import Image, ImageDraw, ImageOps
from PIL.ExifTags import IFD, Base

from importers.images import open_upright
from indexer.duplicates.store import Decision
from safelight.duplicates import record_decision


def marked(photo: Image.Image) -> Image.Image:
    photo = photo.copy()
    ImageDraw.Draw(photo).text((photo.width - 120, photo.height - 30), "(c) J. Doe", "white", font_size=18)
    return photo


def captioned(photo: Image.Image) -> Image.Image:
    framed = Image.new("RGB", (photo.width, photo.height * 6 // 5), "white")
    framed.paste(photo, (0, photo.height // 5))
    ImageDraw.Draw(framed).text((20, 20), "when you see it", "black", font_size=photo.height // 10)
    return framed


def enlarged(photo: Image.Image) -> Image.Image:
    return photo.resize((photo.width * 3 // 2, photo.height * 3 // 2), Image.Resampling.BICUBIC)


EDITS = {
    "rocket": lambda photo: photo.convert("L"),
    "dahlia": lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
    "espresso": captioned,
    "astronaut": ImageOps.mirror,
    "pagoda": marked,
    "raccoon": lambda photo: ImageOps.colorize(photo.convert("L"), (40, 26, 13), (255, 240, 210)),
    "cat": lambda photo: photo.rotate(8, Image.Resampling.BICUBIC, expand=True),
    "stairway": enlarged,
    "photographer": lambda photo: ImageOps.expand(photo, 60, "white"),
}
REASONS = {
    "cat": "it is the original: the other was edited",
    "photographer": "it is the original: the other was edited",
    "espresso": "it is the original: the other was edited",
    "stairway": "it is the original: the other was enlarged",
    "rocket": "it is the original: the other was edited",
}


def save_with_its_photo(folder: Path, name: str, form: str) -> None:
    with Image.open(DEMO / f"{name}.jpg") as picture:
        photo = picture.convert("RGB")
    photo.thumbnail((500, 500))
    photo.save(folder / f"{name}.jpg", quality=85)
    with Image.open(folder / f"{name}.jpg") as original:
        made = EDITS[name](original.convert("RGB"))
    made.save(folder / f"made-{name}.{form}", **({} if form == "png" else {"quality": 98}))
    os.utime(folder / f"{name}.jpg", (1e9, 1e9))


@pytest.fixture(scope="module", params=["png", "jpg"])
def kept(request, tmp_path_factory):
    """What is kept of each photo and of an edit that was saved in many more bytes: by the photo's name."""
    base = tmp_path_factory.mktemp("originals")
    (base / "photos").mkdir()
    for name in EDITS:
        save_with_its_photo(base / "photos", name, request.param)
    with indexed_library(base / "photos", base / "home") as library:
        groups = duplicates(library)
        assert duplicates(library) == groups, "remembered"
    return {group.members[0].name.removeprefix("made-").split(".")[0]: group.members[0] for group in groups}


@pytest.mark.parametrize("name", list(EDITS))
def test_the_photo_is_kept_and_not_what_was_made_of_it(kept, name):
    assert kept[name].name == f"{name}.jpg"
    assert kept[name].reason == REASONS.get(name, kept[name].reason)


def rated(stars: int) -> Image.Exif:
    tags = Image.Exif()
    tags[Base.Rating] = stars
    return tags


@pytest.mark.parametrize("stars", [0, 4])
def test_an_edit_that_the_user_rated_higher_is_kept(tmp_path, stars):
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(DEMO / "cat.jpg") as cat:
        cat.convert("RGB").save(folder / "cat.jpg", quality=85, exif=rated(2))
        cat.convert("L").save(folder / "gray.jpg", quality=98, exif=rated(stars))
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = by_name(duplicates(library))
        kept = "gray.jpg" if stars else "cat.jpg"
        assert members[kept].relation == "keeper"
        assert members[kept].reason == ("it is rated higher" if stars else REASONS["cat"])
        other = "cat.jpg" if stars else "gray.jpg"
        (chosen,) = library.catalog.db.execute("SELECT public_id FROM photo WHERE name = ?", (other,)).fetchone()
        record_decision(library.catalog, Decision.KEEPER, [chosen])
        ((_, members),) = by_name(duplicates(library))
        assert (members[other].relation, members[other].reason) == ("keeper", "you chose it")


def test_a_smaller_colour_copy_is_not_what_a_larger_black_and_white_one_was_made_from(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(DEMO / "dahlia.jpg") as dahlia:
        dahlia.convert("L").save(folder / "gray.jpg", quality=90)
        dahlia.convert("RGB").resize((dahlia.width // 2, dahlia.height // 2)).save(folder / "small.jpg", quality=90)
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = by_name(duplicates(library))
    assert (members["gray.jpg"].relation, members["gray.jpg"].reason) == ("keeper", "it has more pixels")


@pytest.mark.parametrize("handed_on", [True, False])
def test_a_phones_heic_that_does_not_name_the_phone_is_kept(tmp_path, samples, handed_on):
    folder = tmp_path / "photos"
    folder.mkdir()
    heic = samples / "images" / "exif" / "heic" / "mobile" / "HMD_Nokia_8.3_5G.heif"
    shutil.copy(heic, folder / "phone.heif")
    tags = Image.Exif()
    if handed_on:
        tags.load(pi_heif.open_heif(heic).info["exif"])
    open_upright(heic, min_edge=100_000).rgb.save(folder / "saved.jpg", quality=98, exif=tags)
    assert (folder / "saved.jpg").stat().st_size > heic.stat().st_size
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = by_name(duplicates(library))
    assert members["phone.heif"].relation == "keeper"
    said = "it is the original: the other was encoded again" if handed_on else "it is the camera's own file"
    assert members["phone.heif"].reason == said


def frames(folder: Path, count: int) -> None:
    """Somebody walks through a view that a camera on a tripod takes, with the noise of a sensor."""
    rng = np.random.default_rng(7)
    with Image.open(DEMO / "stairway.jpg") as picture:
        view = ImageOps.fit(picture.convert("RGB"), (600, 450))
    for n in range(count):
        frame = view.copy()
        draw = ImageDraw.Draw(frame)
        draw.rectangle((90 + 45 * n, 350, 110 + 45 * n, 420), "navy")
        draw.ellipse((92 + 45 * n, 334, 108 + 45 * n, 350), "tan")
        noisy = np.asarray(frame) + rng.normal(0, 3, (450, 600, 1))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{'khoaf'[n]}.jpg", quality=92)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_somebody_who_walks_by_makes_a_series_however_short_without_times_or_numbers(tmp_path, count):
    folder = tmp_path / "photos"
    folder.mkdir()
    frames(folder, count)
    with Image.open(folder / "h.jpg") as frame:  # and a copy of one of them, with a date written into it
        dated = frame.convert("RGB")
    ImageDraw.Draw(dated).rectangle((500, 410, 570, 430), "orange")
    (tmp_path / "other").mkdir()
    with indexed_library(folder, tmp_path / "home") as library:
        found = by_name(duplicates(library))
        expected = [("series", {f"{'khoaf'[n]}.jpg" for n in range(count)})] if count > 2 else []
        assert [(kind, set(members)) for kind, members in found] == expected
    dated.save(tmp_path / "other" / "dated.jpg", quality=95)
    shutil.copy(folder / "h.jpg", tmp_path / "other")
    with indexed_library(tmp_path / "other", tmp_path / "home2") as library:
        ((_, members),) = by_name(duplicates(library))
        assert set(members) == {"h.jpg", "dated.jpg"}


def test_camera_data_without_its_name_counts_as_such(tmp_path):
    """As some phones write it: how it was exposed, and no maker."""
    folder = tmp_path / "photos"
    folder.mkdir()
    tags = Image.Exif()
    tags.get_ifd(IFD.Exif)[Base.ExposureTime] = 0.01
    with Image.open(DEMO / "cat.jpg") as cat:
        cat.convert("RGB").save(folder / "own.jpg", quality=70, exif=tags)
        cat.convert("RGB").save(folder / "other.jpg", quality=98)
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = by_name(duplicates(library))
    assert members["own.jpg"].reason == "it is the camera's own file"


def test_a_motion_photo_is_kept_and_not_the_still_of_it(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    still = (DEMO / "pagoda.jpg").read_bytes()
    (folder / "still.jpg").write_bytes(still)
    (folder / "moving.jpg").write_bytes(still + b"\0\0\0\x18ftypmp42" + bytes(5000))  # generated, as phones write it
    os.utime(folder / "still.jpg", (1e9, 1e9))
    with indexed_library(folder, tmp_path / "home") as library:
        ((kind, members),) = by_name(duplicates(library))
    assert kind == "same pixels"
    assert members["moving.jpg"].reason == "a copy without loss was saved from it"
    assert members["still.jpg"].source == "keeper"


def test_what_was_exported_from_a_raw_file_was_made_from_it_though_a_small_preview_was_read(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    jpeg = (DEMO / "pagoda.jpg").read_bytes()
    (folder / "P1.DNG").write_bytes(generated_dng(jpeg))
    with Image.open(DEMO / "pagoda.jpg") as picture:
        picture.save(folder / "export.tif")
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = by_name(duplicates(library))
    assert members["P1.DNG"].reason == "it is the RAW file"
    assert members["export.tif"].source == "keeper"
    assert "the keeper" not in members["export.tif"].reason
