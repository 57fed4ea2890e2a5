"""Several places in one index: what is in the one and not in the other, and what leaving and coming back costs."""

from __future__ import annotations

import io
import json
import shutil
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from generated_dng import generated_dng
from photos_libraries import copied
from preview_folders import Library as Catalog
from preview_folders import levels_of, picture
from takeout_exports import STAMP, pack_tgz, pack_zip, sidecar, unpack

from importers.base import Mark
from indexer.decoders import DecoderPool
from safelight.cli.entry import cli
from safelight.comparing import Side, compare
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.pruning import plan_prune, prune
from safelight.reading import Wishes
from safelight.service import Library
from safelight.status import photo_record

DATA = Path(__file__).parent.parent / "data"
TABLE: dict[str, dict[str, Any]] = tomllib.loads((DATA / "photos-15.4.1.toml").read_text("utf-8"))
YEAR = "Takeout/Google Photos/Photos from 2018"
PLAIN = {
    "Pumpkins3.jpg": "1EB2B765-0765-43BA-A90C-0D0580E6172C",
    "Pumkins1.jpg": "F12384F6-CD17-4151-ACBA-AE0E3688539E",
}
TULIPS = "6191423D-8DB8-4D4C-92BE-9BBBA308AAC4"  # edited in Photos; its original is here

