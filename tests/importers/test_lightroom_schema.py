"""Catalogs of any version, and with what should not be: missing tables and columns, odd rows and values."""

from __future__ import annotations

from pathlib import Path

import pytest
from lightroom_catalogs import CatalogWriter, execute, settle, xmp_packet

from importers import lightroom_schema
from importers.base import ImporterError
from importers.lightroom import CatalogPhoto, open_catalog


def read(path: Path) -> tuple[list[CatalogPhoto], list[str]]:
    with open_catalog(path) as catalog:
        return list(catalog.photos()), catalog.warnings


@pytest.mark.parametrize(
    ("version", "product"),
    [
        ("0500006", "Lightroom 5"),
        ("0600008", "Lightroom 6"),
        ("0700003", "Lightroom Classic 7 or 8"),
        ("0900000", "Lightroom Classic 9 or 10"),
        ("1100000", "Lightroom Classic 11"),
        ("1200001", "Lightroom Classic 12"),
        ("1300000", "Lightroom Classic 13"),
        ("1400000", "Lightroom Classic 14"),
        ("1500000", "Lightroom Classic 15"),
    ],
)
def test_known_versions(tmp_path: Path, version: str, product: str) -> None:
    with CatalogWriter(tmp_path / "A.lrcat", version) as catalog:
        catalog.xmp(catalog.photo(), xmp_packet('photoshop:Headline="Hello"'))
    with open_catalog(tmp_path / "A.lrcat") as opened:
        assert (opened.version, opened.product, opened.warnings) == (version, product, [])
        assert [photo.headline for photo in opened.photos()] == ["Hello"]


@pytest.mark.parametrize("version", ["0400020", "1600000", "9900000", "x", "", None])
def test_unknown_versions_are_read_with_a_warning(tmp_path: Path, version: str | None) -> None:
    with CatalogWriter(tmp_path / "A.lrcat", version) as catalog:
        catalog.photo()
    photos, warnings = read(tmp_path / "A.lrcat")
    assert [photo.file_name for photo in photos] == ["IMG_0001.CR2"]
    assert len(warnings) == 1
    assert "A.lrcat has catalog version " in warnings[0]


OPTIONAL = [
    (table, column)
    for table, columns in lightroom_schema.WANTED.items()
    for column in (None, *columns)
    if column not in lightroom_schema.NEEDED.get(table, ())
    and not (column is None and table in lightroom_schema.NEEDED)
]


@pytest.mark.parametrize(("table", "column"), OPTIONAL)
def test_whatever_else_is_missing_costs_only_itself(tmp_path: Path, table: str, column: str | None) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as catalog:
        image = catalog.photo(rating=3.0)
        catalog.tag(image, catalog.keyword("robin"))
        catalog.xmp(image, xmp_packet('photoshop:Headline="Hello"'))
    _rename(path, table, column)
    photos, warnings = read(path)
    assert [photo.stored_path for photo in photos] == ["/Volumes/Photos/IMG_0001.CR2/IMG_0001.CR2"]
    assert any((f"{table}.{column}" if column else table) in warning for warning in warnings)
    if table not in ("Adobe_images", "Adobe_variablesTable"):
        assert photos[0].rating == 3
    if not table.startswith("AgLibraryKeyword"):
        assert photos[0].keywords == ("robin",)
    if table != "Adobe_AdditionalMetadata":
        assert photos[0].headline == "Hello"


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in lightroom_schema.NEEDED.items() for column in (None, *columns)],
)
def test_what_is_needed_and_missing_is_named(tmp_path: Path, table: str, column: str | None) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as catalog:
        catalog.photo()
    _rename(path, table, column)
    name = f"{table}.{column}" if column else table
    with pytest.raises(ImporterError, match=f"is no Lightroom catalog that can be read: it lacks {name}"):
        read(path)


def _rename(path: Path, table: str, column: str | None) -> None:
    """Give a table or column a name of another version; dropping a column that is a key is not possible."""
    execute(path, f"ALTER TABLE {table} RENAME {f'COLUMN {column}' if column else ''} TO fromAnotherVersion")


def test_a_photo_without_a_file_is_left_out_with_a_warning(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        lost = catalog.image(4711)
        catalog.photo()
    photos, warnings = read(tmp_path / "A.lrcat")
    assert [photo.file_name for photo in photos] == ["IMG_0001.CR2"]
    assert warnings == [f"A.lrcat, image {lost}: it has lost its file in the catalog, and is left out"]


def test_a_photo_without_a_folder_keeps_its_name(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        catalog.image(catalog.file(4711))
    assert [photo.stored_path for photo in read(tmp_path / "A.lrcat")[0]] == ["IMG_0001.CR2"]


def test_rows_that_are_there_twice_make_one_photo(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        images = [catalog.photo(f"{number}.jpg") for number in range(600)]
        for image in images:
            for table in ("AgLibraryIPTC", "AgHarvestedExifMetadata", "Adobe_imageDevelopSettings"):
                catalog.add(table, image=image)
    assert [photo.image_id for photo in read(tmp_path / "A.lrcat")[0]] == images


def test_warnings_do_not_pile_up(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        for _ in range(300):
            catalog.image(4711)
    photos, warnings = read(tmp_path / "A.lrcat")
    assert (len(photos), len(warnings)) == (0, 101)
    assert warnings[-1] == "A.lrcat has more photos with such problems"


@pytest.mark.parametrize("value", ["x'00ff00'", "'text'", "1e308", "-5", "''", "9223372036854775807", "NULL"])
def test_any_value_in_any_column_is_survived(tmp_path: Path, value: str) -> None:
    """SQLite columns have no types: whatever stands in a catalog, it costs at most a field."""
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as catalog:
        image = catalog.photo()
        catalog.tag(image, catalog.keyword("robin", synonyms=("bird",)))
        catalog.add("AgHarvestedExifMetadata", image=image)
        catalog.add("AgLibraryCollectionImage", image=image, collection=catalog.add("AgLibraryCollection", name="x"))
        catalog.xmp(image, xmp_packet())
    keys = {"id_local", "id_global", "image", "rootFile", "folder", "absolutePath", "baseName"}
    execute(
        path,
        "PRAGMA ignore_check_constraints = ON",
        *(
            f"UPDATE OR IGNORE {table} SET {column} = {value}"
            for table, columns in lightroom_schema.WANTED.items()
            for column in columns
            if column not in keys
        ),
    )
    assert [photo.image_id for photo in read(path)[0]] == [image]


def test_a_text_that_is_no_utf8_costs_its_letter(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as catalog:
        catalog.add("AgLibraryIPTC", image=catalog.photo(), caption="x")
    execute(path, "UPDATE AgLibraryIPTC SET caption = CAST(x'4dfc6e636865' AS TEXT)")
    assert read(path)[0][0].caption == "M\ufffdnche"


def test_an_empty_catalog_has_no_photos(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat"):
        pass
    settle(tmp_path / "A.lrcat")
    assert read(tmp_path / "A.lrcat") == ([], [])
