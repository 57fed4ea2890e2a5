"""safelight duplicates, from files to groups: what is found, remembered and shown."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pi_heif
import pytest
from click.testing import CliRunner
from generated_dng import generated_dng
from indexed_library import DEMO, by_name, duplicates, index, indexed_library
from PIL import Image, ImageOps
from PIL.ExifTags import IFD, Base

from importers.images import open_upright
from indexer.duplicates.store import Decision
from indexer.duplicates.verify import Sensitivity
from safelight.cli.entry import cli
from safelight.duplicates import forget_decisions, record_decision
from safelight.errors import SafelightError


@pytest.fixture
def folder(tmp_path):
    """Three photos; of the cat a copy, the same pixels in a PNG, a smaller one, a crop and a mirrored one."""
    folder = tmp_path / "photos"
    (folder / "copies").mkdir(parents=True)
    for name in ("cat.jpg", "pagoda.jpg", "espresso.jpg"):
        shutil.copy(DEMO / name, folder / name)
    cat = Image.open(DEMO / "cat.jpg").convert("RGB")
    copies = folder / "copies"
    shutil.copy(DEMO / "cat.jpg", copies / "again.jpg")
    cat.save(copies / "pixels.png")
    cat.resize((cat.width // 2, cat.height // 2)).save(copies / "small.jpg", quality=80)
    cat.crop((40, 30, cat.width - 60, cat.height - 40)).save(copies / "crop.jpg", quality=90)
    ImageOps.mirror(cat).save(copies / "mirrored.jpg", quality=90)
    return folder


@pytest.fixture
def library(tmp_path, folder):
    with indexed_library(folder, tmp_path / "home") as library:
        yield library


def groups(library, sensitivity=Sensitivity.NORMAL):
    return by_name(duplicates(library, sensitivity))


def test_what_is_found_and_what_is_said_of_it(library):
    ((kind, members),) = groups(library)
    assert kind == "turned"
    relations = {name: member.relation for name, member in members.items()}
    assert relations.pop("crop.jpg") == "edited"
    assert relations.pop("mirrored.jpg") == "turned"
    assert relations.pop("small.jpg") == "resized"
    assert relations.pop("pixels.png") == "same pixels"
    assert members["pixels.png"].source == "keeper"
    assert sorted(relations.values()) == ["keeper", "same bytes"]
    assert members["crop.jpg"].source == "keeper"
    keeper = next(member for member in members.values() if member.relation == "keeper")
    assert "it has more pixels" in keeper.reason
    assert "a copy without loss was saved from it" in keeper.reason


def test_exact_finds_the_same_bytes_and_pixels_only(library):
    ((_, members),) = groups(library, Sensitivity.EXACT)
    assert set(members) == {"cat.jpg", "again.jpg", "pixels.png"}


def test_a_second_run_compares_nothing(library, monkeypatch):
    first = groups(library)
    monkeypatch.setattr("safelight.duplicates.verify", None)
    assert groups(library) == first


def test_photos_indexed_before_there_were_features_get_them(library):
    first = groups(library)
    with library.catalog.transaction():
        library.catalog.db.execute("DELETE FROM features")
    assert groups(library) == first
    assert library.catalog.db.execute("SELECT count(*) FROM features").fetchone() == (7,)


def id_of(library, name):
    return library.catalog.db.execute("SELECT public_id FROM photo WHERE name = ?", (name,)).fetchone()[0]


def test_decisions_survive_a_rename_and_are_forgotten_when_told(library, folder):
    names = ("crop.jpg", "cat.jpg", "pixels.png", "small.jpg", "mirrored.jpg")
    record_decision(library.catalog, Decision.DIFFERENT, [id_of(library, name) for name in names])
    assert all("crop.jpg" not in members for _, members in groups(library))
    (folder / "copies" / "crop.jpg").rename(folder / "copies" / "renamed.jpg")
    index(library, folder)
    assert all("renamed.jpg" not in members for _, members in groups(library))
    assert forget_decisions(library.catalog, [id_of(library, "renamed.jpg")]) == 4
    assert forget_decisions(library.catalog, [id_of(library, name) for name in names[1:]]) == 6
    record_decision(library.catalog, Decision.KEEPER, [id_of(library, "small.jpg")])
    assert any(members["small.jpg"].relation == "keeper" for _, members in groups(library) if "small.jpg" in members)


def test_of_copies_with_the_same_bytes_the_one_that_was_meant_is_kept(library, folder):
    def kept():
        ((_, members),) = groups(library)
        return next(member for member in members.values() if member.relation == "keeper")

    for name in ("again.jpg", "cat.jpg", "again.jpg"):
        record_decision(library.catalog, Decision.KEEPER, [id_of(library, name)])
        assert (kept().name, kept().reason) == (name, "you chose it")
    (folder / "copies" / "again.jpg").rename(folder / "renamed.jpg")
    index(library, folder)
    assert kept().name == "renamed.jpg"
    (folder / "renamed.jpg").unlink()
    index(library, folder)
    assert kept().name == "cat.jpg", "the choice falls to what shows the same"


def test_a_picture_saved_without_loss_is_kept_only_where_it_was_chosen(library):
    record_decision(library.catalog, Decision.KEEPER, [id_of(library, "pixels.png")])
    ((_, members),) = groups(library)
    assert (members["pixels.png"].relation, members["pixels.png"].reason) == ("keeper", "you chose it")
    assert members["cat.jpg"].source == members["again.jpg"].source == "member"
    assert members["cat.jpg"].reason == "the keeper was made from it"


@pytest.mark.parametrize("older", ["plain.jpg", "larger.jpg"])
def test_of_files_with_the_same_pixels_the_older_is_kept_and_not_the_larger(tmp_path, older):
    jpeg, folder = (DEMO / "pagoda.jpg").read_bytes(), tmp_path / "photos"
    folder.mkdir()
    (folder / "plain.jpg").write_bytes(jpeg)
    (folder / "larger.jpg").write_bytes(jpeg[:2] + b"\xff\xfe\x00\x82" + bytes(128) + jpeg[2:])  # with a comment
    os.utime(folder / older, (1_000_000_000, 1_000_000_000))
    with indexed_library(folder, tmp_path / "home") as library:
        ((kind, members),) = groups(library)
    assert kind == "same pixels"
    assert (members[older].relation, members[older].reason) == ("keeper", "it is the oldest")


def test_decisions_outlive_the_vectors_of_a_model(library):
    record_decision(library.catalog, Decision.KEEPER, [id_of(library, "small.jpg")])
    library.rebuild_indexes()
    assert any(m["small.jpg"].relation == "keeper" for _, m in groups(library))


def test_deciding_on_what_is_not_there_is_a_clear_line(library):
    with pytest.raises(SafelightError, match="no photo nosuchphoto"):
        record_decision(library.catalog, Decision.KEEPER, ["nosuchphoto"])
    with pytest.raises(SafelightError, match="two photos"):
        record_decision(library.catalog, Decision.DIFFERENT, [id_of(library, "cat.jpg"), id_of(library, "again.jpg")])


def test_the_command_gives_programs_one_object_a_group(library, tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke(cli, ["duplicates", "--json"])
    assert run.exit_code == 0, run.output
    (group,) = (json.loads(line) for line in run.stdout.splitlines())
    assert group["keeper"] in {member["id"] for member in group["members"]}
    assert {"id", "path", "reason"} <= set(group["members"][0])
    ids = [member["id"] for member in group["members"]]
    assert CliRunner().invoke(cli, ["duplicates", "decide", "--ignore", *ids]).exit_code == 0
    left = CliRunner().invoke(cli, ["duplicates", "--json"])
    assert [json.loads(line)["kind"] for line in left.stdout.splitlines()] == ["same bytes"]


def test_files_can_be_named_in_place_of_ids(library, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))

    def decide(*words):
        return CliRunner().invoke(cli, ["duplicates", "decide", *map(str, words)])

    assert decide("--keep", folder / "copies" / "crop.jpg").exit_code == 0
    ((_, members),) = groups(library)
    assert members["crop.jpg"].reason == "you chose it"
    assert decide("--forget", folder / "copies" / "crop.jpg").stderr == "Forgot 1 decision.\n"
    assert "is not indexed" in str(decide("--keep", Path(__file__)).exception)
    assert "give a file, or an id" in str(decide("--keep", "nothing").exception)
    assert "`safelight duplicates` shows" in str(decide("--keep", "222222222222").exception)


def test_a_folder_is_no_command():
    run = CliRunner().invoke(cli, ["duplicates", "D"])
    assert run.exit_code == 2
    assert "no command 'D'" in run.output
    assert "the whole library" in run.output


@pytest.mark.parametrize("words", [["--prefer", "lightrom"], ["tag", "--to", "xmp", "--prefer", "lightrom"]])
def test_a_source_that_there_is_not_is_refused_before_anything_is_done(tmp_path, monkeypatch, words):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke(cli, ["duplicates", *words])
    assert run.exit_code == 2
    assert "no source 'lightrom'; write one of folder, lightroom, photos, takeout" in " ".join(run.output.split())
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [["--sensitivity", "exact", "tag"], ["tag", "--sensitivity", "exact"]])
def test_what_is_looked_for_may_be_said_before_or_after_the_subcommand(library, tmp_path, monkeypatch, words):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke(cli, ["duplicates", *words, "--to", "xmp", "--all"])
    assert run.exit_code == 0, run.output
    assert "pixels.png" in run.stdout
    assert "crop.jpg" not in run.stdout


def test_raw_and_jpeg_beside_it_are_a_series_until_told_otherwise(library, folder):
    jpeg = (DEMO / "pagoda.jpg").read_bytes()
    (folder / "P1.DNG").write_bytes(generated_dng(jpeg))
    (folder / "P1.JPG").write_bytes(jpeg[:-2] + b"\xff\xfe\x00\x04ab" + jpeg[-2:])  # not the bytes of pagoda.jpg
    index(library, folder)
    for sensitivity in Sensitivity:
        found = [members for kind, members in groups(library, sensitivity) if kind == "series"]
        assert [set(members) for members in found] == [{"P1.DNG", "P1.JPG"}]
        assert {member.reason for member in found[0].values()} == {"RAW and JPEG of one shot"}
        duplicates = [set(members) for kind, members in groups(library, sensitivity) if kind != "series"]
        assert not any({"P1.DNG", "P1.JPG"} <= members for members in duplicates)
    record_decision(library.catalog, Decision.IGNORED, [id_of(library, "P1.DNG"), id_of(library, "P1.JPG")])
    assert all(kind != "series" for kind, _ in groups(library))


def test_originals_stay_as_they_are(library, folder):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    groups(library)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()} == before


def test_the_original_is_kept_and_not_the_larger_file_that_was_encoded_again(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    camera = Image.Exif()
    camera[Base.Make], camera[Base.Model] = "Acme", "One"
    camera.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2024:06:01 12:00:00"
    with Image.open(DEMO / "dahlia.jpg") as dahlia:
        dahlia.convert("RGB").save(folder / "original.jpg", quality=80, exif=camera)
    with Image.open(folder / "original.jpg") as original:
        original.save(folder / "again.jpg", quality=100, exif=camera)
    with Image.open(folder / "again.jpg") as again:
        again.save(folder / "twice.jpg", quality=95, subsampling=0, exif=camera)
    with indexed_library(folder, tmp_path / "home") as library:
        ((kind, members),) = groups(library)
        assert kind == "re-encoded"
        assert members["original.jpg"].relation == "keeper"
        assert members["original.jpg"].reason == "it is the original: the other was encoded again"
        assert members["again.jpg"].source == members["twice.jpg"].source == "keeper"
        assert "encoded again in the same size, with the traces" in members["again.jpg"].reason
        assert groups(library) == [(kind, members)], "remembered"
        record_decision(library.catalog, Decision.KEEPER, [id_of(library, "again.jpg")])
        ((_, members),) = groups(library)
        assert (members["again.jpg"].relation, members["again.jpg"].reason) == ("keeper", "you chose it")
        assert members["original.jpg"].reason.startswith("the keeper was made from it, with the traces")


def camera_data(width: int, height: int) -> Image.Exif:
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Model] = "Acme", "One"
    details = tags.get_ifd(IFD.Exif)
    details[Base.DateTimeOriginal], details[Base.MakerNote] = "2024:06:01 12:00:00", b"Acme\0notes"
    details[Base.ExifImageWidth], details[Base.ExifImageHeight] = width, height
    return tags


@pytest.mark.parametrize("recorded", [True, False])
def test_an_enlarged_copy_that_kept_its_cameras_data_is_not_kept(tmp_path, recorded):
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(DEMO / "dahlia.jpg") as dahlia:
        photo = dahlia.convert("RGB")
    tags = camera_data(*(photo.size if recorded else (0, 0)))
    photo.save(folder / "original.jpg", quality=90, exif=tags)
    photo.resize((photo.width * 2, photo.height * 2)).save(folder / "large.jpg", quality=95, exif=tags)
    photo.resize((photo.width // 2, photo.height // 2)).save(folder / "small.jpg", quality=95, exif=tags)
    with indexed_library(folder, tmp_path / "home") as library:
        ((kind, members),) = groups(library)
        assert kind == "resized"
        assert members["small.jpg"].source == "keeper"
        if not recorded:
            assert members["large.jpg"].relation == "keeper", "nothing tells that it was enlarged"
            return
        assert members["original.jpg"].relation == "keeper"
        assert "it is the original: the other was enlarged" in members["original.jpg"].reason
        assert members["large.jpg"].source == "keeper"
        assert members["large.jpg"].reason.endswith(", enlarged")
        assert groups(library) == [(kind, members)], "remembered"
        record_decision(library.catalog, Decision.KEEPER, [id_of(library, "large.jpg")])
        ((_, members),) = groups(library)
        assert members["large.jpg"].relation == "keeper"
        assert members["original.jpg"].reason.endswith("the keeper was made from it, enlarged")


def test_a_camera_writes_no_webp_so_its_jpeg_is_kept_although_it_is_the_smaller_file(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(DEMO / "dahlia.jpg") as dahlia:
        photo = dahlia.convert("RGB")
    photo.save(folder / "original.jpg", quality=70, exif=camera_data(*photo.size))
    with Image.open(folder / "original.jpg") as original:
        original.save(folder / "saved.webp", quality=99, exif=camera_data(*photo.size))
    assert (folder / "saved.webp").stat().st_size > (folder / "original.jpg").stat().st_size
    with indexed_library(folder, tmp_path / "home") as library:
        ((kind, members),) = groups(library)
    assert kind == "re-encoded"
    assert members["original.jpg"].reason == "it is the original: the other was encoded again"
    assert members["saved.webp"].reason.endswith("saved as WebP, which no camera writes")


def test_the_phones_heic_is_kept_and_not_the_larger_jpeg_that_was_saved_from_it(tmp_path, samples):
    folder = tmp_path / "photos"
    folder.mkdir()
    heic = samples / "images" / "exif" / "heic" / "mobile" / "iphone_13_pro_max.HEIC"
    shutil.copy(heic, folder / "phone.heic")
    tags = Image.Exif()
    tags.load(pi_heif.open_heif(heic).info["exif"])  # as programs hand it on
    tags[Base.Orientation] = 1
    open_upright(heic, min_edge=100_000).rgb.save(folder / "saved.jpg", quality=97, exif=tags)
    assert (folder / "saved.jpg").stat().st_size > heic.stat().st_size
    with indexed_library(folder, tmp_path / "home") as library:
        ((_, members),) = groups(library)
    assert members["phone.heic"].reason == "it is the original: the other was encoded again"
    assert members["saved.jpg"].reason.endswith("without the camera's small picture")
