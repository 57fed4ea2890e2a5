"""What people and programs read: how a photo is named, and where progress ends."""

import json

import pytest

from indexer.events import Progress
from safelight.draw import json_progress
from safelight.draw_photos import photo_label, record

LIBRARY = "/p/Mine.photoslibrary"
FILE = f"{LIBRARY}/originals/A/A1B2.heic"


@pytest.mark.parametrize(
    ("path", "name", "label"),
    [
        ("/p/a.jpg", "a.jpg", "/p/a.jpg"),
        (FILE, "IMG_1.HEIC", f"IMG_1.HEIC in {LIBRARY}"),
        (None, "IMG_1.HEIC", f"IMG_1.HEIC in {LIBRARY}"),
        ("/p/IMG_1.CR2", "IMG_1.CR2 (Copy 1)", "/p/IMG_1.CR2 (Copy 1)"),
        ("/p/IMG_1(1).jpg", "IMG_1.jpg", f"IMG_1.jpg in {LIBRARY}"),
        ("/p/\udce4\n.jpg", "\ufffd\ufffd.jpg", "/p/\udce4\n.jpg"),
        ("/p/\udce4.NEF", "\ufffd.NEF (Copy 1)", "/p/\udce4.NEF (Copy 1)"),
    ],
)
def test_a_photo_goes_by_the_name_that_people_know(path, name, label):
    assert photo_label(path, name, LIBRARY) == label


def test_without_its_library_the_name_alone():
    assert photo_label(FILE, "IMG_1.HEIC") == "IMG_1.HEIC"


def test_progress_is_told_now_and_then_and_to_the_end(capsys):
    show = json_progress(every_seconds=60)
    for event in (Progress("indexing", 0, 9), Progress("indexing", 8, 9), *[Progress("indexing", 9, 9, True)] * 2):
        show(event)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["done"], event["total"]) for event in told] == [(0, 9), (9, 9)]


def test_a_photo_is_told_in_words(capsys):
    record(
        {
            "name": "IMG_1.HEIC",
            "exposure_seconds": 0.00625,
            "favorite": 0,
            "edited": 0,
            "flag": -1,
            "title": None,
            "people": ["Ana", "Ben"],
            "albums": [],
            "parts": [],
            "places": [
                {"source": "photos", "path": FILE, "name": "IMG_1.HEIC", "root": LIBRARY, "state": "indexed"},
                {"source": "folder", "path": "/p/a.jpg", "name": "a.jpg", "root": "/p", "state": "missing"},
                {"source": "photos", "path": None, "name": "IMG_1.HEIC", "root": LIBRARY, "state": "indexed"},
            ],
        }
    )
    assert [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()] == [
        ["name", "IMG_1.HEIC"],
        ["exposure", "seconds", "1/160"],
        ["edited", "no"],
        ["flag", "rejected"],
        ["people", "Ana,", "Ben"],
        ["in", "photos", f"IMG_1.HEIC: {FILE}"],
        ["in", "folder", "/p/a.jpg  (missing)"],
        ["in", "photos", f"IMG_1.HEIC in {LIBRARY}"],
    ]
