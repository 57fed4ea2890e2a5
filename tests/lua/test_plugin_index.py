"""Indexing from Lightroom: a job of the helper, and thumbnails for photos that only Lightroom can show.

The catalog is a generated one, in a folder where nobody would look for it.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import CHECKOUT, PLUGIN, Helper
from lua.test_plugin_finding import like, search
from lua.test_plugin_living import make_smart, smart
from PIL import Image
from preview_folders import Library as Generated
from preview_folders import fingerprint, levels_of

from importers.lightroom import open_catalog

CONSENT = "lightroom-catalog.txt"
DEMO = CHECKOUT / "assets" / "demo"


@pytest.fixture
def user(reader: Helper) -> Helper:
    return reader


def jpeg(name: str, size: int) -> bytes:
    """A picture of the demo, smaller: other bytes than the one that is indexed."""
    stream = io.BytesIO()
    with Image.open(DEMO / f"{name}.jpg") as picture:
        picture.thumbnail((size, size))
        picture.save(stream, "JPEG")
    return stream.getvalue()


_made = itertools.count()


@pytest.fixture
def catalog(user: Helper) -> Path:
    """A catalog that nobody has met: two photos whose originals are away, one with a preview of a field of galaxies."""
    number = next(_made)
    folder = user.home / "Work" / f"Job {number}"
    with Generated(folder, root=f"{user.home}/Away/{number}/", tag=f"{number:04X}") as lib:
        with Image.open(DEMO / "deep-field.jpg") as picture:
            lib.photo("seen.jpg", fileFormat="JPG", levels=levels_of(picture))
        lib.writer.image(lib.file("offline.jpg")[0], id_global=f"OFFLINE-{number}", fileFormat="JPG")
    return lib.catalog


@pytest.fixture
def lr(user: Helper, catalog: Path) -> Iterator[Lightroom]:
    user.home.joinpath("tmp").mkdir(exist_ok=True)
    it = Lightroom(user.home, str(catalog))
    it.scheduler.pace = 0.1
    with open_catalog(catalog) as read:
        for photo in read.photos():
            it.catalog.add_photo(photo.uuid, photo.stored_path, available=False)
            it.names[Path(photo.stored_path).stem] = photo.uuid
    it.load(PLUGIN)
    before = fingerprint(catalog.parent)
    yield it
    assert it.violations == []
    assert fingerprint(catalog.parent) == before, "the catalog is only read"


def index(lr: Lightroom) -> str:
    lr.answer("Index this catalog?", "ok")
    lr.click("MenuIndex.lua")
    return lr.around.messages.pop()


def read_by(user: Helper, uuid: str) -> str | None:
    with closing(sqlite3.connect(user.data / "library.sqlite")) as db:
        row = db.execute(
            "SELECT reader FROM photo WHERE key = ? AND content_id IS NOT NULL", (uuid.encode(),)
        ).fetchone()
    return row and row[0]


def similar(lr: Lightroom, uuid: str) -> list[str]:
    lr.catalog.selected = [lr.photo(uuid).id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="1") or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuSimilar.lua")
    lr.around.answers.clear()
    name = lr.photo(uuid).file_name
    return like(lr, name) if lr.around.bezels else []


def test_the_open_catalog_is_indexed_because_the_user_says_so(lr, user):
    assert index(lr) == (
        "1 photo is new in the index.\n0 of them were looked at through Lightroom's previews; 1 could not be."
    )
    assert (user.data / CONSENT).read_text() == lr.catalog.path
    assert (user.data / CONSENT).stat().st_mode & 0o777 == 0o600
    search(lr, "stars", match="any", limit="1")
    assert lr.photos_in("Safelight", "Searches", "stars") == [lr.names["seen"]]
    assert index(lr).startswith("0 photos are new")
    assert not any(target.endswith("/places") for _, target in lr.http.sent), "no path goes over the wire"


def test_the_token_alone_has_no_file_read(user, catalog):
    """Who has it may say hello, name any path, send thumbnails, and ask for places: the path becomes none of them."""
    said = user.said()

    def ask(method: str, path: str, body: bytes, kind: str = "application/json") -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", said["port"], timeout=600)
        headers = {"Authorization": f"Bearer {said['token']}", "Content-Type": kind}
        connection.request(method, f"/api/v1{path}", body, headers)
        answer = connection.getresponse()
        status, content = answer.status, json.loads(answer.read())
        connection.close()
        return status, content

    hello = {"protocol": 1, "plugin": "9", "catalog": str(catalog), "lightroom": "14"}
    _, met = ask("POST", "/lightroom/hello", json.dumps(hello).encode())
    target = f"/lightroom/thumbnail?catalog={met['catalog']}&uuid=U"
    assert ask("POST", target, jpeg("cat", 200), "image/jpeg")[1]["code"] == "no_place"
    status, refused = ask("POST", "/lightroom/index", json.dumps({"catalog": met["catalog"]}).encode())
    assert (status, refused["code"]) == (409, "no_place")
    assert str(catalog) not in [place["path"] for place in ask("GET", "/places", b"")[1]["places"]]


def test_where_the_plugin_cannot_say_so_it_says_what_to_type(lr, user):
    lr.http.on_send = lambda target: target.endswith("/index") and (user.data / CONSENT).unlink(missing_ok=True)
    said = index(lr)
    assert "has not met this catalog yet" in said
    assert f'safelight index "{lr.catalog.path}"' in said


def test_a_thumbnail_stands_for_a_photo_until_it_is_read(lr, user):
    uuid = lr.names["offline"]
    lr.photo(uuid).jpeg = jpeg("deep-field", 300)
    assert index(lr) == (
        "2 photos are new in the index.\n1 of them was looked at through Lightroom's previews; 0 could not be."
    )
    assert lr.photo_calls.thumbnails == [(uuid, "delivered")]
    assert similar(lr, uuid) == [lr.names["seen"]]
    assert read_by(user, uuid) == "lightroom thumbnail"
    assert index(lr).startswith("0 photos are new"), "a scan that still cannot see it leaves it alone"
    assert read_by(user, uuid) == "lightroom thumbnail"
    assert len(lr.photo_calls.thumbnails) == 1, "sent once"
    original = Path(lr.photo(uuid).path)
    original.parent.mkdir(parents=True)
    shutil.copy(DEMO / "bricks.jpg", original)  # the drive is back
    index(lr)
    assert read_by(user, uuid) not in (None, "lightroom thumbnail")


def test_the_selected_photos_alone(lr, user):
    uuid = lr.names["offline"]
    lr.photo(uuid).jpeg = jpeg("deep-field", 300)
    lr.catalog.selected = [lr.photo(uuid).id]
    lr.click("MenuIndexSelected.lua")
    assert "choose Index This Catalog first" in lr.around.messages.pop(), "a thumbnail makes no place of a catalog"
    lr.photo(uuid).jpeg = None
    index(lr)
    lr.photo(uuid).jpeg = jpeg("deep-field", 280)
    lr.click("MenuIndexSelected.lua")
    assert lr.around.messages.pop().startswith("1 photo is new in the index.\n1 of them")
    stranger = lr.catalog.add_photo("STRANGER", "/Volumes/Away/a & b=ü.NEF", jpeg=jpeg("deep-field", 260))
    slow = lr.catalog.add_photo("SLOW", "/Volumes/Away/slow.NEF", jpeg=jpeg("deep-field", 240))
    lr.scheduler.pace, lr.photo_calls.slow = 0, {"SLOW"}
    lr.catalog.selected = [photo.id for photo in (slow, stranger, lr.photo(uuid))]
    lr.click("MenuIndexSelected.lua")
    assert lr.around.messages == [
        "1 photo is new in the index.\n1 of them was looked at through Lightroom's previews; 1 could not be."
    ], "what does not come within a minute is given up, and what is there already not sent"
    with closing(sqlite3.connect(user.data / "library.sqlite")) as db:
        assert db.execute("SELECT name FROM photo WHERE key = ?", (b"STRANGER",)).fetchone() == ("a & b=ü.NEF",)


def test_indexing_can_be_cancelled(lr):
    lr.around.cancel_after = 0
    lr.answer("Index this catalog?", "ok")
    lr.click("MenuIndex.lua")
    assert lr.around.messages == []


def test_other_commands_go_on_while_indexing_does(lr):
    state = {"id": "4kq7z2m9xb3c", "state": "running", "stage": "indexing", "done": 1, "total": 9, "counts": {}}
    lr.http.canned["index"] = lr.http.canned[state["id"]] = lambda body: state
    lr.http.canned["search"] = lambda body: {"photos": [], "reason": "nothing like it"}
    lr.answer("Index this catalog?", "ok")
    lr.run_script("MenuIndex.lua")
    lr.wait(5)
    lr.answer("Find by Words", lambda dialog: dialog.set(words="dog") or "ok")
    lr.click("MenuFind.lua")
    assert "nothing like it" in lr.around.messages.pop()
    lr.click("MenuIndexSelected.lua")
    assert "still busy" in lr.around.messages.pop(), "two at once would ask for thumbnails at once"
    lr.wait(60)
    sent = [target.rsplit("/", 1)[-1] for _, target in lr.http.sent]
    assert "poll" in sent
    assert "list_queries" not in sent, "collections follow when all photos are there"
    state["state"] = "failed"
    state["error"] = "the drive is full"
    lr.wait(120)
    assert lr.around.messages == ["the drive is full"]
    assert lr.http.sent[-1][1].endswith("/poll")
    assert "list_queries" in [target.rsplit("/", 1)[-1] for _, target in lr.http.sent]
    assert all(bar.done for bar in lr.around.progress)


def test_declining_asks_nobody(lr):
    lr.answer("Index this catalog?", "cancel")
    before = len(lr.http.sent)
    lr.click("MenuIndex.lua")
    assert len(lr.http.sent) == before


def test_virtual_copies_are_photos_of_their_own_by_their_uuid(user, tmp_path):
    """A photo and its copy with another look (another picture, for the test): they share a path and nothing else."""
    with Generated(user.home / "Work" / "Copies", root=f"{user.home}/Away/copies/", tag="C0FF") as lib:
        file, file_uuid = lib.file("galaxy.jpg")
        looks = []
        for name in ("deep-field", "bricks"):
            with Image.open(DEMO / f"{name}.jpg") as shown:
                looks.append(levels_of(shown))
        master = lib.image(file, file_uuid, levels=looks[0], fileFormat="JPG", id_global="MASTER")
        lib.image(file, file_uuid, levels=looks[1], fileFormat="JPG", id_global="COPY", masterImage=master)
    lr = Lightroom(user.home, str(lib.catalog))
    lr.scheduler.pace = 0.1
    path = f"{user.home}/Away/copies/2024/galaxy.jpg"
    first = lr.catalog.add_photo("MASTER", path, available=False)
    lr.catalog.add_photo("COPY", path, available=False, master=first.id)
    lr.load(PLUGIN)
    assert index(lr).startswith("2 photos are new in the index.")
    make_smart(lr, "maze", name="mazes")
    assert smart(lr, "mazes") == ["COPY"]
    search(lr, "stars", match="any", limit="2")
    assert lr.photos_in("Safelight", "Searches", "stars")[0] == "MASTER"
    lr.catalog.selected = [lr.photo("COPY").id]
    search(lr, "stars", match="any", limit="2", scope="selection")
    assert lr.photos_in("Safelight", "Searches", "stars") == ["COPY"]
    assert lr.violations == []
