"""Pictures for people: upright, in the right colours, cached, bounded; and uploads that can do no harm."""

from __future__ import annotations

import base64
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from safelight_server import index, paint, start_helper

from importers import icc
from importers.base import Rendition
from importers.images import ImageProblem
from safelight.thumbnails import Thumbnails, Wanted

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (40, 60, 200)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """Generated pictures that come out wrong where somebody forgets about orientation or colours."""
    folder = tmp_path_factory.mktemp("shelf")
    half = Image.new("RGB", (1200, 800), RED)
    half.paste(BLUE, (0, 0, 600, 800))  # left blue, right red
    half.save(folder / "plain.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: left becomes top
    half.save(folder / "turned.jpg", exif=exif, quality=95)
    # The same red, written in the numbers of another colour space.
    wide = icc.profile("ProPhotoRGB")
    assert wide is not None
    source, target = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(wide))
    converted = ImageCms.profileToProfile(Image.new("RGB", (900, 600), GREEN), source, target)
    assert converted is not None
    assert np.abs(np.asarray(converted)[0, 0].astype(int) - GREEN).max() > 20
    converted.save(folder / "prophoto.jpg", icc_profile=wide, quality=95)
    Image.new("RGBA", (400, 300), (0, 0, 0, 0)).save(folder / "clear.png")
    Image.new("I;16", (500, 400), 40000).save(folder / "deep.tif")
    Image.new("CMYK", (500, 400), (0, 255, 255, 0)).save(folder / "press.jpg", quality=95)
    Image.new("RGB", (6000, 20), RED).save(folder / "strip.png")
    Image.new("RGB", (50, 40), GREEN).save(folder / "tiny.png")
    return folder


@pytest.fixture(scope="module")
def shown(shelf, tmp_path_factory):
    home = tmp_path_factory.mktemp("shown") / "home"
    index(home, shelf)
    helper = start_helper(home)
    found = helper.post("/api/v1/search", {"words": "a", "show_all": True})["photos"]
    ids = {photo["name"]: photo for photo in found}
    yield helper, ids
    helper.stop()


def picture(shown, name: str, size: int) -> Image.Image:
    helper, ids = shown
    answer = helper.ask("GET", f"/api/v1/photos/{ids[name]['id']}/picture/{size}")
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.body))


def is_near(pixel, colour) -> bool:
    return all(abs(a - b) < 14 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("name", "size", "expected", "top_left", "bottom_right"),
    [
        ("plain.jpg", 320, (320, 213), BLUE, RED),
        ("turned.jpg", 320, (213, 320), BLUE, RED),
        ("turned.jpg", 1280, (800, 1200), BLUE, RED),
        ("prophoto.jpg", 160, (160, 107), GREEN, GREEN),
        ("prophoto.jpg", 2560, (900, 600), GREEN, GREEN),
        ("clear.png", 160, (160, 120), (255, 255, 255), (255, 255, 255)),
        ("deep.tif", 160, (160, 128), (156, 156, 156), (156, 156, 156)),
        ("press.jpg", 160, (160, 128), (255, 0, 0), (255, 0, 0)),
        ("strip.png", 320, (320, 1), RED, RED),
        ("tiny.png", 640, (50, 40), GREEN, GREEN),
    ],
)
def test_pictures_are_upright_and_in_their_colours(shown, name, size, expected, top_left, bottom_right):
    image = picture(shown, name, size)
    assert image.size == expected, "whole, in proportion, never blown up"
    assert image.mode == "RGB"
    assert "icc_profile" not in image.info, "sRGB, as a browser takes it"
    assert not image.getexif()
    tolerant = name == "press.jpg"  # its ink was never given a profile
    corner = min(4, image.height - 1)
    if not tolerant:
        assert is_near(image.getpixel((4, 0)), top_left)
        assert is_near(image.getpixel((image.width - 5, image.height - 1 - corner)), bottom_right)


def test_the_shape_is_told_before_anything_is_loaded(shown):
    _, ids = shown
    assert (ids["turned.jpg"]["width"], ids["turned.jpg"]["height"]) == (800, 1200)


