"""Photos that only Lightroom can show have a picture on the page: the one that the plug-in has sent."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from PIL import Image
from safelight_server import index, own_helper, paint

from indexer.catalog import Catalog
from safelight.kept_pictures import KeptPictures

UUID = "8A1B6B4D-0000-4000-8000-000000000001"


def test_a_photo_that_lightroom_has_sent_has_a_picture(tmp_path: Path):
    home, photos, catalog_file = tmp_path / "home", tmp_path / "photos", tmp_path / "Wedding.lrcat"
    photos.mkdir()
    paint(photos / "a.png", 1)
    index(home, photos)
    catalog = Catalog(home)
    catalog.add_root("lightroom", catalog_file, None)  # as a run over it leaves it
    catalog.close()
    sent = io.BytesIO()
    Image.new("RGB", (640, 480), (200, 30, 30)).save(sent, "JPEG")
    with own_helper(tmp_path) as helper:
        hello = {"protocol": 1, "plugin": "0.1.0", "catalog": str(catalog_file), "lightroom": "14.3"}
        met = helper.post("/api/v1/lightroom/hello", hello)["catalog"]
        target = f"/api/v1/lightroom/thumbnail?catalog={met}&uuid={UUID}&name=red.nef"
        answer = helper.ask("POST", target, sent.getvalue(), Content_Type="image/jpeg")
        assert (answer.status, answer.json) == (200, {"taken": True})
        found = helper.post("/api/v1/photos/lookup", {"source": "lightroom", "keys": [UUID]})["photos"][UUID]
        for size, shape in ((320, (320, 240)), (2560, (640, 480))):
            picture = helper.ask("GET", f"/api/v1/photos/{found['id']}/picture/{size}")
            assert picture.status == 200, picture.body
            shown = Image.open(io.BytesIO(picture.body))
            assert shown.size == shape
            assert shown.getpixel((9, 9))[0] > 150
    kept = [path for path in (home / "sent").rglob("*") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
    assert stat.S_IMODE((home / "sent").stat().st_mode) == 0o700


def test_what_is_kept_is_bounded_and_private(tmp_path: Path):
    kept = KeptPictures(tmp_path / "kept", 1000)
    for number in range(20):
        kept.keep(f"{number:032x}", bytes(100))
    kept.settle()
    left = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in left) <= 1000
    assert {stat.S_IMODE(path.stat().st_mode) for path in left} == {0o600}
    assert kept.read(f"{99:032x}") is None


def test_a_full_disk_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = KeptPictures(tmp_path / "kept", 1000)

    def full(*_: object):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep("a" * 32, b"jpeg")
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []
