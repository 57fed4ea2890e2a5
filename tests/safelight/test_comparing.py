"""compare on real folders and on a generated catalog that holds a library's photos."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from importers.base import Facts, Outcome, Rendition
from indexer.catalog import Catalog, Content
from indexer.photo_row import PhotoRow
from safelight.comparing import Side, compare
from safelight.errors import SafelightError
from safelight.status import find_photo


def paint(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((80, 60)).save(path)
    return path


@pytest.fixture
def catalog(tmp_path):
    opened = Catalog(tmp_path / "home")
    yield opened
    opened.close()


def add(catalog: Catalog, root, path: Path | None, digest: bytes, *, preview: Path | None = None, name: str = "x"):
    """Write a photo: read as it is, or behind a preview, its original's bytes then not read."""
    with catalog.transaction():
        size = path.stat().st_size if path and path.exists() and preview is None else 10
        content_id = catalog.write_content(Content(digest, size, 80, 60, "PNG"))
        row = PhotoRow(
            root.id, name.encode(), path and bytes(path), name, None, Outcome.INDEXED, None, "1", Facts(), content_id,
            rendition=preview and Rendition(preview, kind="preview"),
        )  # fmt: skip
        catalog.write_photo(row)


def sides(catalog, a, b):
    return Counter(photo.side for photo in compare(catalog, a, b))


def test_originals_behind_previews_are_read_only_where_they_may_match(catalog, tmp_path):
    card = catalog.add_root("folder", tmp_path / "card", 1)
    lightroom = catalog.add_root("lightroom", tmp_path / "x.lrcat", 1)
    import xxhash

    one, two = paint(tmp_path / "card" / "1.png", 1), tmp_path / "card" / "2.png"
    two.write_bytes(b"of another length")
    for path in (one, two):
        add(catalog, card, path, xxhash.xxh3_128_digest(path.read_bytes()), name=path.name)
    copy = tmp_path / "copy.png"
    copy.write_bytes(one.read_bytes())
    other = tmp_path / "other.cr2"
    other.write_bytes(b"of a third length, never read")
    other.chmod(0)
    add(catalog, lightroom, copy, b"p" * 16, preview=one, name="a")
    add(catalog, lightroom, other, b"q" * 16, preview=one, name="b")
    add(catalog, lightroom, tmp_path / "offline.cr2", b"r" * 16, preview=one, name="c")
    assert sides(catalog, "folder", "lightroom") == {
        Side.BOTH: 1, Side.ONLY_A: 1, Side.ONLY_B: 1, Side.UNKNOWN: 1,
    }  # fmt: skip
    read = catalog.db.execute("SELECT name FROM photo WHERE original_hash IS NOT NULL").fetchall()
    assert read == [("a",)]
    assert sides(catalog, "lightroom", "folder")[Side.BOTH] == 1


@pytest.mark.parametrize(("source", "name"), [("photos", "Mine.photoslibrary"), ("lightroom", "Mine.lrcat")])
def test_the_most_exact_place_answers_whatever_lies_around_it(catalog, tmp_path, source, name):
    pictures = tmp_path / "pictures"
    catalog.add_root("folder", pictures, 1)  # indexed before, or after: it holds nothing but the library
    library = catalog.add_root(source, pictures / name, 1)
    other = catalog.add_root("folder", tmp_path / "other", 1)
    for number in (1, 2, 3):
        add(catalog, library, pictures / name / f"{number}.jpg", bytes([number]) * 16, name=str(number))
    add(catalog, other, tmp_path / "other" / "3.jpg", b"\3" * 16)
    found = {Side.ONLY_A: 2, Side.BOTH: 1}
    assert sides(catalog, str(pictures / name), "folder") == found
    assert sides(catalog, str(pictures), str(other.path)) == found, "a folder stands for all that is indexed below it"
    assert sides(catalog, str(tmp_path), str(other.path)) == {Side.ONLY_A: 2, Side.BOTH: 2}


def test_a_folder_in_a_place_is_not_all_of_it(catalog, tmp_path):
    photos = catalog.add_root("folder", tmp_path / "photos", 1)
    catalog.add_root("lightroom", tmp_path / "photos" / "inner" / "x.lrcat", 1)
    for at, name in enumerate(("inner/1.jpg", "inner2.jpg", "2.jpg")):
        add(catalog, photos, photos.path / name, bytes([at]) * 16, name=name)
    assert sides(catalog, str(photos.path / "inner"), "lightroom") == {Side.ONLY_A: 1}
    (photos.path / "inner").mkdir(parents=True)
    assert sides(catalog, str(photos.path / "inner" / ".."), str(photos.path)) == {Side.BOTH: 3}
    assert sides(catalog, str(photos.path / "inner" / ".." / "inner"), "lightroom") == {Side.ONLY_A: 1}


def test_a_link_in_a_place_stands_for_the_folder_that_it_leads_to(catalog, tmp_path):
    photos = catalog.add_root("folder", tmp_path / "photos", 1)
    (photos.path / "2019").mkdir(parents=True)
    (photos.path / "Trip").symlink_to("2019")
    (tmp_path / "Bilder").symlink_to("photos")
    for at, name in enumerate(("2019/1.jpg", "2.jpg")):
        add(catalog, photos, photos.path / name, bytes([at]) * 16, name=name)
    for link in (photos.path / "Trip", tmp_path / "Bilder" / "2019", tmp_path / "Bilder" / "Trip"):
        assert sides(catalog, str(photos.path), str(link)) == {Side.BOTH: 1, Side.ONLY_A: 1}, link


def test_accents_may_be_typed_either_way(catalog, tmp_path):
    photos = catalog.add_root("folder", tmp_path / "photos", 1)
    add(catalog, photos, photos.path / "Ko\N{COMBINING DIAERESIS}ln" / "1.jpg", b"1" * 16, name="1.jpg")
    typed = str(photos.path / "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln")
    assert sides(catalog, str(photos.path), typed) == {Side.BOTH: 1}
    assert find_photo(catalog, f"{typed}/1.jpg")
    with catalog.transaction():
        half = bytes(photos.path / "Ko\N{COMBINING DIAERESIS}ln" / "1.mov")
        catalog.db.execute("INSERT INTO part SELECT id, 'live video', '1.mov', ? FROM photo", (half,))
    assert find_photo(catalog, f"{typed}/1.mov") == find_photo(catalog, f"{typed}/1.jpg")


def test_a_name_that_is_no_photo_is_said_to_be_none(catalog, tmp_path):
    (tmp_path / "new.jpg").touch()
    for named, says in (
        ("Tulips.jpg", "there is no photo and no file 'Tulips.jpg'"),
        (str(tmp_path / "new.jpg"), "new.jpg is not indexed; `safelight index` reads it first"),
        (str(tmp_path), "is a folder"),
    ):
        with pytest.raises(SafelightError, match=says):
            find_photo(catalog, named)


def test_a_mistyped_folder_in_a_place_is_not_an_empty_set(catalog, tmp_path, monkeypatch):
    photos = catalog.add_root("folder", tmp_path / "photos", 1)
    add(catalog, photos, photos.path / "2019" / "1.jpg", b"1" * 16, name="2019/1.jpg")
    (photos.path / "new").mkdir(parents=True)
    monkeypatch.chdir(photos.path)
    for which, says in (
        (str(photos.path / "2091"), "/2091 is neither an indexed place nor"),
        ("2091", "^2091 is neither an indexed place nor"),
        (str(photos.path / "new"), "/new is not indexed; `safelight index "),
        ("takeout", "^no place of the kind takeout is indexed"),
    ):
        with pytest.raises(SafelightError, match=says):
            sides(catalog, str(photos.path), which)
        with pytest.raises(SafelightError, match=says):
            sides(catalog, which, str(photos.path))


def test_a_file_that_a_folder_and_a_catalog_in_it_know_is_one(catalog, tmp_path):
    folder = catalog.add_root("folder", tmp_path / "photos", 1)
    lightroom = catalog.add_root("lightroom", tmp_path / "photos" / "x.lrcat", 1)
    one = paint(tmp_path / "photos" / "1.png", 1)
    add(catalog, folder, one, b"1" * 16, name="1.png")
    for copy in ("master", "virtual"):
        add(catalog, lightroom, one, b"p" * 16, preview=one, name=copy)
    assert sum(sides(catalog, str(folder.path), str(folder.path)).values()) == 1
    assert sum(sides(catalog, "lightroom", "lightroom").values()) == 2