needs_osxphotos = pytest.mark.skipif(
    find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`"
)


def library_of_ours(home: Path) -> Iterator[Any]:
    """Yield index(), which takes places in, and has our library as `ours`."""

    def index(*places: Path):
        return index_paths(
            index.ours,
            [str(place) for place in places],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: None,
            on_remark=lambda line: None,
            wishes=Wishes(dict.fromkeys(Mark, True)),
        )

    with Library(Settings(model=str(DATA / "shapes-clip"), workers=1), home) as ours:
        index.ours = ours
        yield index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Any]:
    yield from library_of_ours(tmp_path / "home")


def vectors(index) -> dict[bytes, bytes]:
    """The vector of each content."""
    return dict(
        index.ours.catalog.db.execute(
            "SELECT c.hash, e.vector FROM embedding e JOIN content c ON c.id = e.content_id"
        ).fetchall()
    )


def photo_of(seed: int) -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, "JPEG")
    return file.getvalue()


def original(library: Path, key: str) -> bytes:
    (file,) = (library / "originals" / key[0]).glob(f"{key}.*")
    return file.read_bytes()


@pytest.fixture(scope="module")
def both(samples, tmp_path_factory) -> Iterator[tuple[Any, Path, Path]]:
    """The real Photos library, and a GENERATED export: three of its originals, and a photo that is nowhere else."""
    folder = tmp_path_factory.mktemp("both")
    photos = copied(samples, folder / "mac")
    files = {f"{YEAR}/{name}": original(photos, key) for name, key in (PLAIN | {"Tulips.jpg": TULIPS}).items()}
    files |= {f"{YEAR}/{name}.json": sidecar(name) for name in PLAIN} | {f"{YEAR}/mine.jpg": photo_of(7)}
    takeout = unpack(files, folder / "google")
    for index in library_of_ours(folder / "home"):
        assert index(photos).embedded == 16
        assert index(takeout).embedded == 2, "the edited one looks otherwise in Photos, and one is nowhere else"
        yield index, photos, takeout


@needs_osxphotos
def test_what_is_in_my_takeout_and_nowhere_in_apple_photos(both):
    index, _, _ = both
    found = list(compare(index.ours.catalog, "takeout", "photos"))
    assert [photo.name for photo in found if photo.side is Side.ONLY_A] == ["mine.jpg"]
    assert {photo.name for photo in found if photo.side is Side.BOTH} == {*PLAIN, "Tulips.jpg"}, "edited or not"
    back = Counter(photo.side for photo in compare(index.ours.catalog, "photos", "takeout"))
    assert (back[Side.BOTH], back[Side.ONLY_B]) == (3, 1)


@needs_osxphotos
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--person", "Maria"], {"wedding.jpg", "wedding_edited.jpg"}),
        (["--album", "Folder1/SubFolder2/AlbumInFolder"], {"wedding.jpg", "IMG_4547.jpg"}),
        (["--keyword", "flowers"], {"Tulips.jpg"}),
        (["--favorite"], {"wedding.jpg"}),
        (["--media", "raw"], {"DSC03584.dng", "IMG_1994.JPG", "IMG_1997.JPG", "IMG_2000.JPG"}),
        (["--person", "Katie", "--album", "Test Album"], {"Pumkins1.jpg", "Pumkins2.jpg"}),
    ],
)
def test_filters_by_what_photos_knows_come_through_the_command_line(both, monkeypatch, words, expected):
    index, _, _ = both
    monkeypatch.setenv("SAFELIGHT_HOME", str(index.ours.home))
    run = CliRunner().invoke(cli, ["search", "--json", "-n", "50", "--source", "photos", *words])
    assert run.exit_code == 0, run.output
    assert {json.loads(line)["name"] for line in run.stdout.splitlines()} == expected


@needs_osxphotos
@pytest.mark.parametrize("gone", ["takeout", "photos"])
def test_a_place_that_is_forgotten_and_read_again_leaves_the_vectors_of_the_other(both, gone):
    index, photos, takeout = both
    before = vectors(index)
    shared = {
        content
        for (content,) in index.ours.catalog.db.execute(
            "SELECT c.hash FROM content c JOIN photo p ON p.content_id = c.id"
            " GROUP BY c.id HAVING count(DISTINCT p.root_id) = 2"
        )
    }
    assert len(shared) == 2
    root = next(root.path for root in index.ours.catalog.roots() if root.source == gone)
    prune(index.ours, plan_prune(index.ours, forget=root))
    left = vectors(index)
    assert len(left) == (4 if gone == "photos" else 16)
    assert shared < left.keys()
    assert left.items() <= before.items()
    assert index(photos if gone == "photos" else takeout).embedded == len(before) - len(left)
    assert vectors(index).keys() == before.keys()
    assert left.items() <= vectors(index).items()


def records(index) -> list[dict[str, Any]]:
    ids = index.ours.catalog.db.execute("SELECT public_id FROM photo WHERE content_id IS NOT NULL").fetchall()
    return [photo_record(index.ours.catalog, public_id) for (public_id,) in ids]


@needs_osxphotos
def test_each_asset_says_which_rendition_served(samples, tmp_path, index):
    photos = copied(samples, tmp_path)
    index(photos)
    keys = dict(index.ours.catalog.db.execute("SELECT public_id, key FROM photo").fetchall())
    served = {keys[row["id"]].decode(): row["rendition"] for row in records(index)}
    assert served == {key: row["renditions"][0] for key, row in TABLE.items()}


def test_a_smart_preview_serves_where_there_is_no_other(tmp_path, index):
    """A GENERATED DNG of 96 x 64: no real Smart Preview was to be had."""
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    with Catalog(tmp_path / "lightroom") as lib:
        file, uuid = lib.file("a.NEF")
        lib.writer.image(file)
        smart = lib.catalog.with_name("Lib Smart Previews.lrdata") / uuid[0] / uuid[:4] / f"{uuid}.dng"
        smart.parent.mkdir(parents=True)
        smart.write_bytes(generated_dng(levels_of(picture(1))[0][0]))
    assert index(lib.catalog).embedded == 1
    (row,) = records(index)
    assert (row["name"], row["rendition"]) == ("a.NEF", "Smart Preview")
    assert index(lib.catalog).embedded == 0


@pytest.mark.parametrize("how", ["tree", "zip", "tgz"])
def test_a_known_export_is_not_decoded_and_of_one_edited_photo_exactly_one(tmp_path, index, monkeypatch, how):
    """GENERATED: the export is fetched anew, and Google's copy of one photo is another."""
    submitted: list[Any] = []
    submit = DecoderPool.submit

    def note(pool: DecoderPool, job: Any) -> None:
        submitted.append(job)
        submit(pool, job)

    monkeypatch.setattr(DecoderPool, "submit", note)
    files = {f"{YEAR}/{n}.jpg": photo_of(n) for n in range(5)}

    def write(some: dict[str, bytes]) -> Path:
        if how == "tree":
            return unpack(some, tmp_path / "google")
        shutil.rmtree(tmp_path / "google", ignore_errors=True)
        pack = {"zip": pack_zip, "tgz": pack_tgz}[how]
        return pack(files | some, tmp_path / "google" / f"{STAMP}-001.{how}")

    export = write(files)
    assert index(export).embedded == len(submitted) == 5
    submitted.clear()
    again = index(export)
    assert (again.unchanged, again.embedded, submitted) == (5, 0, [])
    tally = index(write({f"{YEAR}/2.jpg": photo_of(100)}))
    assert (tally.embedded, tally.photos, tally.missing) == (1, 5, 0)
    assert how != "tree" or len(submitted) == 1, "of an archive that is another file, all are looked at"
