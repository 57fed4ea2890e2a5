"""Generated: catalogs and folders of a Lightroom that is newer, or left less behind, than any that was seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from generated_dng import generated_dng
from lightroom_catalogs import execute
from preview_folders import Library, container, levels_of, picture, place

from importers.errors import ImporterError
from safelight.recover import Options, Tally, recover
from safelight.recover.ledger import Outcome, Row

NOW, BEFORE = "7" * 32, "6" * 32


def run(source: Path, out: Path) -> tuple[Tally, list[Row]]:
    rows: list[Row] = []
    return recover([source], out, Options(), on_photo=rows.append), rows


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE Adobe_imageDevelopSettings RENAME COLUMN digest TO renamed",
        "DROP TABLE Adobe_imageDevelopSettings",
        "UPDATE Adobe_imageDevelopSettings SET digest = NULL",
    ],
)
@pytest.mark.parametrize("has_previews_db", [True, False])
def test_where_no_digest_is_known_the_youngest_render_is_the_photos_own(
    tmp_path: Path, statement: str, has_previews_db: bool
):
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid, digest=NOW)
        path = place(library.previews, container(levels_of(picture(2, 90, 60)), uuid, BEFORE), uuid, BEFORE)
        os.utime(path, (1_400_000_000, 1_400_000_000))
    execute(library.catalog, statement)
    if not has_previews_db:
        (library.previews / "previews.db").unlink()
    tally, (row,) = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.stale_left) == (1, 0, 1)
    assert (row.state, row.width, row.path) == ("current", 240, "Volumes/Photos/2024/a.CR2.jpg")


def test_a_guessed_catalog_that_goes_away_with_its_drive_stops_the_run(tmp_path: Path):
    """What the previews hold of its photos must not become orphans, of which the next run knows nothing."""
    with Library(tmp_path / "lib") as library:
        for number in range(200):
            library.photo(f"{number}.JPG")
    catalog = library.catalog.rename(tmp_path / "lib/Renamed.lrcat")
    rows: list[Row] = []

    def pull_the_plug(row: Row) -> None:
        if not rows:
            catalog.rename(tmp_path / "gone.lrcat")
        rows.append(row)

    with pytest.raises(ImporterError, match="cannot be read"):
        recover([tmp_path / "lib"], tmp_path / "out", Options(), on_photo=pull_the_plug)
    (tmp_path / "gone.lrcat").rename(catalog)
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered + tally.unchanged, tally.lost, tally.orphans) == (200, 0, 0)
    assert {row.outcome for row in rows} == {Outcome.RECOVERED}
    assert not (tmp_path / "out/orphans").exists()


def test_smart_previews_of_jpeg_xl_are_copied_and_none_is_told_lost(tmp_path: Path):
    """As recent versions are reported to write them: LibRaw says their size, and cannot develop them."""
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    dng = generated_dng(levels_of(picture(1))[0][0], compression=52546)
    with Library(tmp_path / "lib") as library:
        for name in ("a.CR2", "b.CR2"):
            file, uuid = library.file(name)
            library.writer.image(file)
            path = tmp_path / "lib/Lib Smart Previews.lrdata" / uuid[0] / uuid[:4] / f"{uuid}.dng"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dng)
    remarks: list[str] = []
    tally = recover([tmp_path / "lib"], tmp_path / "out", Options(), on_remark=remarks.append)
    assert (tally.smart, tally.developed, tally.lost) == (2, 0, 0)
    assert ["JPEG XL" in remark for remark in remarks] == [True]
