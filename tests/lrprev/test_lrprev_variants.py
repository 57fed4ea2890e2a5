"""Generated: what differs from what was seen or reported, as Lightrooms to come or copying programs may make it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lrprev import LrprevError, State, Store, StoredPreview, read_files, read_preview

UUID = "0A1B2C3D-0000-4000-8000-00000000AAAA"
OLD, NEW = "0" * 31 + "a", "0" * 31 + "b"
Place = Callable[..., Path]


def only(folder: Path) -> tuple[StoredPreview, list[str]]:
    with Store(folder) as store:
        (stored,) = store.previews()
        return stored, store.problems


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "suffixes",
    [("_2048", "_512"), ("_2048.jpg", "_512.jpg"), ("-2048", "-512"), ("_2048x1365", "_512x341"), ("_full", "_half"),
     ("_2048 (1)", " copy"), (".lrprev.tmp",), ("", "~")],
)  # fmt: skip
def test_whatever_follows_the_digest_a_name_tells_its_preview(
    tmp_path: Path, make_jpeg: Callable[..., bytes], place: Place, suffixes: tuple[str, ...]
) -> None:
    for number, suffix in enumerate(suffixes, start=1):
        place(tmp_path, make_jpeg(600 // number, 400 // number), UUID, OLD, suffix)
    (tmp_path / f"{UUID}-{OLD}0_2048").write_bytes(b"a digest that is too long")
    stored, _ = only(tmp_path)
    assert (stored.uuid, stored.digest, len(stored.files)) == (UUID, OLD, len(suffixes))
    with Store(tmp_path) as store:
        assert [level.width for level in store.read(stored).levels][-1] == 600


def test_what_a_header_does_not_say_previews_db_tells(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    text = b'colorProfile = "AdobeRGB",'
    assert text in generated
    place(tmp_path, generated.replace(text, b" " * len(text)), UUID, OLD, ".lrfprev")
    make_previews_db(tmp_path / "previews.db", [(1, UUID, OLD, "AB")])
    with Store(tmp_path) as store:
        pyramid = store.read(next(store.previews())).pyramid
    assert pyramid
    assert pyramid.color_profile == "AdobeRGB"
    known = read_preview(generated).pyramid
    assert known
    assert pyramid.levels == known.levels


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("DROP TABLE Pyramid", "Pyramid"),
        ("DROP TABLE PyramidLevel", "PyramidLevel"),
        ("ALTER TABLE ImageCacheEntry RENAME COLUMN orientation TO turn", "ImageCacheEntry.orientation"),
        ("ALTER TABLE Pyramid RENAME COLUMN fileTimeStamp TO stamp", "Pyramid.fileTimeStamp"),
    ],
)
def test_a_previews_db_that_lacks_something_still_tells_the_rest(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None], statement: str, lost: str
) -> None:
    for digest in (OLD, NEW):
        place(tmp_path, generated, UUID, digest)
    make_previews_db(tmp_path / "previews.db", [(1, UUID, NEW, "AB")])
    change(tmp_path / "previews.db", statement)
    with Store(tmp_path) as store:
        found = {stored.digest: stored for stored in store.previews()}
        assert store.problems == [f"previews.db lacks {lost}; what they would hold is left out"]
    assert (found[OLD].state, found[NEW].state) == (State.STALE, State.CURRENT)
    recorded = found[NEW].recorded
    assert (recorded and recorded.color_profile) == (None if lost == "Pyramid" else "AdobeRGB")


def test_without_the_table_of_current_previews_nothing_is_an_orphan(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, generated, UUID, OLD)
    make_previews_db(tmp_path / "previews.db", [(1, UUID, OLD, "AB")])
    change(tmp_path / "previews.db", "DROP TABLE ImageCacheEntry")
    stored, _ = only(tmp_path)
    assert stored.state is State.UNKNOWN
    assert stored.recorded
    assert stored.recorded.color_profile == "AdobeRGB"


def test_damage_that_troubles_every_photo_is_told_once(
    tmp_path: Path, make_jpeg: Callable[..., bytes], make_root_pixels_db: Callable[..., None]
) -> None:
    uuids = [f"0000{number:04X}-0000-4000-8000-00000000AAAA" for number in range(200)]
    make_root_pixels_db(tmp_path / "root-pixels.db", [(uuid, OLD, make_jpeg(60, 40)) for uuid in uuids])
    size_bytes = (tmp_path / "root-pixels.db").stat().st_size
    with (tmp_path / "root-pixels.db").open("r+b") as stream:
        stream.truncate(size_bytes // 2 // 4096 * 4096)
        stream.truncate(size_bytes)  # as a rescue fills what it cannot read
    with Store(tmp_path) as store:
        thumbnails = [store.thumbnail(store.stored(uuid, OLD, ())) for uuid in uuids]
        assert thumbnails.count(None) > 10
        assert len(store.problems) == 1


def test_a_folder_with_many_problems_tells_some(tmp_path: Path, generated: bytes, place: Place) -> None:
    place(tmp_path, generated, UUID, OLD)
    for number in range(300):
        (tmp_path / f"{number}.bin").write_bytes(b"AgHg, but nothing more")
    _, problems = only(tmp_path)
    assert len(problems) == 101
    assert "more" in problems[-1]


@pytest.mark.parametrize("left", ["the header alone", "no level whole"])
def test_a_header_without_levels_still_tells_the_colours_of_the_pictures_beside_it(
    tmp_path: Path, generated: bytes, make_jpeg: Callable[..., bytes], place: Place, left: str
) -> None:
    header = generated[: generated.index(b"AgHg", 4)]
    place(tmp_path, header if left == "the header alone" else header + bytes(500), UUID, OLD, ".lrfprev")
    place(tmp_path, make_jpeg(600, 400), UUID, OLD, "_600")
    stored, _ = only(tmp_path)
    for whole in (False, True):
        preview = read_files(stored, whole=whole)
        assert [level.width for level in preview.levels] == [600]
        assert preview.pyramid
        assert preview.pyramid.color_profile == "AdobeRGB"
        assert bool(preview.problems) is (left == "no level whole")


def test_a_header_without_any_picture_is_no_preview(tmp_path: Path, generated: bytes, place: Place) -> None:
    place(tmp_path, generated[: generated.index(b"AgHg", 4)], UUID, OLD)
    stored, _ = only(tmp_path)
    with pytest.raises(LrprevError, match="level"):
        read_files(stored)
