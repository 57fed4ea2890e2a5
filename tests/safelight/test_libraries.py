"""What every photo library needs of an index run: several renditions, exact originals, facts that change by themselves.

The library here is generated: a list of photos behind the Source protocol. Real libraries have tests of their own.
"""

import io
import json
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from PIL import Image

from importers import sources
from importers.base import Facts, FileStamp, Options, Part, Photo, Rendition, Smaller, Span
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.reading import Wishes
from safelight.service import Library
from safelight.status import photo_record
from safelight.thumbnails import wanted

MODEL = str(Path(__file__).parent.parent / "data" / "shapes-clip")


class ListedLibrary:
    """A library whose photos are listed by a test, one library at a time."""

    name = "listed"
    keys_are_paths = False
    listed: list[Photo] = []  # noqa: RUF012  # a test sets it
    opened_with = Options()

    def __init__(self, path: Path, options: Options = opened_with) -> None:
        self.root, self.folder, self.device = path.resolve(), path.resolve().parent, path.stat().st_dev
        self.mounts, self.unreadable, self.passed_over, self.remarks = {}, {}, [], []
        ListedLibrary.opened_with = options

    @classmethod
    def recognise(cls, path: Path) -> bool:
        return path.suffix == ".listed"

    def count(self):
        yield len(self.listed)

    def photos(self, known=None):
        yield from self.listed


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "SOURCES", (ListedLibrary, *sources.SOURCES))
    library_file = tmp_path / "mine.listed"
    library_file.write_text("a library")

    def index(*photos: Photo, path: Path = library_file, **how):
        ListedLibrary.listed = list(photos)
        return index_paths(
            index.library,
            [str(path)],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: None,
            on_remark=lambda line: None,
            **how,
        )

    with Library(Settings(model=MODEL), tmp_path / "home") as library:
        index.library = library
        yield index


def paint(path: Path, seed: int, **how) -> Path:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((80, 60)).save(path, **how)
    return path


def photo(key: str, *renditions: Rendition, **how) -> Photo:
    status = renditions[0].path.stat() if renditions else None
    stamp = status and FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)
    return Photo(key.encode(), key, how.pop("path", None), renditions, stamp, facts_complete=True, **how)


def record(run, key: str):
    (public_id,) = run.library.catalog.db.execute(
        "SELECT public_id FROM photo WHERE key = ?", (key.encode(),)
    ).fetchone()
    return photo_record(run.library.catalog, public_id)


def digest(path: Path) -> str:
    return xxhash.xxh3_128_hexdigest(path.read_bytes())


def test_the_next_rendition_serves_where_one_is_damaged_and_is_not_read_again(run, tmp_path):
    empty, good = tmp_path / "empty.jpg", paint(tmp_path / "good.png", 1)
    empty.touch()
    one = photo("one", Rendition(empty, kind="105_c"), Rendition(good, kind="4_5005_c"))
    assert run(one).embedded == 1
    assert record(run, "one")["rendition"] == "4_5005_c"
    tally = run(one)
    assert (tally.unchanged, tally.embedded) == (1, 0)


def test_a_photo_without_any_picture_is_one_counted_outcome(run):
    assert run(photo("one")).skipped == 1
    assert run(photo("one")).skipped == 1


def test_an_original_names_the_preview_that_is_read_in_its_place(run, tmp_path):
    original, preview = paint(tmp_path / "photo.png", 1), paint(tmp_path / "preview.jpg", 1)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "copy.png").write_bytes(original.read_bytes())
    assert run(photo("one", Rendition(preview, kind="105_c"), path=original, exact=original)).embedded == 1
    tally = run(path=folder)
    assert (tally.indexed, tally.embedded) == (1, 0)
    found = record(run, "one")
    assert found["hash"] == found["original_hash"] == digest(original)
    assert [place["source"] for place in found["places"]] == ["listed", "folder"]