def test_what_the_browser_has_is_not_sent_again(shown):
    helper, ids = shown
    path = f"/api/v1/photos/{ids['plain.jpg']['id']}/picture/160"
    first = helper.ask("GET", path)
    tag = first.headers["etag"]
    assert "private" in first.headers["cache-control"]
    assert helper.ask("GET", path, If_None_Match=tag).status == 304
    assert helper.ask("GET", path, If_None_Match=f'"x", {tag}').status == 304
    assert helper.ask("GET", path, If_None_Match='"x"').status == 200


@pytest.mark.parametrize("size", ["0", "-1", "100", "99999999", "320x", "320.0", "", "../320"])
def test_sizes_are_few(shown, size):
    helper, ids = shown
    assert helper.ask("GET", f"/api/v1/photos/{ids['plain.jpg']['id']}/picture/{size}").status in (404, 422)


def test_it_is_made_once_and_served_from_disk_when_the_photo_is_gone(shown, shelf):
    helper, ids = shown
    path = f"/api/v1/photos/{ids['tiny.png']['id']}/picture/160"
    made = helper.ask("GET", path).body
    (shelf / "tiny.png").rename(shelf / "away.png")
    try:
        assert helper.ask("GET", path).body == made
        gone = helper.ask("GET", path.replace("160", "1280"))
        assert gone.status == 422
        assert "no longer there" in gone.json["error"]
        assert str(shelf) not in gone.json["error"]
    finally:
        (shelf / "away.png").rename(shelf / "tiny.png")


def test_the_grid_tells_ids_and_shapes_of_all(shown):
    helper, ids = shown
    orders = {}
    for order in ("time", "oldest", "added", "random"):
        data = helper.ask("POST", "/api/v1/grid", {"order": order, "seed": 1}).body
        assert data[:4] == b"SLG1"
        count = int.from_bytes(data[4:8], "little")
        assert count == len(ids)
        aspects = np.frombuffer(data, "<u2", count, 8)
        names = [data[8 + 2 * count + 12 * i :][:12].decode() for i in range(count)]
        assert len(data) == 8 + 14 * count
        orders[order] = names
        shapes = dict(zip(names, aspects.tolist(), strict=True))
        assert shapes[ids["plain.jpg"]["id"]] == 1500
        assert shapes[ids["turned.jpg"]["id"]] == 666
        assert shapes[ids["strip.png"]["id"]] == 65535
    assert {tuple(sorted(names)) for names in orders.values()} == {tuple(sorted(p["id"] for p in ids.values()))}
    assert orders["time"] == orders["oldest"][::-1]
    same = helper.ask("POST", "/api/v1/grid", {"order": "random", "seed": 1}).body
    other = helper.ask("POST", "/api/v1/grid", {"order": "random", "seed": 2}).body
    assert [same[-12 * len(ids) :][12 * i :][:12].decode() for i in range(len(ids))] == orders["random"]
    assert other != same
    few = helper.ask("POST", "/api/v1/grid", {"filters": {"format": ["tiff"]}}).body
    assert few[4:8] == (1).to_bytes(4, "little")


# Uploads


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"\xff\xd8\xff\xe0" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) (w) file",
        b"GIF89a" + b"\xff" * 50,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00" + b"\0" * 20,
        b"II*\x00" + b"\xff" * 64,
    ],
)
def test_uploads_that_are_no_pictures_are_refused_in_words(shown, data):
    helper, _ = shown
    answer = helper.ask("POST", "/api/v1/search/image", data, Content_Type="image/jpeg")
    assert answer.status == 422
    assert answer.json["error"].startswith("the picture cannot be read: ")
    assert str(helper.home) not in answer.json["error"], "the name of our own file is nobody's business"
    assert list((helper.home / "uploads").iterdir()) == []


