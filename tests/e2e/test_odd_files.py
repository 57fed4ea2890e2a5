"""A folder of everything that can lie in one: each file ends in one counted outcome, and its reason is kept."""

import os
import shutil
import struct
import sys
import unicodedata
import zlib
from pathlib import Path

import pytest
from PIL import Image
from safelight_command import Safelight
from shapes import Scene, draw

MODEL = Path(__file__).resolve().parents[1] / "data" / "shapes-clip"
GOOD = [
    b"plain.jpg",
    b"two\nlines.png",
    unicodedata.normalize("NFC", "é.png").encode(),
    unicodedata.normalize("NFD", "é.png").encode(),
    b"caf\xe9.png",
    b"-rf.png",
    b"IMG_0001",  # no suffix, but it begins like a picture
    "inside a loop/鳥 🦆.png".encode(),
]
# What is no picture: the outcome, and a word of the reason.
BAD = {
    "empty.jpg": ("failed", "empty"),
    "cut.jpg": ("failed", "cut short"),
    "letter.jpg": ("skipped", "not a picture"),
    "bomb.png": ("skipped", "2,500 megapixels"),
    "sparse.jpg": ("failed", "zeros"),
    "pipe.jpg": ("skipped", "pipe"),
    "zero.jpg": ("skipped", "device"),
    "gone.jpg": ("skipped", "leads nowhere"),
    "round.jpg": ("skipped", "leads nowhere"),
}
FOREIGN = [".hidden.png", "._plain.jpg", "@eaDir/a.png", "Mine.photoslibrary/a.png", "X Previews.lrdata/a.png"]


@pytest.fixture
def folder(tmp_path):
    """A folder with each of them once, and other people's pictures among them."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for number, name in enumerate(GOOD):
        path = folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        draw(Scene("red", "circle", "white"), number).save(path, "JPEG" if name.endswith(b"jpg") else "PNG")
    shutil.copy(folder / "plain.jpg", folder / "copy.jpg")
    (folder / "inside a loop" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder)
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes((folder / "plain.jpg").read_bytes()[:-400])
    (folder / "letter.jpg").write_text("Dear all")
    (folder / "bomb.png").write_bytes(png_header(50_000, 50_000))
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(1 << 30)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "gone.jpg").symlink_to(folder / "nowhere")
    (folder / "round.jpg").symlink_to(folder / "round.jpg")
    for name in FOREIGN:
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(folder / name, "PNG")
    return folder


def png_header(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take not all of these names")
def test_each_ends_in_one_counted_outcome_and_its_reason_is_kept(folder, tmp_path):
    safelight = Safelight(tmp_path / "home", forked=True)
    safelight.env["SAFELIGHT_MODEL"] = str(MODEL)
    *events, done = safelight.records("index", str(folder))
    good, copies = len(GOOD), 1
    bad = [outcome for outcome, _ in BAD.values()]
    counts = {"skipped": bad.count("skipped"), "failed": bad.count("failed"), "missing": 0}
    assert done == {"event": "done", "indexed": good + copies, "unchanged": 0, **counts}
    told = {Path(event["path"]).name: event["outcome"] for event in events if event["event"] == "problem"}
    assert told == {name: outcome for name, (outcome, _) in BAD.items()}

    kept = {Path(problem["path"]).name: problem for problem in safelight.records("status", "--problems")}
    assert {name: problem["state"] for name, problem in kept.items()} == told
    for name, (_, word) in BAD.items():
        assert word in kept[name]["reason"], (name, kept[name]["reason"])
    found = safelight("search", "--source", "folder", "-0", "-n", "50", text=False).stdout.split(b"\0")[:-1]
    assert {path.removeprefix(os.fsencode(folder) + b"/") for path in found} - {b"copy.jpg", b"plain.jpg"} == {
        *GOOD
    } - {b"plain.jpg"}
    assert len(found) == good, "the copy is a place of the same photo"

    again = safelight.records("index", str(folder))[-1]
    assert again == {"event": "done", "indexed": 0, "unchanged": good + copies, **counts}
