"""The real sample library against a table written by hand, and against what Photos may do to one."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import subprocess
import sys
import tomllib
from contextlib import closing
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lightroom_catalogs import fingerprint
from photos_libraries import change, copied, multiply, preview

from importers.apple_photos import ApplePhotosSource
from importers.apple_photos_facts import FactsReader
from importers.apple_photos_search import INDEX, SearchIndex
from importers.base import Exposure, Mark, Options, Part, Photo
from importers.images import open_upright

pytestmark = pytest.mark.skipif(find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`")
TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "photos-15.4.1.toml").read_text("utf-8")
)
EVERYTHING = Options(include=frozenset(Mark))
CHECKOUT = Path(__file__).parents[2]

TULIPS = "6191423D-8DB8-4D4C-92BE-9BBBA308AAC4"  # edited
WEDDING = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"  # edited
PUMPKINS1, PUMPKINS2 = "F12384F6-CD17-4151-ACBA-AE0E3688539E", "D79B8D77-BFFC-460B-9312-034F2877D35B"
PUMPKINS3 = "1EB2B765-0765-43BA-A90C-0D0580E6172C"
ADELAIDE = "3DD2C897-F19E-4CA6-8C22-B027D5A71907"  # the original is in iCloud only
RAW = "D05A5FE3-15FB-49A1-A15D-AB3DA6F8B068"


def read(library: Path, options: Options = EVERYTHING) -> dict[str, Photo]:
    return {photo.key.decode(): photo for photo in ApplePhotosSource(library, options).photos()}


@pytest.fixture
def library(samples: Path, tmp_path: Path) -> Path:
    return copied(samples, tmp_path)


def as_in_table(photo: Photo) -> dict[str, Any]:
    """What the table says of a photo, with what it leaves out where there is nothing to say."""
    facts = photo.facts
    row = {
        "name": photo.name,
        "renditions": [rendition.kind for rendition in photo.renditions],
        "date": facts.taken_at,
        "title": facts.title,
        "caption": facts.caption,
        "keywords": list(facts.keywords),
        "people": list(facts.people),
        "albums": [list(steps) for steps in facts.albums],
        "camera": facts.camera,
        "position": None if facts.latitude is None else [facts.latitude, facts.longitude],
        "favorite": facts.favorite,
        "edited": facts.edited,
        "raw_half": any(part.role == "raw" for part in photo.parts),
    }
    return {name: value for name, value in row.items() if value}


@pytest.mark.parametrize("key", TABLE)
def test_each_asset_is_as_in_the_table(key: str, sample_photos: dict[str, Photo]) -> None:
    expected = {name: value for name, value in TABLE[key].items() if name != "marks"}
    if "date" in expected:
        expected["date"] = datetime.fromisoformat(expected["date"])
    found = as_in_table(sample_photos[key])
    position = found.pop("position", None)
    assert position == (pytest.approx(expected.pop("position")) if "position" in expected else None)
    assert found == expected
    if "date" in expected:  # equal times may still be told by different clocks
        assert found["date"].utcoffset() == expected["date"].utcoffset()


@pytest.fixture(scope="module")
def sample_photos(samples: Path) -> dict[str, Photo]:
    return read(samples / "photos" / "Test-15.4.1.photoslibrary")


def test_a_database_of_macos_26_says_the_same(samples: Path, sample_photos: dict[str, Photo], library: Path) -> None:
    """The sample of macOS 26.1 has the same assets and no files but its database."""
    shutil.rmtree(library / "database")
    shutil.copytree(samples / "photos" / "db-only-Test-26.1.photoslibrary" / "database", library / "database")
    before = fingerprint(library)
    found = read(library)
    assert fingerprint(library) == before
    assert {key: as_in_table(photo) for key, photo in found.items()} == {
        key: as_in_table(photo) for key, photo in sample_photos.items()
    }


def test_all_sixteen_have_a_picture_that_opens(sample_photos: dict[str, Photo]) -> None:
    assert sample_photos.keys() == TABLE.keys()
    for photo in sample_photos.values():
        assert photo.problem is None
        picture = open_upright(photo.renditions[0].path, min_edge=None)
        assert min(picture.width, picture.height) >= 700


def test_previews_stand_upright(samples: Path, sample_photos: dict[str, Photo]) -> None:
    """As high and as wide as Photos shows them: five lie on their side in their originals."""
    database = samples / "photos" / "Test-15.4.1.photoslibrary" / "database" / "Photos.sqlite"
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
        shown = {key: size for key, *size in connection.execute("SELECT ZUUID, ZWIDTH, ZHEIGHT FROM ZASSET")}
    for key, photo in sample_photos.items():
        picture = open_upright(photo.renditions[0].path, min_edge=None)
        assert picture.width / picture.height == pytest.approx(shown[key][0] / shown[key][1], rel=0.01), key


def test_photos_of_one_fingerprint_are_as_many(library: Path) -> None:
    """GENERATED: every asset with the fingerprint of one, as photos that were imported twice have."""
    before = read(library)
    change(
        library,
        "UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = (SELECT max(ZORIGINALSTABLEHASH)"
        " FROM ZADDITIONALASSETATTRIBUTES), ZADJUSTEDSTABLEHASH = NULL",
        "UPDATE ZINTERNALRESOURCE SET ZFINGERPRINT = (SELECT max(ZFINGERPRINT) FROM ZINTERNALRESOURCE),"
        " ZSTABLEHASH = (SELECT max(ZSTABLEHASH) FROM ZINTERNALRESOURCE)",
    )
    assert {key: as_in_table(photo) for key, photo in read(library).items()} == {
        key: as_in_table(photo) for key, photo in before.items()
    }


def test_a_stamp_is_that_of_the_first_rendition(sample_photos: dict[str, Photo]) -> None:
    for photo in sample_photos.values():
        status = photo.renditions[0].path.stat()
        assert photo.stamp
        assert (photo.stamp.size_bytes, photo.stamp.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_originals_that_are_here_tell_the_same_photo_elsewhere(sample_photos: dict[str, Photo]) -> None:
    here = {key for key, row in TABLE.items() if "original" in row["renditions"]}
    for key, photo in sample_photos.items():
        assert photo.exact == photo.path
        assert (photo.exact is not None) == (key in here)
        assert photo.facts_complete


def test_labels_places_lenses_and_kinds(sample_photos: dict[str, Photo]) -> None:
    park = sample_photos["DC99FBDD-7A52-4100-A5BB-344131646C30"].facts
    assert park.place == "St James's Park, London, England, United Kingdom"
    assert {"River", "Cloudy"} <= set(park.labels)  # psi.sqlite, category 1500
    assert (park.lens, park.exposure.seconds, park.exposure.aperture) == ("12.0-24.0 mm f/4.0", 0.0005, 4.0)
    assert (park.exposure.iso, park.exposure.focal_length_mm) == (200, 22.0)
    assert sample_photos[ADELAIDE].facts.place == "River Torrens/Karrawirra Parri, Adelaide, Australia"
    # In the trash, and so not in the search index: the name comes from the place itself.
    washington = sample_photos["71E3E212-00EB-430D-8A63-5E294B268554"].facts
    assert washington.place == "Washington, District of Columbia, United States"
    assert sample_photos[RAW].facts.media == ("photo", "raw")
    assert sample_photos[WEDDING].facts.media == ("photo",)


def test_an_index_laid_out_otherwise_is_left_to_osxphotos_which_finds_the_same(library: Path) -> None:
    """GENERATED: a photo without a UUID in the search index, which nothing refers to."""
    ours = read(library)
    index = library / INDEX
    with closing(sqlite3.connect(index)) as connection, connection:
        connection.execute("INSERT INTO assets (uuid_0, uuid_1) VALUES (NULL, NULL)")
    with pytest.raises(struct.error):
        SearchIndex(index)
    theirs = read(library)
    found = {key: (photo.facts.labels, photo.facts.place) for key, photo in ours.items()}
    assert found == {key: (photo.facts.labels, photo.facts.place) for key, photo in theirs.items()}
    assert sum(bool(labels) for labels, _ in found.values()) > 10


def test_an_exposure_that_osxphotos_keeps_otherwise_is_asked_for(library: Path) -> None:
    osxphotos = pytest.importorskip("osxphotos")
    database = osxphotos.PhotosDB(dbfile=str(library))
    fast, slow = FactsReader(database, None), FactsReader(database, None)
    slow._exif = {}
    facts = [(fast.facts(photo), slow.facts(photo)) for photo in database.photos()]
    assert fast._exif
    assert all(one == other for one, other in facts)
    assert sum(one.exposure != Exposure() for one, _ in facts) > 5


def test_what_is_out_of_sight_is_left_out_and_counted(samples: Path) -> None:
    source = ApplePhotosSource(samples / "photos" / "Test-15.4.1.photoslibrary")
    photos = list(source.photos())
    assert list(source.count()) == [16]
    out = {photo.key.decode(): photo for photo in photos if photo.problem}
    assert out.keys() == {key for key, row in TABLE.items() if "marks" in row}
    for key, photo in out.items():
        (mark,) = TABLE[key]["marks"]
        state = {"hidden": "hidden", "trashed": "recently deleted"}[mark]
        assert photo.problem == f"{state} in Apple Photos; --{mark} takes it in"
        # Nothing that is hidden is to be found in our catalog; and without a stamp it is read once it is asked for.
        assert (photo.facts.keywords, photo.path, photo.renditions, photo.stamp) == ((), None, (), None)
    only_hidden = read(source.root, Options(include=frozenset((Mark.HIDDEN,))))
    assert [key for key, photo in only_hidden.items() if photo.problem] == [
        key for key, row in TABLE.items() if row.get("marks") == ["trashed"]
    ]


def test_a_library_stays_as_it_is_to_the_last_byte(library: Path) -> None:
    before = fingerprint(library)
    assert {"database/Photos.sqlite-wal", "database/Photos.sqlite-shm"} <= before.keys()
    photos = read(library, Options(originals=True))
    assert fingerprint(library) == before
    first = {key: photo.renditions[0].kind for key, photo in photos.items() if photo.renditions}
    assert (first[TULIPS], first[PUMPKINS3]) == ("render", "original")
    assert first[ADELAIDE] == "105_c"  # the original is in iCloud


def test_no_file_appears_beside_a_database_without_them(library: Path) -> None:
    change(library)  # closing the last connection, SQLite removes -wal and -shm
    names = {path.name for path in (library / "database").iterdir()}
    assert names == {"Photos.sqlite", "photos.db", "DataModelVersion.plist", "search"}
    before = fingerprint(library)
    assert len(read(library)) == 16
    assert fingerprint(library) == before


# GENERATED: what the sample has none of, made by changing its rows

IN_BURST = {PUMPKINS1: 0b11000, PUMPKINS2: 0b10, PUMPKINS3: 0b1000, WEDDING: 0b10}
"""osxphotos: key 16, selected 8, not selected 2."""
HIDDEN_AND_SHARED = "8846E3E6-8AC8-4857-8448-E3D025784410"
SYNDICATED, SAVED = "8E1D7BC9-9321-44F9-8CFB-4083F6B9232A", "4D521201-92AC-43E5-8F7C-59BC41C37A96"
MOVIE = "6FD38366-3BF2-407D-81FE-7153EB6125B6"
PAIR = "A92D9C26-3A50-4197-9388-CB5F7DB9FA91"
UNDONE = "DC99FBDD-7A52-4100-A5BB-344131646C30"
WITHOUT_PREVIEW = "7783E8E6-9CAC-40F3-BE22-81FB7051C266"  # edited
LIVE = TULIPS


def set_columns(columns: str, key: str) -> str:
    return f"UPDATE ZASSET SET {columns} WHERE ZUUID = '{key}'"


def set_more(columns: str, key: str) -> str:
    return (
        f"UPDATE ZADDITIONALASSETATTRIBUTES SET {columns}"
        f" WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '{key}')"
    )


@pytest.fixture(scope="module")
def odd_library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = copied(samples, tmp_path_factory.mktemp("odd"))
    change(
        library,
        *(set_columns(f"ZAVALANCHEUUID = 'B0', ZAVALANCHEPICKTYPE = {pick}", key) for key, pick in IN_BURST.items()),
        set_columns("ZCLOUDBATCHPUBLISHDATE = 0, ZHIDDEN = 1", HIDDEN_AND_SHARED),
        set_more("ZSYNDICATIONIDENTIFIER = 'x', ZSYNDICATIONHISTORY = 0", SYNDICATED),
        set_more("ZSYNDICATIONIDENTIFIER = 'y', ZSYNDICATIONHISTORY = 1", SAVED),
        set_columns("ZKIND = 1, ZKINDSUBTYPE = 101", MOVIE),
        set_columns("ZKINDSUBTYPE = 2", LIVE),
        set_columns("ZADJUSTMENTSSTATE = 0", UNDONE),
    )
    shelf = library / "scopes" / "cloudsharing" / "resources" / "derivatives" / "masters" / "8"
    shelf.mkdir(parents=True)
    shutil.copy(preview(library, HIDDEN_AND_SHARED, "4_5005_c"), shelf)
    shelf = library / "scopes" / "syndication" / "resources" / "derivatives" / "masters" / "8"
    shelf.mkdir(parents=True)
    shutil.copy(preview(library, SYNDICATED, "4_5005_c"), shelf)
    for kind in ("100_o", "102_o"):
        shutil.copy(preview(library, RAW, "100_o"), preview(library, WITHOUT_PREVIEW, kind))
    for key in (UNDONE, WITHOUT_PREVIEW):
        preview(library, key).unlink()
    (library / "originals" / "A").mkdir()
    for name in (f"6/{LIVE}_3.mov", f"A/{PAIR}_4.cr2"):
        (library / "originals" / name).write_bytes(b"not looked at")
    return library


@pytest.fixture(scope="module")
def odd_photos(odd_library: Path) -> dict[str, Photo]:
    return read(odd_library)


@pytest.fixture(scope="module")
def usual_odd_photos(odd_library: Path) -> dict[str, Photo]:
    return read(odd_library, Options())


def kinds(photo: Photo) -> list[str]:
    return [rendition.kind for rendition in photo.renditions]


def test_a_burst_is_one_photo_with_its_other_frames(
    odd_photos: dict[str, Photo], usual_odd_photos: dict[str, Photo]
) -> None:
    usual = usual_odd_photos
    assert {usual[key].series for key in (PUMPKINS1, PUMPKINS3)} == {min(IN_BURST)}
    names = [(part.role, part.name) for part in usual[PUMPKINS1].parts]
    assert names == [("burst frame", "Pumkins2.jpg"), ("burst frame", "wedding.jpg")]
    assert usual[PUMPKINS3].parts == ()
    assert "burst" in usual[PUMPKINS1].facts.media
    for frame in (PUMPKINS2, WEDDING):
        assert usual[frame].problem == "not picked from its burst in Apple Photos; --bursts takes it in"
    # Asked for, they are photos of their own, and parts no more.
    assert {odd_photos[key].series for key in IN_BURST} == {min(IN_BURST)}
    assert (odd_photos[PUMPKINS1].parts, odd_photos[PUMPKINS2].problem) == ((), None)
    assert len(odd_photos) == len(usual) == 16


def test_shared_and_syndicated_photos_have_a_flag_each(
    odd_photos: dict[str, Photo], usual_odd_photos: dict[str, Photo]
) -> None:
    both = "hidden and in a shared album in Apple Photos; --hidden --shared take it in"
    assert usual_odd_photos[HIDDEN_AND_SHARED].problem == both
    not_saved = "shared with you and not saved in Apple Photos; --syndicated takes it in"
    assert usual_odd_photos[SYNDICATED].problem == not_saved
    assert usual_odd_photos[SAVED].problem is None
    # Their previews lie elsewhere, and of what is in a shared album there is a small one only.
    for key, scope in ((HIDDEN_AND_SHARED, "cloudsharing"), (SYNDICATED, "syndication")):
        (rendition,) = odd_photos[key].renditions
        assert rendition.kind == "4_5005_c"
        assert f"/scopes/{scope}/" in str(rendition.path)


def test_a_movie_shows_its_poster(odd_photos: dict[str, Photo]) -> None:
    movie = odd_photos[MOVIE]
    assert kinds(movie) == ["105_c", "4_5005_c"]
    assert movie.facts.media == ("video", "slow-mo")
    assert (movie.path is not None, movie.exact) == (True, None)  # the movie itself is no picture to hash


def test_halves_of_pairs_are_parts(odd_photos: dict[str, Photo], odd_library: Path) -> None:
    originals = odd_library / "originals"
    assert odd_photos[LIVE].parts == (Part("live video", "Tulips.mov", originals / "6" / f"{LIVE}_3.mov"),)
    assert "live" in odd_photos[LIVE].facts.media
    assert odd_photos[PAIR].parts == (Part("raw", "IMG_1994.cr2", originals / "A" / f"{PAIR}_4.cr2"),)


def test_an_edited_photo_never_shows_a_preview_of_its_original(odd_photos: dict[str, Photo]) -> None:
    photo = odd_photos[WITHOUT_PREVIEW]
    looks = [(rendition.kind, rendition.edited) for rendition in photo.renditions]
    assert looks == [("render", True), ("4_5005_c", True), ("original", False)]


def test_edits_that_were_undone_do_not_show(odd_photos: dict[str, Photo]) -> None:
    assert kinds(odd_photos[UNDONE]) == ["original", "4_5005_c"]
    assert odd_photos[UNDONE].facts.edited is False


def test_a_library_under_another_name_is_recognised(library: Path) -> None:
    renamed = library.rename(library.with_name("backup of 2024"))
    assert ApplePhotosSource.recognise(renamed)
    assert not ApplePhotosSource.recognise(renamed / "originals")
    assert not ApplePhotosSource.recognise(renamed / "database" / "Photos.sqlite")


STREAM = """
import sys
from pathlib import Path
from importers.apple_photos import ApplePhotosSource

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

keys = set()
for number, photo in enumerate(ApplePhotosSource(Path(sys.argv[1])).photos(), 1):
    keys.add(photo.key)
    if number == 100:
        early_kb = peak_kb()
print(number, len(keys), peak_kb() - early_kb, "osxphotos" in sys.modules)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process's peak memory as Linux tells it")
def test_memory_stays_flat(library: Path) -> None:
    count = multiply(library, 62)
    result = subprocess.run(
        [sys.executable, "-c", STREAM, str(library)], check=True, capture_output=True, text=True, cwd=CHECKOUT
    )
    number, keys, growth_kb, loaded = result.stdout.split()
    assert int(number) == int(keys) == count == 1008
    assert int(growth_kb) < 1_000
    assert loaded == "False"