def test_an_upload_finds_its_likes_and_joins_words(shown, shelf):
    helper, _ = shown
    data = (shelf / "plain.jpg").read_bytes()
    answer = helper.ask("POST", "/api/v1/search/image?limit=3", data, Content_Type="application/octet-stream").json
    assert len(answer["photos"]) == 3
    assert answer["more"]
    assert "plain.jpg" not in [photo["name"] for photo in answer["photos"]], "the picture itself is no answer"
    joined = helper.post(
        "/api/v1/search", {"terms": [{"text": "red"}, {"picture": answer["upload"], "weight": -0.5}], "show_all": True}
    )
    assert joined["photos"]
    assert helper.ask("POST", "/api/v1/search", {"like": ["up-222222222222"]}).status == 400
    vectors = helper.ask("POST", "/api/v1/embeddings/image", data, Content_Type="image/jpeg").json
    assert np.linalg.norm(vectors["vectors"][0]) == pytest.approx(1, abs=1e-4)
    batch = [base64.b64encode((shelf / name).read_bytes()).decode() for name in ("turned.jpg", "plain.jpg", "deep.tif")]
    several = helper.post("/api/v1/embeddings/images", {"images": batch})
    assert np.linalg.norm(several["vectors"], axis=1) == pytest.approx([1, 1, 1], abs=1e-4)
    assert several["vectors"][1] == pytest.approx(vectors["vectors"][0], abs=1e-4), "in the order of the pictures"
    broken = helper.ask("POST", "/api/v1/embeddings/images", {"images": [batch[0], "bm8gcGljdHVyZQ=="]})
    assert (broken.status, broken.json["error"].startswith("picture 2 of 2 cannot be read")) == (422, True)
    assert helper.ask("POST", "/api/v1/embeddings/images", {"images": ["not base64"]}).status == 422
    assert list((helper.home / "uploads").iterdir()) == []
    texts = helper.post("/api/v1/embeddings/texts", {"texts": ["a red circle", "a blue square"]})
    assert np.linalg.norm(texts["vectors"], axis=1) == pytest.approx([1, 1], abs=1e-4)
    assert texts["dim"] == len(texts["vectors"][0])


# The cache by itself


def test_the_cache_forgets_what_was_not_used_for_longest(tmp_path):
    limit = 60_000
    thumbnails = Thumbnails(tmp_path / "thumbs", workers=1, limit_bytes=limit)
    try:
        for number in range(12):
            paint(tmp_path / f"{number}.png", number, (640, 480))
            wanted = Wanted(f"{number:032x}-640", 640, (Rendition(tmp_path / f"{number}.png"),))
            data = thumbnails.get(wanted).result(timeout=300)
            old = time.time() - 1000 + number
            os.utime(thumbnails._kept.path(wanted.name), (old, old))
        first = Wanted(f"{0:032x}-640", 640, ())
        assert thumbnails.get(first).result(timeout=300), "used just now"
        thumbnails._kept.settle()
        kept = list((tmp_path / "thumbs").rglob("*.jpg"))
        assert sum(path.stat().st_size for path in kept) <= limit
        assert len(kept) >= 0.5 * limit / len(data)
        names = {path.stem for path in kept}
        assert first.name in names
        assert f"{1:032x}-640" not in names
        assert f"{11:032x}-640" in names
    finally:
        thumbnails.close(5)


def test_one_picture_asked_for_by_many_is_made_once(tmp_path):
    paint(tmp_path / "a.png", 1, (2000, 1500))
    thumbnails = Thumbnails(tmp_path / "thumbs", workers=2)
    wanted = Wanted("a" * 32 + "-320", 320, (Rendition(tmp_path / "none.png"), Rendition(tmp_path / "a.png")))
    try:
        with ThreadPoolExecutor(8) as pool:
            futures = list(pool.map(lambda _: thumbnails.get(wanted), range(8)))
        assert len({future.result(timeout=300) for future in futures}) == 1
        assert len(list((tmp_path / "thumbs").rglob("*.*"))) == 1
        nothing = Wanted("b" * 32 + "-320", 320, (Rendition(tmp_path / "none.png"),))
        with pytest.raises(ImageProblem, match="no longer there"):
            thumbnails.get(nothing).result(timeout=300)
    finally:
        thumbnails.close(5)
