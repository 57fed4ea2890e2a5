"""What people and programs read: how a photo is named, and where progress ends."""

import json
import re
import sys

import pytest

from indexer.events import Progress
from indexer.tally import Tally
from safelight.draw import json_progress, prune_plan, remark, table, tally_line
from safelight.draw_photos import photo_label, record
from safelight.pruning import PrunePlan

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
            "taken_from": "file",
            "file_date": "2020-01-01T12:00:00",
            "exposure_seconds": 0.00625,
            "iso": 100.0,
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
                {"source": "folder", "path": "/b.png", "name": "b.png", "root": "/", "state": "failed", "reason": "x"},
                {"source": "photos", "path": None, "name": "IMG_1.HEIC", "root": LIBRARY, "state": "indexed"},
            ],
        }
    )
    assert [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()] == [
        ["name", "IMG_1.HEIC"],
        ["file", "date", "2020-01-01T12:00:00"],
        ["exposure", "seconds", "1/160"],
        ["iso", "100"],
        ["edited", "no"],
        ["flag", "rejected"],
        ["people", "Ana,", "Ben"],
        ["in", "photos", f"IMG_1.HEIC: {FILE}"],
        ["in", "folder", "/p/a.jpg  (missing)"],
        ["in", "folder", "/b.png  (failed: x)"],
        ["in", "photos", f"IMG_1.HEIC in {LIBRARY}"],
    ]


def test_a_terminal_gets_the_first_of_thousands_that_prune_would_forget(capsys, monkeypatch):
    plan = PrunePlan([(number, f"/p/{number}.jpg") for number in range(2500)], [], 2400)

    def lines(**how: bool) -> list[str]:
        prune_plan(plan, how.pop("as_json", False), **{"whole": False} | how)
        return capsys.readouterr().out.splitlines()

    assert len(lines()) == 2500, "a pipe gets all"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert lines() == [*(f"/p/{number}.jpg" for number in range(10)), "... and 2,490 more; --all lists them"]
    assert lines(whole=True) == [f"/p/{number}.jpg" for number in range(2500)]
    assert len(lines(as_json=True)) == 2501


def test_a_run_says_where_to_look_for_what_is_missing():
    assert tally_line(Tally(unchanged=3, missing=1)).endswith(" `safelight status --problems` names what is missing.")
    assert "status" not in tally_line(Tally(unchanged=3))


@pytest.fixture
def on_a_terminal(capsys, monkeypatch):
    """Draw a table on a terminal of a width."""

    def drawn(width: int, columns, rows) -> str:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))
        table(columns, rows)
        return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)

    return drawn


@pytest.mark.parametrize("width", [80, 40, 20])
def test_a_table_tears_no_words(on_a_terminal, width):
    rows = [["siglip2-large", "1024", "1,540 MB", "Apache-2.0", "over 100 languages", "default, not downloaded"]]
    rows += [["starter", "384", "", "", "/a/path/that/is/much/longer/than/any/line/of/such/a/terminal/can/be", "12"]]
    heads = ("name", "dimensions", "download", "licence", "", "")
    shown = on_a_terminal(width, [(head, "right" if head == "dimensions" else "left") for head in heads], rows)
    words = [word for row in rows for cell in row for word in cell.split() if "/" not in word]
    assert all(word in shown for word in words)
    assert "12" in shown, "nothing is cut off"
    if width == 80:
        assert max(map(len, shown.splitlines())) <= width


def test_on_a_narrow_terminal_each_row_is_a_list_that_leaves_ids_whole(on_a_terminal):
    columns = [("score", "right"), ("photo", "left"), ("taken", "left"), ("id", "left"), ("", "left")]
    row = ["0.723", "~/Pictures/2019.07 Trip/cat.jpg", "2019-07-04", "6tcpp6zbw7nf", "and 3 more"]
    shown = on_a_terminal(40, columns, [row, [*row[:2], "", row[3], ""]])
    assert shown.splitlines() == [
        "",
        "score  0.723",
        "photo  ~/Pictures/2019.07 Trip/cat.jpg",
        "taken  2019-07-04",
        "id     6tcpp6zbw7nf",
        "       and 3 more",
        "",
        "score  0.723",
        "photo  ~/Pictures/2019.07 Trip/cat.jpg",
        "id     6tcpp6zbw7nf",
    ]


def test_a_column_that_nothing_is_in_takes_no_room(on_a_terminal):
    columns = [("score", "right"), ("photo", "left"), ("taken", "left"), ("", "left")]
    shown = on_a_terminal(80, columns, [["0.723", "cat.jpg", "", ""], ["0.5", "dog.jpg", "", ""]])
    assert "taken" not in shown
    assert "0.723  cat.jpg" in shown


def test_no_file_name_drives_the_terminal_through_a_remark(capsys):
    remark("/p/\x1b[31mred.photoslibrary is read on its own")
    assert capsys.readouterr().err == "/p/\\x1b[31mred.photoslibrary is read on its own\n"
