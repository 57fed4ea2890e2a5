"""Each field of a photo, and each rule behind it, on generated catalogs of every version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_5, LIGHTROOM_13, CatalogWriter, xmp_packet

from importers.lightroom import CatalogPhoto, Exposure, Position, Stack, open_catalog
from importers.lightroom_facts import facts_of

Write = Callable[[CatalogWriter], object]


def read(path: Path) -> tuple[list[CatalogPhoto], list[str]]:
    with open_catalog(path) as catalog:
        return list(catalog.photos()), catalog.warnings


@pytest.fixture(params=[LIGHTROOM_5, LIGHTROOM_13])
def photo_of(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Write], CatalogPhoto]:
    """Write one photo into a catalog of either kind, and read it."""

    def make(write: Write) -> CatalogPhoto:
        path = tmp_path / "A.lrcat"
        path.unlink(missing_ok=True)
        with CatalogWriter(path, request.param) as catalog:
            write(catalog)
        (photo,), warnings = read(path)
        assert warnings == []
        return photo

    return make


def test_paths_are_kept_as_stored(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat", root="C:/Users/Mum & Dad/Bilder/") as catalog:
        catalog.image(catalog.file(catalog.folder("2024/Ostern/"), "IMG_1.CR2", sidecarExtensions="JPG,xmp"))
        catalog.image(catalog.file(catalog.folder(""), "no extension"))
        catalog.image(catalog.file(catalog.folder("x/"), "a.b.c.jpg"))
    pair, plain, dots = read(tmp_path / "A.lrcat")[0]
    assert (pair.root_path, pair.folder_path, pair.base_name, pair.extension) == (
        "C:/Users/Mum & Dad/Bilder/",
        "2024/Ostern/",
        "IMG_1",
        "CR2",
    )
    assert pair.stored_path == "C:/Users/Mum & Dad/Bilder/2024/Ostern/IMG_1.CR2"
    assert pair.sidecar_extensions == ("JPG", "xmp")
    assert plain.stored_path == "C:/Users/Mum & Dad/Bilder/no extension"
    assert plain.sidecar_extensions == ()
    assert (dots.base_name, dots.extension, dots.file_name) == ("a.b.c", "jpg", "a.b.c.jpg")


def test_virtual_copies_share_a_file_and_nothing_else(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        file = catalog.file(catalog.folder())
        master = catalog.image(file, digest="AA" * 16, rating=5.0)
        catalog.image(file, digest="bb" * 16, masterImage=master, copyName="Copy 1")
        catalog.image(file, digest="aa" * 16, masterImage=master, copyName="Black & White")
    first, copy, same_settings = read(tmp_path / "A.lrcat")[0]
    assert (first.is_virtual_copy, first.copy_name, first.rating) == (False, None, 5)
    assert (copy.master_id, copy.copy_name, copy.rating) == (master, "Copy 1", None)
    assert copy.is_virtual_copy
    assert same_settings.copy_name == "Black & White"
    assert len({first.file_uuid, copy.file_uuid, same_settings.file_uuid}) == 1
    assert len({first.uuid, copy.uuid, same_settings.uuid}) == 3
    with open_catalog(tmp_path / "A.lrcat") as opened:
        assert opened.develop_digests() == {first.file_uuid: {"aa" * 16, "bb" * 16}}


def test_marks(photo_of: Callable[[Write], CatalogPhoto]) -> None:
    photo = photo_of(lambda catalog: catalog.photo(rating=4.0, pick=-1.0, colorLabels="Rouge", fileFormat="DNG"))
    assert (photo.rating, photo.pick, photo.label, photo.file_format) == (4, -1, "Rouge", "DNG")


@pytest.mark.parametrize(("rating", "pick"), [(0.0, 0.0), (6.0, 2.0), (-1.0, -2.0), ("5", "1")])
def test_marks_that_mean_nothing_are_none(tmp_path: Path, rating: object, pick: object) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        catalog.photo(rating=rating, pick=pick)
    photo = read(tmp_path / "A.lrcat")[0][0]
    assert (photo.rating, photo.pick) == (None, 0)


@pytest.mark.parametrize("code", ["AB", "BC", "CD", "DA", "BA", "CB", "DC", "AD", None])
def test_orientation_is_passed_on(tmp_path: Path, code: str | None) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        catalog.photo(orientation=code)
    assert read(tmp_path / "A.lrcat")[0][0].orientation == code


def test_sizes_before_and_after_the_crop(photo_of: Callable[[Write], CatalogPhoto]) -> None:
    def write(catalog: CatalogWriter) -> None:
        image = catalog.photo(fileWidth=6000.0, fileHeight=4000.0)
        catalog.connection.execute(
            "UPDATE Adobe_imageDevelopSettings SET croppedWidth = 3000.0, croppedHeight = 2999.0 WHERE image = ?",
            (image,),
        )

    photo = photo_of(write)
    assert (photo.width, photo.height, photo.cropped_width, photo.cropped_height) == (6000, 4000, 3000, 2999)
    whole = photo_of(lambda catalog: catalog.photo(fileWidth=6000.0, fileHeight=4000.0))  # croppedWidth "uncropped"
    assert (whole.cropped_width, whole.cropped_height) == (6000, 4000)


@pytest.mark.parametrize(
    ("stored", "in_xmp", "expected"),
    [
        ("2024-05-17T10:30:00", None, datetime(2024, 5, 17, 10, 30)),
        ("2024-05-17T10:30:00.25", None, datetime(2024, 5, 17, 10, 30, 0, 250000)),
        ("2024-05-17T10:30:00Z", None, datetime(2024, 5, 17, 10, 30, tzinfo=UTC)),
        ("2024-05-17T10:30", None, datetime(2024, 5, 17, 10, 30)),
        ("2024-05-17T10:30:00.25", "2024-05-17T10:30:00Z", datetime(2024, 5, 17, 10, 30, 0, 250000, UTC)),
        ("2024-05-17T12:30:00", "2024-05-17T10:30:00Z", datetime(2024, 5, 17, 12, 30)),  # the clock was put right
        ("1950-05-17", None, datetime(1950, 5, 17)),
        ("1950", None, None),
        ("1950-05-00T00:00:00", None, None),
        ("yesterday", None, None),
        (None, "2024-05-17T10:30:00Z", None),
    ],
)
def test_capture_times(tmp_path: Path, stored: str | None, in_xmp: str | None, expected: datetime | None) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        image = catalog.photo(captureTime=stored)
        if in_xmp:
            catalog.xmp(image, xmp_packet(f'exif:DateTimeOriginal="{in_xmp}"'))
    photo = read(tmp_path / "A.lrcat")[0][0]
    assert (photo.capture_time, photo.taken_at) == (stored, expected)


def test_words_come_from_the_tables_and_then_from_the_xmp(photo_of: Callable[[Write], CatalogPhoto]) -> None:
    packet = xmp_packet(
        'photoshop:Headline="Easter" photoshop:City="Old Town" photoshop:State="Hesse" photoshop:Country="Germany"'
        ' Iptc4xmpCore:Location="Market"',
        '<dc:title><rdf:Alt><rdf:li xml:lang="de">Ostern</rdf:li><rdf:li xml:lang="x-default">Fire</rdf:li></rdf:Alt>'
        "</dc:title><dc:description><rdf:Alt><rdf:li>old caption</rdf:li></rdf:Alt></dc:description>"
        "<dc:creator><rdf:Seq><rdf:li>Jane</rdf:li><rdf:li>Joe</rdf:li></rdf:Seq></dc:creator>"
        "<dc:rights><rdf:Alt><rdf:li>old</rdf:li></rdf:Alt></dc:rights>",
    )

    def only_xmp(catalog: CatalogWriter) -> None:
        catalog.xmp(catalog.photo(), packet)

    def both(catalog: CatalogWriter) -> None:
        image = catalog.photo()
        catalog.xmp(image, packet)
        catalog.add("AgLibraryIPTC", image=image, caption="new caption", copyright="© Jane")
        references = {
            f"{name.lower()}Ref": catalog.interned(f"AgInternedIptc{name}", f"new {name}")
            for name in ("City", "Country", "Creator", "Location", "State")
        }
        catalog.add("AgHarvestedIptcMetadata", image=image, **references)

    def words(photo: CatalogPhoto) -> tuple[str | None, ...]:
        return (photo.caption, photo.creator, photo.copyright, photo.location, photo.city, photo.state, photo.country)

    old, new = photo_of(only_xmp), photo_of(both)
    assert words(old) == ("old caption", "Jane", "old", "Market", "Old Town", "Hesse", "Germany")
    assert words(new) == (
        "new caption",
        "new Creator",
        "© Jane",
        "new Location",
        "new City",
        "new State",
        "new Country",
    )
    assert (old.title, old.headline) == (new.title, new.headline) == ("Fire", "Easter")
    assert old.xmp == packet.encode()
    assert (facts_of(new).title, facts_of(new).caption) == ("Fire", "new caption")


def test_camera_and_exposure(photo_of: Callable[[Write], CatalogPhoto]) -> None:
    def write(catalog: CatalogWriter) -> None:
        catalog.add(
            "AgHarvestedExifMetadata",
            image=catalog.photo(),
            aperture=4.970854,
            shutterSpeed=-1.0,
            isoSpeedRating=6400.0,
            focalLength=85.0,
            flashFired=1,
            cameraModelRef=catalog.interned("AgInternedExifCameraModel", "NIKON Z 8"),
            cameraSNRef=catalog.interned("AgInternedExifCameraSN", "600123"),
            lensRef=catalog.interned("AgInternedExifLens", "NIKKOR Z 85mm f/1.2 S"),
            hasGPS=0,
        )

    photo = photo_of(write)
    assert photo.exposure == Exposure(Fraction(2), 5.6, 6400.0, 85.0, flash_fired=True)
    assert (photo.camera_make, photo.camera_model, photo.camera_serial) == (None, "NIKON Z 8", "600123")
    assert photo.lens == "NIKKOR Z 85mm f/1.2 S"
    facts = facts_of(photo)
    assert (facts.camera, facts.lens) == ("NIKON Z 8", "NIKKOR Z 85mm f/1.2 S")
    assert (facts.exposure.seconds, facts.exposure.aperture) == (2.0, 5.6)
    assert (facts.exposure.iso, facts.exposure.focal_length_mm) == (6400.0, 85.0)
    assert photo_of(lambda catalog: catalog.photo()).exposure == Exposure()


# Tv = -log2(seconds), six decimals as Lightroom keeps them; the seconds are what cameras write.
@pytest.mark.parametrize(
    ("time_value", "seconds"),
    [
        (12.965784, Fraction(1, 8000)),
        (11.643856, Fraction(1, 3200)),
        (6.906891, Fraction(1, 120)),
        (3.70044, Fraction(1, 13)),
        (1.736966, Fraction(3, 10)),
        (1.584963, Fraction(1, 3)),
        (0.0, Fraction(1)),
        (-0.378512, Fraction(13, 10)),
        (-4.906891, Fraction(30)),
        (-8.807355, Fraction(448)),
        (1e9, None),
    ],
)
def test_shutter_speeds_are_the_fractions_that_cameras_write(
    tmp_path: Path, time_value: float, seconds: Fraction | None
) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        catalog.add("AgHarvestedExifMetadata", image=catalog.photo(), shutterSpeed=time_value)
    assert read(tmp_path / "A.lrcat")[0][0].exposure.shutter_seconds == seconds


@pytest.mark.parametrize(
    ("row", "xmp", "expected"),
    [
        ((1, 50.1, 8.7), "", Position(50.1, 8.7)),
        ((1, -33.85, -70.5), 'exif:GPSAltitude="12345/10" exif:GPSAltitudeRef="0"', Position(-33.85, -70.5, 1234.5)),
        ((1, 31.5, 35.5), 'exif:GPSAltitude="430/1" exif:GPSAltitudeRef="1"', Position(31.5, 35.5, -430.0)),
        ((1, 50.1, 8.7), 'exif:GPSAltitude="1/0"', Position(50.1, 8.7)),
        ((0, 50.1, 8.7), "", None),
        ((1, 91.0, 8.7), "", None),
        ((1, None, 8.7), "", None),
        ((1, 0.0, 0.0), "", None),
        ((1, 0.0, 8.7), "", Position(0.0, 8.7)),
    ],
)
def test_positions(tmp_path: Path, row: tuple[object, ...], xmp: str, expected: Position | None) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        image = catalog.photo()
        has, latitude, longitude = row
        catalog.add("AgHarvestedExifMetadata", image=image, hasGPS=has, gpsLatitude=latitude, gpsLongitude=longitude)
        catalog.xmp(image, xmp_packet(xmp))
    assert read(tmp_path / "A.lrcat")[0][0].position == expected


def test_keywords_as_lightroom_exports_them(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        image, other, bare = catalog.photo("a.jpg"), catalog.photo("b.jpg"), catalog.photo("c.jpg")
        animal = catalog.keyword("animal", synonyms=("fauna",))
        bird = catalog.keyword("bird", animal)
        robin = catalog.keyword("robin", bird, synonyms=("Rotkehlchen", "Erithacus rubecula"))
        private = catalog.keyword("family", includeOnExport=0)
        jane = catalog.keyword("Jane", private)
        alone = catalog.keyword("blue", catalog.keyword("colour"), includeParents=0)
        secret = catalog.keyword("where it nests", bird, includeOnExport=0)
        quiet = catalog.keyword("sea", synonyms=("ocean",), includeSynonyms=0)
        catalog.tag(image, robin, jane, private)
        catalog.tag(other, bird, robin, alone, quiet, 999_999)
        catalog.tag(bare, secret)
    photo, second, third = read(tmp_path / "A.lrcat")[0]
    assert photo.keywords == ("robin", "Rotkehlchen", "Erithacus rubecula", "bird", "animal", "fauna", "Jane")
    assert photo.keyword_paths == (("animal", "bird", "robin"), ("Jane",))
    assert second.keywords == (
        "bird",
        "animal",
        "fauna",
        "robin",
        "Rotkehlchen",
        "Erithacus rubecula",
        "blue",
        "sea",
    )
    assert second.keyword_paths == (("animal", "bird"), ("animal", "bird", "robin"), ("colour", "blue"), ("sea",))
    assert (third.image_id, third.keywords, third.keyword_paths) == (bare, (), ())
    # What it keeps to itself, the user still finds the photo by.
    assert photo.all_keywords == (*photo.keywords, "family")
    assert photo.all_keyword_paths == (("animal", "bird", "robin"), ("family", "Jane"), ("family",))
    assert (second.all_keywords, second.all_keyword_paths) == (second.keywords, second.keyword_paths)
    assert third.all_keywords == ("where it nests", "bird", "animal", "fauna")
    assert facts_of(third).keyword_paths == (("animal", "bird", "where it nests"),)


def test_loops_in_damaged_trees_end(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        image = catalog.photo()
        first = catalog.keyword("a")
        second = catalog.keyword("b", first)
        catalog.connection.execute("UPDATE AgLibraryKeyword SET parent = ? WHERE id_local = ?", (second, first))
        catalog.tag(image, second)
        outer = catalog.add("AgLibraryCollection", name="outer", systemOnly=0.0)
        inner = catalog.add("AgLibraryCollection", name="inner", parent=outer, systemOnly=0.0)
        catalog.connection.execute("UPDATE AgLibraryCollection SET parent = ? WHERE id_local = ?", (inner, outer))
        catalog.add("AgLibraryCollectionImage", image=image, collection=inner)
    photo = read(tmp_path / "A.lrcat")[0][0]
    assert photo.keyword_paths == (("a", "b"),)
    assert photo.collections == (("outer", "inner"),)


def test_collections_and_stacks(tmp_path: Path) -> None:
    with CatalogWriter(tmp_path / "A.lrcat") as catalog:
        image, top = catalog.photo("a.jpg"), catalog.photo("b.jpg")
        folder = catalog.add(
            "AgLibraryCollection", name="Clients", creationId="com.adobe.ag.library.group", systemOnly=0.0
        )
        best = catalog.add("AgLibraryCollection", name="Best", parent=folder, systemOnly=0.0)
        quick = catalog.add("AgLibraryCollection", name="quick collection", systemOnly=1.0)
        for collection in (quick, best):
            catalog.add("AgLibraryCollectionImage", image=image, collection=collection)
        for position, member in enumerate((top, image), start=1):
            catalog.add("AgLibraryFolderStackImage", image=member, stack=77, position=float(position))
    photo, first = read(tmp_path / "A.lrcat")[0]
    assert photo.collections == (("Clients", "Best"),)
    assert (photo.stack, first.stack) == (Stack(77, 2), Stack(77, 1))


def test_originals_are_found_where_they_are(tmp_path: Path) -> None:
    photos = tmp_path / "drive" / "Photos"
    (photos / "2024").mkdir(parents=True)
    (photos / "2024" / "there.jpg").write_bytes(b"x")
    with CatalogWriter(tmp_path / "A.lrcat", root=f"{photos}/") as catalog:
        folder = catalog.folder("2024/")
        catalog.image(catalog.file(folder, "there.jpg"))
        catalog.image(catalog.file(folder, "gone.jpg"))
    there, gone = read(tmp_path / "A.lrcat")[0]
    assert (there.original, gone.original) == (photos / "2024" / "there.jpg", None)


def test_originals_that_moved_with_the_catalog_are_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "new" / "catalog").mkdir(parents=True)
    (tmp_path / "new" / "Photos").mkdir()
    (tmp_path / "new" / "Photos" / "IMG_0001.CR2").write_bytes(b"x")
    path = tmp_path / "new" / "catalog" / "A.lrcat"
    with CatalogWriter(path, root="E:/Photos/") as catalog:
        catalog.connection.execute("UPDATE AgLibraryRootFolder SET relativePathFromCatalog = '../Photos/'")
        catalog.image(catalog.file(catalog.folder("")))
    assert read(path)[0][0].original == tmp_path / "new" / "Photos" / "IMG_0001.CR2"


def test_long_xmp_packets_come_by_themselves(tmp_path: Path) -> None:
    """Of more than fifty photos some have masks painted with thousands of dabs in their packets."""
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as writer:
        for number in range(120):
            image = writer.photo(f"IMG_{number}.CR2")
            if number % 7 == 0:
                writer.xmp(
                    image, xmp_packet(f'photoshop:Headline="{number}"', "<dc:dabs>" + "x" * 70_000 + "</dc:dabs>")
                )
            elif number % 7 < 5:
                writer.xmp(image, xmp_packet(f'photoshop:Headline="{number}"'))
    with open_catalog(path) as catalog:
        found = [photo.headline for photo in catalog.photos()]
    assert found == [str(number) if number % 7 < 5 else None for number in range(120)]
