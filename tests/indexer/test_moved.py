"""Renamed and moved files in a catalog, on real files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from importers.base import Facts, FileStamp, Outcome
from indexer.catalog import Catalog, Content, Model, Root
from indexer.moved import move_photo, replaced_twin, trade_places, vanished_twin, vanished_with
from indexer.photo_row import PhotoRow


class Shelf:
    """A folder of files that a catalog knows."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        folder.mkdir()
        self.catalog, self.folder = catalog, folder
        self.root: Root = catalog.add_root("folder", folder, folder.stat().st_dev)
        self.model: Model = catalog.add_model("space@1", "tiny", 2)
        self.content_ids: dict[str, int] = {}

    def add(self, name: str) -> int:
        file = self.folder / name
        file.write_bytes(name.encode() * 5)
        with self.catalog.transaction():
            digest = name.encode().ljust(16, b".")
            content_id = self.catalog.write_content(Content(digest, 10, 4, 3, "JPEG"))
            self.content_ids[name] = content_id
            row = PhotoRow(
                root_id=self.root.id,
                key=name.encode(),
                path=os.fsencode(file),
                name=name,
                stamp=self.stamp(name),
                outcome=Outcome.INDEXED,
                reason=None,
                reader="test",
                facts=Facts(),
                content_id=content_id,
            )
            return self.catalog.write_photo(row)

    def stamp(self, name: str) -> FileStamp:
        status = (self.folder / name).stat()
        return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)

    def photo(self, photo_id: int) -> tuple[bytes, bytes, str, str]:
        query = "SELECT key, path, name, state FROM photo WHERE id = ?"
        return self.catalog.db.execute(query, (photo_id,)).fetchone()

    def place(self, name: str) -> tuple[bytes, bytes, str]:
        return name.encode(), os.fsencode(self.folder / name), name


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    catalog = Catalog(tmp_path / "home")
    yield Shelf(catalog, tmp_path / "photos")
    catalog.close()


def always(root: Root, key: bytes) -> bool:
    return True


def never(root: Root, key: bytes) -> bool:
    return False


def test_a_renamed_file_is_recognised_without_being_read(shelf: Shelf) -> None:
    photo_id = shelf.add("a.jpg")
    stamp = shelf.stamp("a.jpg")
    db = shelf.catalog.db
    (shelf.folder / "b.jpg").hardlink_to(shelf.folder / "a.jpg")
    assert vanished_twin(db, shelf.root, stamp, shelf.model, always) is None, "not vanished: a hard link, no rename"
    (shelf.folder / "a.jpg").unlink()
    found = vanished_twin(db, shelf.root, stamp, shelf.model, always)
    assert found is not None
    assert found.id == photo_id
    assert vanished_twin(db, shelf.root, stamp, shelf.model, never) is None, "its drive is away"


def test_a_file_in_the_place_of_another_is_known_by_the_name_it_had(shelf: Shelf) -> None:
    one, two = shelf.add("one.jpg"), shelf.add("two.jpg")
    db = shelf.catalog.db
    stamp = shelf.stamp("one.jpg")
    assert replaced_twin(db, shelf.root, stamp, b"one.jpg", always) is None, "it has its own name"
    (shelf.folder / "one.jpg").replace(shelf.folder / "two.jpg")
    assert replaced_twin(db, shelf.root, stamp, b"two.jpg", always) == b"one.jpg"
    assert replaced_twin(db, shelf.root, stamp, b"two.jpg", never) is None, "its drive is away"
    with shelf.catalog.transaction():
        trade_places(db, shelf.root, b"two.jpg", b"one.jpg")
    assert shelf.photo(one) == (*shelf.place("two.jpg"), "indexed")
    assert shelf.photo(two) == (*shelf.place("one.jpg"), "indexed")


def test_a_file_whose_old_name_is_still_its_own_has_not_left_it(shelf: Shelf) -> None:
    shelf.add("one.jpg")
    (shelf.folder / "two.jpg").hardlink_to(shelf.folder / "one.jpg")
    stamp = shelf.stamp("one.jpg")
    assert replaced_twin(shelf.catalog.db, shelf.root, stamp, b"two.jpg", always) is None


def test_a_copy_elsewhere_is_the_photo_once_its_first_file_is_gone(shelf: Shelf) -> None:
    photo_id = shelf.add("a.jpg")
    content_id, db = shelf.content_ids["a.jpg"], shelf.catalog.db
    assert vanished_with(db, content_id, "folder", always) is None, "its file is there: a copy"
    (shelf.folder / "a.jpg").unlink()
    assert vanished_with(db, content_id, "takeout", always) is None, "a photo of another library"
    assert vanished_with(db, content_id, "folder", never) is None, "its drive is away"
    assert vanished_with(db, content_id, "folder", always) == photo_id


def test_a_moved_photo_is_missing_no_longer_and_others_keep_their_state(shelf: Shelf) -> None:
    gone, failed = shelf.add("gone.jpg"), shelf.add("failed.jpg")
    db = shelf.catalog.db
    shelf.catalog.mark_missing([gone])
    db.execute("UPDATE photo SET state = 'failed' WHERE id = ?", (failed,))
    with shelf.catalog.transaction():
        for photo_id, name in ((gone, "here.jpg"), (failed, "there.jpg")):
            move_photo(db, photo_id, shelf.root.id, *shelf.place(name))
    assert shelf.photo(gone) == (*shelf.place("here.jpg"), "indexed")
    assert shelf.photo(failed) == (*shelf.place("there.jpg"), "failed")