def test_thumbnails_are_made_of_the_small_picture_that_was_read_as_long_as_it_is_large_enough(run, tmp_path):
    def drawn(name: str, seed: int, size: tuple[int, int]) -> Path:
        with Image.open(paint(tmp_path / name, seed)) as picture:
            picture.resize(size).save(tmp_path / name)
        return tmp_path / name

    for key, is_edited in (("plain", False), ("edited", True)):
        original = drawn(f"{key} original.png", 1 + is_edited, (1200, 900))
        preview = drawn(f"{key} preview.jpg", 3 + is_edited, (400, 300))
        read = Rendition(preview, 400, 300, edited=is_edited, kind="105_c")
        assert run(photo(key, read, path=original)).embedded == 1
        (public_id,) = run.library.catalog.db.execute(
            "SELECT public_id FROM photo WHERE key = ?", (key.encode(),)
        ).fetchone()
        first = [wanted(run.library.catalog, public_id, size).renditions[0].path for size in (160, 320, 640, 2560)]
        large = preview if is_edited else original  # which does not show the user's edits
        assert first == [preview, preview, large, large]


def test_a_photo_that_lies_elsewhere_too_is_shown_when_one_of_its_places_is_away(run, tmp_path):
    files = [paint(tmp_path / f"{name}.png", 1) for name in ("one", "other")]
    assert run(*(photo(file.stem, Rendition(file), path=file) for file in files)).indexed == 2
    ids = [public_id for (public_id,) in run.library.catalog.db.execute("SELECT public_id FROM photo ORDER BY key")]
    paths = [[rendition.path for rendition in wanted(run.library.catalog, one, 320).renditions] for one in ids]
    assert paths == [files, files[::-1]]


def test_an_edit_is_a_content_of_its_own_and_its_original_still_known(run, tmp_path):
    original, preview = paint(tmp_path / "photo.png", 1), paint(tmp_path / "preview.jpg", 2)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "copy.png").write_bytes(original.read_bytes())
    edited = photo("one", Rendition(preview), path=original, exact=original, facts=Facts(edited=True))
    assert run(edited).embedded == 1
    assert run(path=folder).embedded == 1
    found = record(run, "one")
    assert (found["hash"], found["original_hash"]) == (digest(preview), digest(original))
    assert [place["source"] for place in found["places"]] == ["listed", "folder"]


def test_an_original_that_cannot_be_read_is_done_without(run, tmp_path):
    preview = paint(tmp_path / "preview.jpg", 1)
    assert run(photo("one", Rendition(preview), exact=tmp_path / "offline.cr2")).embedded == 1
    found = record(run, "one")
    assert (found["hash"], found["original_hash"]) == (digest(preview), None)


def test_new_facts_are_taken_over_without_reading_a_file(run, tmp_path, monkeypatch):
    preview = paint(tmp_path / "preview.jpg", 1)
    before = photo("one", Rendition(preview), facts=Facts(keywords=("bee",)), facts_token="1")
    after = replace(
        before,
        facts=Facts(keywords=("wasp",), albums=(("Travel", "Iceland"),), people=("Jón",), favorite=True),
        facts_token="2",
        parts=(Part("raw", "one.cr2"),),
    )
    run(before)
    status = preview.stat()
    tally = run(after)
    assert (tally.unchanged, tally.embedded) == (1, 0)
    assert preview.stat().st_atime_ns == status.st_atime_ns
    found = record(run, "one")
    assert (found["keywords"], found["albums"], found["favorite"]) == (["wasp"], ["Travel/Iceland"], 1)
    assert found["parts"] == [{"role": "raw", "name": "one.cr2", "path": None}]


def test_a_photo_that_its_library_hides_leaves_the_results_and_comes_back_unread(run, tmp_path):
    one = photo("one", Rendition(paint(tmp_path / "preview.jpg", 1)))
    run(one)
    assert run(replace(one, problem="hidden; --hidden takes it in")).skipped == 1
    assert record(run, "one")["models"] == []
    tally = run(one)
    assert (tally.embedded, tally.indexed + tally.unchanged) == (0, 1)
    assert record(run, "one")["models"] == [MODEL]


def test_a_photo_that_left_its_library_is_missing_although_its_file_is_there(run, tmp_path):
    original = paint(tmp_path / "photo.png", 1)
    one = photo("one", Rendition(original), path=original)
    run(one)
    assert run().missing == 1
    tally = run(one)
    assert (tally.unchanged, tally.embedded) == (1, 0)


