"""What was decided outlives an index that is made anew; pairs of one shot are no duplicates to programs either."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner
from generated_dng import generated_dng
from indexed_library import DEMO, by_name, duplicates, index, indexed_library
from PIL import Image

from importers.base import Rendition
from importers.images import MAX_PIXELS
from indexer import decode_worker
from indexer.decode_worker import Job, read_photo
from indexer.duplicates import candidates
from indexer.duplicates.features import unpack
from indexer.duplicates.store import Decision
from indexer.preprocess import PixelSpec
from safelight import duplicates as looking
from safelight.cli.entry import cli
from safelight.duplicates import record_decision
from safelight.pruning import plan_prune, prune


@pytest.fixture
def folder(tmp_path):
    """Two photos and a smaller one made of each."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("cat", "dahlia"):
        shutil.copy(DEMO / f"{name}.jpg", folder)
        with Image.open(DEMO / f"{name}.jpg") as picture:
            picture.resize((picture.width // 2, picture.height // 2)).save(folder / f"small {name}.jpg", quality=80)
    return folder


def id_of(library, name):
    return library.catalog.db.execute("SELECT public_id FROM photo WHERE name = ?", (name,)).fetchone()[0]


def test_decisions_survive_a_place_that_is_forgotten_and_indexed_anew(tmp_path, folder):
    with indexed_library(folder, tmp_path / "home") as library:
        assert len(duplicates(library)) == 2
        record_decision(library.catalog, Decision.DIFFERENT, [id_of(library, n) for n in ("cat.jpg", "small cat.jpg")])
        record_decision(library.catalog, Decision.KEEPER, [id_of(library, "small dahlia.jpg")])
        prune(library, plan_prune(library, forget=folder))
        assert library.catalog.db.execute("SELECT count(*) FROM photo").fetchone() == (0,)
        moved = folder.rename(tmp_path / "another disk")
        index(library, moved)
        library.rebuild_indexes()
        ((kind, members),) = by_name(duplicates(library))
    assert (kind, set(members)) == ("resized", {"dahlia.jpg", "small dahlia.jpg"})
    chosen = members["small dahlia.jpg"]
    assert (chosen.relation, chosen.reason) == ("keeper", "you chose it")


def test_programs_get_a_raw_and_its_jpeg_and_a_live_photo_as_series(tmp_path, folder, monkeypatch):
    jpeg = (DEMO / "pagoda.jpg").read_bytes()
    for file in folder.iterdir():
        file.unlink()
    (folder / "P1.DNG").write_bytes(generated_dng(jpeg))
    (folder / "P1.JPG").write_bytes(jpeg)
    shutil.copy(DEMO / "cat.jpg", folder / "IMG_1.JPG")
    (folder / "IMG_1.MOV").write_bytes(b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ")
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    with indexed_library(folder, tmp_path / "home") as library:
        parts = library.catalog.db.execute("SELECT role, name FROM part").fetchall()
    assert ("live video", "IMG_1.MOV") in parts
    run = CliRunner().invoke(cli, ["duplicates", "--json"])
    assert run.exit_code == 0, run.output
    series, live = (json.loads(line) for line in run.stdout.splitlines())
    assert (series["kind"], live["kind"]) == ("series", "series")
    assert [member["path"] for member in live["members"]] == [str(folder / name) for name in ("IMG_1.JPG", "IMG_1.MOV")]
    assert {member["path"] for member in series["members"]} == {str(folder / "P1.DNG"), str(folder / "P1.JPG")}
    assert series["keeper"] in {member["id"] for member in series["members"]}
    assert all(member["reason"] == "RAW and JPEG of one shot" for member in series["members"])


def test_what_embeds_a_picture_and_what_describes_it_is_decoded_once(monkeypatch):
    decoded = []
    open_upright = decode_worker.open_upright

    def counted(*arguments, **how):
        decoded.append(arguments)
        return open_upright(*arguments, **how)

    monkeypatch.setattr(decode_worker, "open_upright", counted)
    spec = PixelSpec(64, 64, "exact", 64, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    found = read_photo(Job(1, (Rendition(DEMO / "cat.jpg"),)), spec, MAX_PIXELS)
    assert found.pixels is not None
    assert len(unpack(found.features, found.width, found.height).keypoints.bits) > 50
    assert len(decoded) == 1


@pytest.mark.parametrize("seen", [True, False])
def test_what_the_model_sees_near_is_compared_although_no_hash_is(tmp_path, monkeypatch, seen):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("cat.jpg", "pagoda.jpg", "espresso.jpg"):
        shutil.copy(DEMO / name, folder)
    compared = []
    verify = looking.verify

    def watched(*arguments):
        compared.append(arguments)
        return verify(*arguments)

    monkeypatch.setattr(looking, "verify", watched)
    if not seen:
        monkeypatch.setattr(candidates, "by_vectors", lambda vectors: iter(()))
    with indexed_library(folder, tmp_path / "home") as library:
        assert duplicates(library) == [], "three photos of other things"
    assert bool(compared) is seen
