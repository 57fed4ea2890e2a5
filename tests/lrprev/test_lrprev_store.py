"""A previews folder: every preview once, current, stale or orphan, in the old layout and (generated) the new one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from lrprev import (
    Confidence,
    LrprevError,
    SmartPreview,
    State,
    Store,
    largest_whole,
    previews_folder,
    read_preview,
    smart_previews,
    smart_previews_folder,
)

UUID, OTHER = "0A1B2C3D-0000-4000-8000-00000000AAAA", "FFFF2C3D-0000-4000-8000-00000000BBBB"
OLD, NEW = "0" * 31 + "a", "0" * 31 + "b"
Place = Callable[..., Path]


def states(folder: Path, **options: object) -> dict[tuple[str, str], State]:
    with Store(folder, **options) as store:
        assert store.problems == []
        return {(stored.uuid, stored.digest): stored.state for stored in store.previews()}


def test_the_real_folder_gives_three_current_previews_at_full_size(lightroom5: Path, real_previews: list[Path]) -> None:
    with Store(lightroom5) as store:
        found = list(store.previews())
        assert store.problems == []
        assert [stored.files for stored in found] == [(path,) for path in real_previews]
        assert [stored.state for stored in found] == [State.CURRENT] * 3
        assert [(e.image_id, e.orientation) for stored in found for e in stored.cache_entries] == [
            (21, "AB"),
            (50, "AB"),
            (35, "AB"),
        ]
        for stored in found:
            preview = store.read(stored)
            assert preview.coverage == 1
            assert preview.problems == ()
            assert stored.recorded.levels == preview.pyramid.levels
            assert stored.recorded.file_time == preview.pyramid.file_time
            whole = largest_whole(preview)
            full = (preview.pyramid.cropped_width, preview.pyramid.cropped_height)
            assert (whole.level.width, whole.level.height) == full


def test_real_levels_are_the_stored_bytes_and_decode(lightroom5: Path, tmp_path: Path) -> None:
    with Store(lightroom5) as store:
        for stored in store.previews():
            data = stored.files[0].read_bytes()
            for level in store.read(stored).levels:
                jpeg = level.read()
                assert jpeg == data[level.offset_bytes : level.offset_bytes + level.length_bytes]
                (tmp_path / "level.jpg").write_bytes(jpeg)
                with Image.open(tmp_path / "level.jpg") as picture:
                    assert picture.size == (level.width, level.height)
                    if level.number < 5:
                        picture.load()


def test_real_thumbnails_in_root_pixels_are_level_1(lightroom5: Path) -> None:
    with closing(sqlite3.connect(f"file:{lightroom5}/root-pixels.db?immutable=1", uri=True)) as connection:
        stored = dict(connection.execute("SELECT uuid, jpegData FROM RootPixels"))
    with Store(lightroom5) as store:
        assert {s.uuid: store.read(s).levels[0].read() for s in store.previews()} == stored


def test_the_real_folder_stays_byte_identical(
    lightroom5: Path, tmp_path: Path, fingerprint: Callable[[Path], dict[str, tuple[str, int]]]
) -> None:
    shutil.copytree(lightroom5.parent, tmp_path / "catalog", copy_function=shutil.copy)
    folder = tmp_path / "catalog" / lightroom5.name
    for path in [folder.parent, *folder.parent.rglob("*")]:  # writable, so that nothing but care protects it
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = fingerprint(tmp_path)
    with Store(folder) as store:
        for stored in store.previews():
            largest_whole(store.read(stored))
    assert fingerprint(tmp_path) == before


def test_two_digests_of_one_photo_are_two_previews(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, generated, UUID, OLD)
    place(tmp_path, generated, UUID, NEW)
    make_previews_db(tmp_path / "previews.db", [(7, UUID, NEW, "AB")], [(UUID, OLD), (UUID, NEW)])
    assert states(tmp_path) == {(UUID, OLD): State.STALE, (UUID, NEW): State.CURRENT}


def test_a_virtual_copy_makes_both_digests_current(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, generated, UUID, OLD)
    place(tmp_path, generated, UUID, NEW)
    make_previews_db(tmp_path / "previews.db", [(7, UUID, NEW, "AB"), (8, UUID, OLD, "BC"), (9, UUID, OLD, None)])
    assert states(tmp_path) == {(UUID, OLD): State.CURRENT, (UUID, NEW): State.CURRENT}
    with Store(tmp_path) as store:
        entries = {stored.digest: stored.cache_entries for stored in store.previews()}
    assert {digest: [entry.image_id for entry in found] for digest, found in entries.items()} == {OLD: [8, 9], NEW: [7]}


def test_many_asked_for_at_once_are_told_as_each_is(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    for uuid, digest in ((UUID, OLD), (UUID, NEW), (OTHER, OLD)):
        place(tmp_path, generated, uuid, digest)
    make_previews_db(tmp_path / "previews.db", [(7, UUID, NEW, "AB"), (8, UUID, OLD, "BC")], [(UUID, OLD), (UUID, NEW)])
    with Store(tmp_path) as store:
        found = list(store.names())
        together = store.all_stored(found)
        assert together == [store.stored(*one) for one in found]
    assert {(stored.state, stored.recorded is None) for stored in together} == {
        (State.CURRENT, False),
        (State.ORPHAN, True),
    }


def test_a_photo_that_nothing_knows_is_an_orphan(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, generated, UUID, OLD)
    make_previews_db(tmp_path / "previews.db", [(7, OTHER, NEW, "AB")])
    assert states(tmp_path) == {(UUID, OLD): State.ORPHAN}


def test_the_catalogs_digests_decide_who_exists(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, generated, UUID, OLD)
    place(tmp_path, generated, UUID, NEW)
    place(tmp_path, generated, OTHER, OLD)
    assert set(states(tmp_path).values()) == {State.UNKNOWN}
    assert states(tmp_path, digests={UUID: {NEW}}) == {
        (UUID, OLD): State.STALE,
        (UUID, NEW): State.CURRENT,
        (OTHER, OLD): State.ORPHAN,
    }
    assert states(tmp_path, digests={UUID: set()})[UUID, NEW] is State.STALE
    make_previews_db(tmp_path / "previews.db", [(7, UUID, OLD, "AB"), (8, OTHER, OLD, "AB")])
    assert states(tmp_path, digests={UUID: {NEW}}) == {
        (UUID, OLD): State.CURRENT,  # edited since: the last render, which is all that previews.db has
        (UUID, NEW): State.CURRENT,
        (OTHER, OLD): State.ORPHAN,  # deleted from the catalog; previews.db does not know yet
    }


def test_generated_13_3_layout_is_one_preview_of_many_files(
    tmp_path: Path,
    make_jpeg: Callable[..., bytes],
    make_container: Callable[..., bytes],
    place: Place,
    make_previews_db: Callable[..., None],
) -> None:
    small = [(make_jpeg(60, 40), 60, 40), (make_jpeg(120, 80), 120, 80)]
    place(tmp_path, make_container(small, UUID, NEW), UUID, NEW, ".lrfprev")
    large = {edge: make_jpeg(edge, edge * 2 // 3) for edge in (512, 1024)}
    for edge, jpeg in large.items():
        place(tmp_path, jpeg, UUID, NEW, f"_{edge}")
    make_previews_db(tmp_path / "previews.db", [(7, UUID, NEW, "AB")])
    with Store(tmp_path) as store:
        (stored,) = store.previews()
        assert len(stored.files) == 3
        preview = store.read(stored)
    assert [(level.width, level.number) for level in preview.levels] == [(60, 1), (120, 2), (512, None), (1024, None)]
    assert preview.pyramid.uuid == UUID
    assert largest_whole(preview).jpeg == large[1024]


def test_generated_13_3_sizes_come_from_the_picture_and_not_the_name(
    tmp_path: Path, make_jpeg: Callable[..., bytes], place: Place
) -> None:
    place(tmp_path, make_jpeg(96, 64), UUID, NEW, "_2048")
    place(tmp_path, make_jpeg(300, 200), UUID, NEW, "_512")
    with Store(tmp_path) as store:
        assert [level.width for level in store.read(next(store.previews())).levels] == [96, 300]


def test_generated_13_3_only_plain_pictures_take_profile_and_size_from_previews_db(
    tmp_path: Path, make_jpeg: Callable[..., bytes], place: Place, make_previews_db: Callable[..., None]
) -> None:
    place(tmp_path, make_jpeg(120, 80), UUID, NEW, "_120")
    make_previews_db(tmp_path / "previews.db", [(7, UUID, NEW, "AB")])
    with Store(tmp_path) as store:
        preview = store.read(next(store.previews()))
    assert preview.pyramid.color_profile == "AdobeRGB"
    assert preview.coverage == 0.5


@pytest.mark.parametrize("suffix", ["", "_1024", ".lrprev", ".lrfprev", ".lrmprev", ".jpg"])
def test_generated_files_are_told_by_content_under_any_suffix(
    tmp_path: Path, generated: bytes, make_jpeg: Callable[..., bytes], place: Place, suffix: str
) -> None:
    place(tmp_path, generated, UUID, OLD, suffix)
    place(tmp_path, make_jpeg(60, 40), UUID, NEW, suffix)
    with Store(tmp_path) as store:
        assert [len(store.read(stored).levels) for stored in store.previews()] == [3, 1]


def test_a_container_that_lost_its_name_is_found_by_its_header(tmp_path: Path, generated: bytes) -> None:
    (tmp_path / "rescued").mkdir()
    (tmp_path / "rescued" / "f0012345.bin").write_bytes(generated)
    (tmp_path / "rescued" / "f0012346.bin").write_bytes(b"AgHg, but nothing more")
    (tmp_path / "desktop.ini").write_bytes(b"[.ShellClassInfo]")
    os.mkfifo(tmp_path / "pipe")
    with Store(tmp_path) as store:
        (stored,) = store.previews()
        assert (stored.uuid, stored.files[0].name) == (UUID, "f0012345.bin")
        assert len(store.problems) == 1
        assert "f0012346.bin" in store.problems[0]


def test_a_pipe_under_a_previews_name_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{UUID}-{OLD}.lrprev")
    with Store(tmp_path) as store:
        (stored,) = store.previews()
        with pytest.raises(LrprevError, match="an ordinary file"):
            store.read(stored)


def test_what_a_header_says_oddly_previews_db_still_tells(
    tmp_path: Path, generated: bytes, place: Place, make_previews_db: Callable[..., None]
) -> None:
    odd = generated.replace(b'"AdobeRGB"', b"123456789 ")
    assert odd != generated
    place(tmp_path, odd, UUID, OLD)
    make_previews_db(tmp_path / "previews.db", [(1, UUID, OLD, "AB")])
    with Store(tmp_path) as store:
        (stored,) = store.previews()
        preview = store.read(stored)
    assert preview.pyramid
    assert (preview.pyramid.color_profile, len(preview.pyramid.problems)) == ("AdobeRGB", 1)
    assert preview.pyramid.levels == read_preview(generated).pyramid.levels
    assert (preview.problems, preview.is_sound) == ((), False)


def test_a_thumbnail_in_root_pixels_is_a_preview_where_the_file_is_lost(
    tmp_path: Path,
    generated: bytes,
    make_jpeg: Callable[..., bytes],
    place: Place,
    make_root_pixels_db: Callable[..., None],
) -> None:
    place(tmp_path, generated, UUID, OLD)
    place(tmp_path / "elsewhere", generated, OTHER, OLD)
    thumbnail = make_jpeg(60, 40)
    rows = [
        (UUID, OLD, thumbnail),
        (UUID, NEW, thumbnail),
        (OTHER, OLD, thumbnail),
        (OTHER, NEW, b"junk"),
        ("x", "y", b""),
    ]
    make_root_pixels_db(tmp_path / "root-pixels.db", rows)
    with Store(tmp_path) as store:
        found = {(stored.uuid, stored.digest): stored for stored in store.previews()}
        assert set(found) == {(UUID, OLD), (UUID, NEW), (OTHER, OLD), (OTHER, NEW)}
        assert found[UUID, NEW].files == ()
        (level,) = store.read(found[UUID, NEW]).levels
        assert (level.read(), level.confidence) == (thumbnail, Confidence.SURE)
        assert len(store.read(found[UUID, OLD]).levels) == 3
        with pytest.raises(LrprevError):
            store.read(found[OTHER, NEW])


def test_a_damaged_file_beside_a_sound_one_costs_only_itself(
    tmp_path: Path, make_jpeg: Callable[..., bytes], place: Place
) -> None:
    place(tmp_path, make_jpeg(120, 80), UUID, NEW, "_120")
    place(tmp_path, make_jpeg(240, 160)[:500], UUID, NEW, "_240")
    with Store(tmp_path) as store:
        preview = store.read(next(store.previews()))
    assert [level.width for level in preview.levels] == [120]
    assert "_240" in preview.problems[0]


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + bytes(8000)])
def test_broken_databases_are_left_aside(tmp_path: Path, generated: bytes, place: Place, content: bytes) -> None:
    place(tmp_path, generated)
    (tmp_path / "previews.db").write_bytes(content)
    (tmp_path / "root-pixels.db").write_bytes(content)
    with Store(tmp_path) as store:
        (stored,) = store.previews()
        assert stored.state is State.UNKNOWN
        assert len(store.problems) == 2
        assert len(store.read(stored).levels) == 3


def test_a_real_database_damaged_inside_never_stops_the_listing(lightroom5: Path, tmp_path: Path) -> None:
    for damaged_page in range(1, 29):
        folder = tmp_path / str(damaged_page)
        folder.mkdir()
        data = bytearray((lightroom5 / "previews.db").read_bytes())
        data[damaged_page * 4096 : damaged_page * 4096 + 4096] = b"\x5a" * 4096
        (folder / "previews.db").write_bytes(data)
        for path in lightroom5.glob("*/*/*.lrprev"):
            (folder / path.name).symlink_to(path)
        with Store(folder) as store:
            assert len(list(store.previews())) == 3


def test_while_lightroom_is_open_a_copy_of_its_databases_is_read(
    tmp_path: Path,
    generated: bytes,
    place: Place,
    make_previews_db: Callable[..., None],
    fingerprint: Callable[[Path], dict[str, tuple[str, int]]],
) -> None:
    folder = previews_folder(tmp_path / "My Photos.lrcat")
    place(folder, generated, UUID, OLD)
    make_previews_db(folder / "previews.db", [(7, UUID, OLD, "AB")])
    (tmp_path / "My Photos.lrcat.lock").write_text("C:\\Lightroom.exe\n4711\n")
    before = fingerprint(tmp_path)
    with Store(folder) as store:
        with closing(sqlite3.connect(folder / "previews.db")) as lightroom, lightroom:
            lightroom.execute("DELETE FROM ImageCacheEntry")
        assert next(store.previews()).state is State.CURRENT
    assert set(fingerprint(tmp_path)) == set(before)


def test_the_catalogs_folders_are_named_after_it() -> None:
    catalog = Path("/photos/Trip 2.0.lrcat")
    assert previews_folder(catalog) == Path("/photos/Trip 2.0 Previews.lrdata")
    assert smart_previews_folder(catalog) == Path("/photos/Trip 2.0 Smart Previews.lrdata")


def test_generated_smart_previews_are_listed_by_name_and_content(tmp_path: Path) -> None:
    folder = tmp_path / "0" / "0A1B"
    folder.mkdir(parents=True)
    (folder / f"{UUID}.dng").write_bytes(b"II*\0 a little-endian DNG")
    (folder / f"{OTHER}.dng").write_bytes(b"no DNG at all")
    (folder / "notes.dng").write_bytes(b"MM\0*")
    assert list(smart_previews(tmp_path)) == [SmartPreview(UUID, folder / f"{UUID}.dng")]


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with Store(tmp_path / "gone") as store, pytest.raises(FileNotFoundError):
        list(store.previews())
