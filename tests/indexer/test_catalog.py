"""The catalog on a real SQLite file."""

import os
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from importers.base import Facts, FileStamp, Outcome
from indexer import migrations, tags
from indexer.catalog import FILE_NAME, Catalog, Content, Root
from indexer.errors import CatalogError
from indexer.photo_row import PhotoRow
from indexer.presence import SeenIds, is_gone, is_under


@pytest.fixture
def catalog(tmp_path):
    opened = Catalog(tmp_path / "home")
    yield opened
    opened.close()


def photo_row(root: Root, key: bytes, content_id: int | None = None, **changes) -> PhotoRow:
    values = {
        "root_id": root.id,
        "key": key,
        "path": os.fsencode(root.path) + b"/" + key,
        "name": key.decode("utf-8", "replace"),
        "stamp": FileStamp(10, 1_600_000_000_000_000_000, 7),
        "outcome": Outcome.INDEXED if content_id else Outcome.FAILED,
        "reason": None if content_id else "broken",
        "reader": "test",
        "facts": Facts(),
        "content_id": content_id,
    }
    return PhotoRow(**(values | changes))


def add_photo(catalog, root, key, digest=b"h" * 16, **changes):
    with catalog.transaction():
        content_id = catalog.write_content(Content(digest, 10, 4, 3, "JPEG"))
        return catalog.write_photo(photo_row(root, key, content_id, **changes)), content_id