def test_two_copies_that_share_a_preview_both_stay(run, tmp_path):
    """Virtual copies with equal settings: one file, two photos, no original on this machine."""
    preview, gone = paint(tmp_path / "preview.jpg", 1), tmp_path / "gone.cr2"
    master = photo("master", Rendition(preview), path=gone)
    assert run(master).embedded == 1
    tally = run(master, photo("copy", Rendition(preview), path=gone))
    assert (tally.unchanged, tally.indexed, tally.embedded, tally.missing) == (1, 1, 0, 0)


def test_pictures_inside_files_are_read_in_place(run, tmp_path):
    stored, packed = paint(tmp_path / "a.png", 1).read_bytes(), paint(tmp_path / "b.png", 2).read_bytes()
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(packed) + deflater.flush()
    holder = tmp_path / "holder.bin"
    holder.write_bytes(b"AgHg" * 8 + stored + deflated + b"tail")
    spans = Span(32, len(stored)), Span(32 + len(stored), len(deflated), deflated=True)
    assert run(*(photo(f"{n}", Rendition(holder, span=span)) for n, span in enumerate(spans))).embedded == 2
    assert [record(run, key)["hash"] for key in "01"] == [digest(tmp_path / "a.png"), digest(tmp_path / "b.png")]


def test_where_smaller_pictures_lie_is_not_kept(run, tmp_path):
    stored = paint(tmp_path / "a.jpg", 1).read_bytes()
    holder = tmp_path / "holder.bin"
    holder.write_bytes(stored + stored)
    smaller = (Smaller(1 << 20, Span(0, len(stored))),)
    one = photo("one", Rendition(holder, 80, 60, span=Span(len(stored), len(stored)), smaller=smaller))
    assert run(one).embedded == 1
    (kept,) = run.library.catalog.db.execute("SELECT rendition FROM photo").fetchone()
    assert set(json.loads(kept)) == {"path", "width", "height", "span"}, "what most have is left out, too"


@pytest.mark.parametrize(
    ("span", "reason"),
    [(Span(0, 500), "cut short"), (Span(0, 60, deflated=True), "damaged"), (Span(2, 60, deflated=True), "damaged")],
)
def test_a_span_that_lies_is_one_counted_outcome(run, tmp_path, span, reason):
    holder = tmp_path / "holder.bin"
    holder.write_bytes(zlib.compress(bytes(10_000))[:-4] + b"x" * 60)
    assert run(photo("one", Rendition(holder, span=span))).failed == 1
    (said,) = run.library.catalog.db.execute("SELECT reason FROM photo").fetchone()
    assert reason in said


def test_a_known_orientation_and_profile_are_applied(run, tmp_path):
    flat = Image.new("RGB", (80, 60), (200, 30, 30))
    flat.paste((30, 30, 200), (0, 0, 40, 60))
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=95)
    plain, turned = tmp_path / "plain.jpg", tmp_path / "turned.jpg"
    plain.write_bytes(buffer.getvalue())
    flat.rotate(90, expand=True).save(turned, quality=95)  # what orientation 6 undoes
    run(photo("plain", Rendition(plain)), photo("turned", Rendition(turned, orientation=6)))
    db = run.library.catalog.db
    one, two = (
        np.frombuffer(vector, "<f2").astype(np.float32) for (vector,) in db.execute("SELECT vector FROM embedding")
    )
    assert one @ two > 0.99
    assert db.execute("SELECT DISTINCT width, height FROM content").fetchall() == [(80, 60)]


def test_how_a_library_is_read_is_kept_for_the_next_run(run, tmp_path):
    from importers.base import Mark

    run(wishes=Wishes({Mark.HIDDEN: True}, moved=(("D:/a", "/b"),)))
    run()
    listings = run.library.home / "listings"
    assert ListedLibrary.opened_with == Options(frozenset({Mark.HIDDEN}), moved=(("D:/a", "/b"),), listings=listings)
    run(wishes=Wishes({Mark.HIDDEN: False}))
    run()
    assert ListedLibrary.opened_with.include == frozenset()


def test_files_unpacked_for_a_photo_are_let_go_of_once(run, tmp_path):
    done: list[str] = []
    good = Rendition(paint(tmp_path / "good.png", 1))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG no more")
    photos = [
        photo("good", good, done=lambda: done.append("good")),
        photo("bad", Rendition(bad), done=lambda: done.append("bad")),
    ]
    run(*photos)
    assert sorted(done) == ["bad", "good"]
    run(*photos)
    assert sorted(done) == ["bad", "bad", "good", "good"]
