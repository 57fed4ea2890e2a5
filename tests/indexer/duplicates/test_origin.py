"""Which of two encodings of one picture was made from the other. Real photographs, encoded here (generated)."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from indexer.duplicates import origin
from indexer.duplicates.origin import (
    _COSINES,
    converted_from,
    edited_from,
    encoded_from,
    is_enlarged,
    saved_from_jpeg,
)

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
TRACES = "with the traces of the other's encoding in it"


@pytest.fixture(scope="module", params=["cat.jpg", "dahlia.jpg", "espresso.jpg", "astronaut.jpg"])
def photo(request):
    """A photograph without the traces of the JPEG that it comes from."""
    with Image.open(DEMO / request.param) as picture:
        return picture.convert("RGB").resize((picture.width * 2 // 3, picture.height * 2 // 3))


def saved(path: Path, picture: Image.Image, quality: int, **more: object) -> Path:
    picture.save(path, "JPEG", quality=quality, **more)
    return path


def saved_again(path: Path, source: Path, quality: int, **more: object) -> Path:
    return saved(path, Image.open(source).convert("RGB"), quality, **more)


def exif(*, notes=True, software="Ver.1.02", size=None) -> Image.Exif:
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Software] = "Acme", software
    details = tags.get_ifd(IFD.Exif)
    if notes:
        details[Base.MakerNote] = b"Acme\0notes"
    if size:
        details[Base.ExifImageWidth], details[Base.ExifImageHeight] = size
    return tags


@pytest.mark.parametrize(("first", "again"), [(75, 90), (75, 100), (85, 95), (92, 98), (95, 100)])
def test_a_finer_copy_shows_the_steps_of_the_coarser_file_that_it_was_made_from(tmp_path, photo, first, again):
    original = saved(tmp_path / "a.jpg", photo, first)
    finer = saved_again(tmp_path / "b.jpg", original, again, subsampling=0)
    assert finer.stat().st_size > original.stat().st_size
    assert encoded_from(original, finer) == (1, TRACES)
    assert encoded_from(finer, original) == (-1, TRACES)


@pytest.mark.parametrize(("first", "again"), [(90, 75), (100, 75), (95, 85), (98, 92), (100, 95), (90, 90)])
def test_a_coarser_copy_has_no_such_traces(tmp_path, photo, first, again):
    original = saved(tmp_path / "a.jpg", photo, first)
    assert encoded_from(original, saved_again(tmp_path / "b.jpg", original, again)) == (0, "")


def test_two_exports_of_one_picture_have_no_such_traces(tmp_path, photo):
    assert encoded_from(saved(tmp_path / "a.jpg", photo, 100), saved(tmp_path / "b.jpg", photo, 80)) == (0, "")


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ({"software": "Adobe Photoshop Lightroom 13.1"}, "saved by Adobe Photoshop Lightroom 13.1"),
        ({"notes": False}, "without the camera's notes"),
        ({"size": (10, 20)}, "in another size than its camera recorded"),
        ({"software": "Picasa"}, ""),  # it writes its name into files that it does not encode
        ({"size": (277, 200)}, ""),  # as stored, before it was turned upright
    ],
)
def test_what_a_program_has_changed_in_the_header_tells(tmp_path, lost, told):
    picture = Image.open(DEMO / "cat.jpg").convert("RGB").resize((200, 277))
    kept = saved(tmp_path / "kept.jpg", picture, 90, exif=exif())
    made = saved(tmp_path / "made.jpg", picture, 90, exif=exif(**lost))
    assert encoded_from(kept, made) == (1 if told else 0, told)
    assert encoded_from(made, kept) == (-1 if told else 0, told)


def test_a_lost_thumbnail_tells_in_real_files(tmp_path, samples):
    original = next(path for path in sorted((samples / "images").rglob("*.jpg")) if _has_thumbnail(path))
    details = {IFD.Exif: Image.open(original).getexif().get_ifd(IFD.Exif)}
    tags = Image.Exif()
    tags.get_ifd(IFD.Exif).update(details[IFD.Exif])
    again = saved_again(tmp_path / "again.jpg", original, 60, exif=tags)
    assert encoded_from(original, again) == (1, "without the camera's small picture")


def _has_thumbnail(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.format == "JPEG" and bool(image.getexif().get_ifd(IFD.IFD1)) and image.width > 100
    except OSError:
        return False


def _is_complete(path: Path) -> bool:
    """Tell whether a JPEG is as its camera wrote it."""
    if not _has_thumbnail(path):
        return False
    with Image.open(path) as image:
        details = image.getexif().get_ifd(IFD.Exif)
        recorded = details.get(Base.ExifImageWidth), details.get(Base.ExifImageHeight)
        return Base.MakerNote in details and recorded == image.size


def test_a_file_that_is_cut_off_in_its_pixels_tells_nothing(tmp_path, photo):
    original = saved(tmp_path / "a.jpg", photo, 75)
    finer = saved_again(tmp_path / "b.jpg", original, 95)
    finer.write_bytes(finer.read_bytes()[: finer.stat().st_size // 3])
    assert encoded_from(original, finer) == (0, "")


def test_what_is_no_jpeg_or_damaged_tells_nothing_and_what_is_away_is_said(tmp_path, photo):
    jpeg = saved(tmp_path / "a.jpg", photo, 80)
    photo.save(tmp_path / "b.png")
    (tmp_path / "c.jpg").write_bytes(jpeg.read_bytes()[:200])
    for other in ("b.png", "c.jpg"):
        assert encoded_from(jpeg, tmp_path / other) == (0, "")
    with pytest.raises(FileNotFoundError):
        encoded_from(jpeg, tmp_path / "gone.jpg")


def test_the_transform_is_the_one_of_jpeg():
    """A picture of one cosine has the one coefficient that its file was given."""
    assert np.allclose(_COSINES @ _COSINES.T, np.eye(8), atol=1e-6)
    wave = np.outer(np.cos((np.arange(8) + 0.5) * np.pi / 8 * 3), np.cos((np.arange(8) + 0.5) * np.pi / 8 * 2))
    coefficients = _COSINES @ wave @ _COSINES.T
    assert np.unravel_index(np.abs(coefficients).argmax(), (8, 8)) == (3, 2)
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG", quality=50)
    table = np.array(Image.open(file).quantization[0]).reshape(8, 8)
    assert (table[0, 1], table[1, 0], table[0, 7]) == (11, 12, 61), "rows and columns, not the zigzag of the file"


def test_of_two_formats_that_which_no_camera_writes_was_made(tmp_path):
    raw, webp = ("RAW", tmp_path / "a.dng"), ("WebP", tmp_path / "a.webp")
    told = "saved as WebP, which no camera writes"
    assert (converted_from(raw, webp), converted_from(webp, raw)) == ((1, told), (-1, told))
    assert converted_from(webp, ("PNG", tmp_path / "a.png")) == (0, "")
    assert converted_from(raw, ("TIFF", tmp_path / "a.tif")) == (0, "")


def test_a_jpeg_without_all_that_its_camera_wrote_was_made_from_the_heic(tmp_path, photo, samples):
    heic = ("HEIC", tmp_path / "away.heic")  # not opened: a damaged one may end the process
    made = ("JPEG", saved(tmp_path / "made.jpg", photo, 90, exif=exif()))
    told = "without the camera's small picture"
    assert (converted_from(heic, made), converted_from(made, heic)) == ((1, told), (-1, told))
    own = next(path for path in sorted((samples / "images" / "exif").rglob("*.jpg")) if _is_complete(path))
    told = "from a JPEG that has all that its camera wrote"
    assert (converted_from(("JPEG", own), heic), converted_from(heic, ("JPEG", own))) == ((1, told), (-1, told))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert converted_from(("JPEG", tmp_path / "broken.jpg"), heic) == (0, "")
    with pytest.raises(FileNotFoundError):
        converted_from(("JPEG", tmp_path / "gone.jpg"), heic)


def test_what_has_more_pixels_than_its_camera_recorded_was_enlarged_from_what_has_as_many(tmp_path, photo):
    large = saved(tmp_path / "a.jpg", photo.resize((600, 400)), 90, exif=exif(size=(300, 200)))
    assert is_enlarged(large, (300, 200))
    assert is_enlarged(large, (200, 300)), "turned upright"
    assert not is_enlarged(large, (150, 100)), "both may have been made from a third"
    own = saved(tmp_path / "b.jpg", photo.resize((600, 400)), 90, exif=exif(size=(600, 400)))
    assert not is_enlarged(own, (300, 200))
    assert not is_enlarged(saved(tmp_path / "c.jpg", photo, 90, exif=exif()), (300, 200))


def test_a_picture_that_was_a_jpeg_has_its_squares_also_where_its_tones_were_changed(tmp_path, photo):
    jpeg = saved(tmp_path / "a.jpg", photo, 75)
    with Image.open(jpeg) as picture:
        picture.point(lambda tone: tone * 4 // 5 + 20).save(tmp_path / "edit.png")
    photo.save(tmp_path / "own.png")
    told = "with the squares of a JPEG in it"
    edit, own = ("PNG", tmp_path / "edit.png"), ("PNG", tmp_path / "own.png")
    assert saved_from_jpeg(("JPEG", jpeg), edit) == (1, told)
    assert saved_from_jpeg(edit, ("JPEG", jpeg)) == (-1, told)
    assert saved_from_jpeg(("JPEG", jpeg), own) == (0, "")
    assert saved_from_jpeg(edit, own) == (0, "")
    assert edited_from(("JPEG", jpeg), edit, by_camera=False) == (1, told)
    assert edited_from(("JPEG", jpeg), edit, by_camera=True) == (1, "saved as PNG, which no camera writes")


def test_a_picture_is_decoded_once_however_many_copies_it_is_compared_with_and_again_once_it_changed(
    tmp_path, photo, monkeypatch
):
    decoded = []
    read_picture = origin.read_picture

    def counted(path, *arguments):
        decoded.append(path)
        return read_picture(path, *arguments)

    monkeypatch.setattr(origin, "read_picture", counted)
    copies = [("JPEG", saved(tmp_path / f"{quality}.jpg", photo, quality)) for quality in (60, 75, 90)]
    png = tmp_path / "a.png"
    photo.save(png)
    assert [saved_from_jpeg(copy, ("PNG", png)) for copy in copies] == [(0, "")] * 3
    assert decoded == [png]
    with Image.open(tmp_path / "60.jpg") as coarse:
        coarse.save(png)
    later = png.stat().st_mtime_ns + 10**9
    os.utime(png, ns=(later, later))
    assert saved_from_jpeg(copies[0], ("PNG", png)) == (1, "with the squares of a JPEG in it")
    assert decoded == [png, png]
    png.unlink()
    with pytest.raises(FileNotFoundError):
        saved_from_jpeg(copies[0], ("PNG", png))


def test_edits_are_told_by_what_they_have_lost_whatever_was_done_to_them(tmp_path):
    picture = Image.open(DEMO / "cat.jpg").convert("RGB")
    kept = ("JPEG", saved(tmp_path / "kept.jpg", picture, 90, exif=exif()))
    made = ("JPEG", saved(tmp_path / "made.jpg", picture.convert("L"), 99, exif=exif(notes=False)))
    assert edited_from(kept, made, by_camera=True) == (1, "without the camera's notes")
    assert edited_from(made, kept, by_camera=True) == (-1, "without the camera's notes")
    assert edited_from(made, made, by_camera=True) == (0, "")