def test_a_catalog_of_a_newer_safelight_is_refused_and_untouched(tmp_path):
    Catalog(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE_NAME)
    db.execute("INSERT INTO migration VALUES ('m999_from_the_future')")
    db.commit()
    db.close()
    with pytest.raises(CatalogError, match="newer Safelight.*m999"):
        Catalog(tmp_path)


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database, it is a shopping list" * 100)
    with pytest.raises(CatalogError, match=r"cannot open the catalog .*from a backup"):
        Catalog(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(read_only, tmp_path):
    (tmp_path / "file").touch()
    is_disk = os.geteuid() == 0  # whom only a disk keeps from writing
    read = f"the disk of {read_only} is write-protected" if is_disk else f"no permission to write into {read_only}"
    for home, why in (
        (read_only, read),
        (read_only / "not" / "made", read),
        (tmp_path / "file", f"{tmp_path / 'file'} is a file, not a folder"),
        (tmp_path / "file" / "inside", f"{tmp_path / 'file'} is a file, not a folder"),
    ):
        with pytest.raises(CatalogError) as error:
            Catalog(home)
        assert f": {why}; mend that, or set SAFELIGHT_HOME" in str(error.value)
        assert "doctor" not in str(error.value)


def test_a_folder_of_somebody_else_is_not_called_a_write_protected_disk(forbidden):
    with pytest.raises(CatalogError, match=": no permission to write into .*; mend that"):
        Catalog(forbidden)


def test_a_photo_keeps_its_public_id_when_written_again(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    first, _ = add_photo(catalog, root, b"a.jpg")
    before = catalog.db.execute("SELECT public_id FROM photo").fetchall()
    again, _ = add_photo(catalog, root, b"a.jpg", b"i" * 16)
    assert first == again
    assert catalog.db.execute("SELECT public_id FROM photo").fetchall() == before


def test_names_that_are_no_text_come_back_byte_for_byte(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    for key in (b"\xff\xfe.jpg", b"line\nbreak.jpg", "é.jpg".encode(), "é.jpg".encode()):
        add_photo(catalog, root, key, key.ljust(16, b"0")[:16])
    keys = {key for (key,) in catalog.db.execute("SELECT key FROM photo")}
    assert keys == {b"\xff\xfe.jpg", b"line\nbreak.jpg", "é.jpg".encode(), "é.jpg".encode()}


def test_capture_time_keeps_the_cameras_clock_and_its_zone(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    taken = datetime(2019, 7, 4, 21, 30, tzinfo=timezone(timedelta(hours=-7)))
    add_photo(catalog, root, b"a.jpg", facts=Facts(taken_at=taken))
    row = catalog.db.execute("SELECT taken_at, utc_offset_minutes, taken_from FROM photo").fetchone()
    assert row == ("2019-07-04T21:30:00", -420, "exif")


def test_an_undated_picture_takes_the_date_of_its_file_and_says_so(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    add_photo(catalog, root, b"a.jpg")
    taken_at, taken_from = catalog.db.execute("SELECT taken_at, taken_from FROM photo").fetchone()
    assert taken_at.startswith("2020-09-1")
    assert taken_from == "file"


def test_a_vector_is_stored_once_as_float16_and_told_to_the_outbox_once(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    model = catalog.add_model("space@1", "tiny", 4)
    _, content_id = add_photo(catalog, root, b"a.jpg")
    vector = np.array([0.5, -0.5, 0.5, 0.5], np.float32)
    for _ in range(2):
        with catalog.transaction():
            catalog.write_vector(model, content_id, vector)
    assert catalog.vector(model, content_id).tolist() == vector.tolist()
    assert catalog.db.execute("SELECT model_id, content_id, op FROM outbox").fetchall() == [
        (model.id, content_id, "add")
    ]


def test_vectors_of_two_models_stand_side_by_side(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    one, two = catalog.add_model("one@1", "one", 2), catalog.add_model("two@1", "two", 3)
    _, content_id = add_photo(catalog, root, b"a.jpg")
    with catalog.transaction():
        catalog.write_vector(one, content_id, np.array([1, 0], np.float32))
    assert catalog.known(root, b"a.jpg", one).has_vector
    assert not catalog.known(root, b"a.jpg", two).has_vector
    assert catalog.vector(two, content_id) is None


def test_a_transaction_that_fails_changes_nothing(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    with pytest.raises(ZeroDivisionError), catalog.transaction():
        catalog.write_photo(photo_row(root, b"a.jpg"))
        _ = 1 / 0
    assert catalog.db.execute("SELECT count(*) FROM photo").fetchone() == (0,)


def test_a_root_above_takes_over_the_roots_inside_it(catalog):
    inner = catalog.add_root("folder", Path("/photos/2019"), 1)
    beside = catalog.add_root("folder", Path("/photos-old"), 1)
    photo_id, _ = add_photo(catalog, inner, b"a.jpg")
    outer = catalog.add_root("folder", Path("/photos"), 1)
    assert [root.path for root in catalog.roots()] == [outer.path, beside.path]
    assert catalog.db.execute("SELECT id, root_id, key FROM photo").fetchall() == [(photo_id, outer.id, b"2019/a.jpg")]


def test_missing_is_only_what_lies_in_the_scope_and_was_not_met(catalog):
    root = catalog.add_root("folder", Path("/photos"), 1)
    met, _ = add_photo(catalog, root, b"2019/a.jpg", b"1" * 16)
    unmet, _ = add_photo(catalog, root, b"2019/b.jpg", b"2" * 16)
    add_photo(catalog, root, b"2019-b/c.jpg", b"3" * 16)
    seen = SeenIds()
    seen.add(met)
    assert [row[0] for row in catalog.unseen(root, b"2019", seen)] == [unmet]


def test_trouble_in_looking_is_not_absence(tmp_path):
    assert is_gone(os.fsencode(tmp_path / "nothing"))
    assert not is_gone(os.fsencode(tmp_path))
    assert not is_gone(None)
    assert not is_gone(b"x" * 5000), "a name too long to look up says nothing about the file"


def test_scope_is_a_folder_not_a_prefix_of_names():
    assert is_under(b"2019/a.jpg", b"2019")
    assert is_under(b"2019", b"2019")
    assert is_under(b"anything", b"")
    assert not is_under(b"2019-b/a.jpg", b"2019")


def test_seen_ids_hold_exactly_what_was_added():
    seen = SeenIds()
    for row_id in (0, 7, 8, 1_000_000):
        seen.add(row_id)
    assert [i for i in (0, 1, 7, 8, 9, 999_999, 1_000_000, 1_000_001, 9_999_999) if i in seen] == [0, 7, 8, 1_000_000]


def test_a_catalog_of_the_first_release_keeps_its_keywords(tmp_path):
    db = sqlite3.connect(tmp_path / "library.sqlite", isolation_level=None)
    db.execute("CREATE TABLE migration (name TEXT PRIMARY KEY)")
    migrations.m001_photos_contents_vectors(db)
    db.execute("INSERT INTO migration VALUES ('m001_photos_contents_vectors')")
    db.execute("INSERT INTO root VALUES (1, 'folder', x'2f61', 1, 'online')")
    db.execute(
        "INSERT INTO photo (public_id, root_id, key, name, state, added_at, keywords)"
        " VALUES ('abc', 1, x'61', 'a', 'indexed', '2026-01-01', '[\"Bee\", \"F\u00eate\"]')"
    )
    db.close()
    catalog = Catalog(tmp_path)
    assert tags.read_tags(catalog.db, 1) == {"keyword": [("Bee",), ("F\u00eate",)]}
    assert catalog.roots()[0].options == "{}"
    catalog.close()