def test_what_was_never_read_is_not_in_an_empty_set(catalog, tmp_path):
    lightroom = catalog.add_root("lightroom", tmp_path / "x.lrcat", 1)
    catalog.add_root("takeout", tmp_path / "Takeout", 1)
    add(catalog, lightroom, tmp_path / "offline.cr2", b"p" * 16, preview=paint(tmp_path / "1.png", 1), name="a")
    assert sides(catalog, "lightroom", "takeout") == {Side.ONLY_A: 1}
    assert sides(catalog, "takeout", "lightroom") == {Side.ONLY_B: 1}


def test_what_was_never_indexed_is_said(catalog):
    catalog.add_root("folder", Path("/photos"), 1)
    with pytest.raises(SafelightError, match=r"/photos \(folder\)"):
        list(compare(catalog, "folder", "takeout"))


def test_what_is_not_indexed_is_told_from_what_does_not_exist(catalog, tmp_path):
    def why(which: str) -> str:
        with pytest.raises(SafelightError) as caught:
            list(compare(catalog, which, "folder"))
        return str(caught.value)

    assert why("takeout").startswith("nothing is indexed yet"), "as search says it"
    catalog.add_root("folder", Path("/photos"), 1)
    assert why("takeout") == "no place of the kind takeout is indexed; there are: /photos (folder)"
    assert why(str(tmp_path)).startswith(f'{tmp_path} is not indexed; `safelight index "{tmp_path}"` reads it first')
    assert why("/nowhere").startswith("/nowhere is neither an indexed place nor a kind of source")


def test_the_command_answers_as_grep_does(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    for seed in (1, 2, 3):
        paint(a / "inner" / f"{seed}.png", seed)
    for seed in (2, 3, 4):
        paint(b / f"copy {seed}.png", seed)
    env = {"SAFELIGHT_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    model = Path(__file__).parent.parent / "data" / "shapes-clip"

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "safelight", *map(str, words)]
        return subprocess.run(command, env=env, capture_output=True, text=True)

    assert run("index", a, b, "--model", model).returncode == 0
    found = run("compare", a, b, "--paths")
    assert (found.returncode, found.stdout) == (0, f"{a}/inner/1.png\n")
    assert "1 only in A, 1 only in B, 2 in both" in found.stderr
    assert run("compare", a / "inner", b, "--both", "-0").stdout.count("\0") == 2
    records = [json.loads(line) for line in run("compare", a, b, "--json").stdout.splitlines()]
    assert Counter(record["in"] for record in records) == {"a": 1, "b": 1, "both": 2}
    assert run("compare", b, b).returncode == 1
    (empty := tmp_path / "empty").mkdir()
    (empty / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    assert run("index", empty, "--model", model).returncode in (0, 1)
    said = f"has no photos: none is indexed of {empty}; `safelight status --problems` says what"
    for sides, found, counted in (((a, empty), 0, "3 only in A"), ((empty, b), 1, "0 only in A, 3 only in B")):
        one_sided = run("compare", *sides, "--paths")
        assert (one_sided.returncode, one_sided.stderr.splitlines()[0]) == (found, counted)
        assert f"\n{'AB'[sides.index(empty)]} {said}" in one_sided.stderr
    neither = run("compare", empty, empty)
    assert (neither.returncode, neither.stdout) == (1, "")
    assert [line[:15] for line in neither.stderr.splitlines()] == ["A has no photos", "B has no photos"]
    nothing = run("compare", a / "inner" / "1.png", b, "--both")
    assert (nothing.returncode, nothing.stderr) == (1, "1 only in A, 3 only in B, 0 in both\n")
    demo = Path(__file__).resolve().parents[2] / "assets" / "demo" / "cat.jpg"
    with Image.open(demo) as cat:
        cat.save(a / "cat.png")
        cat.resize((cat.width // 2, cat.height // 2)).save(b / "small.jpg")
    assert run("index", a, b, "--model", model).returncode == 0
    assert f"{a}/cat.png" in run("compare", a, b, "--paths").stdout
    near = run("compare", a, b, "--near")
    assert f"{a}/cat.png" not in near.stdout
    assert "2 alike in both" in near.stderr
    assert f"{a}/cat.png\n" in run("compare", a, b, "--near", "--both", "--paths").stdout
    assert run("compare", a, "photos").returncode == 2
