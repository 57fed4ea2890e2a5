"""Smart Previews: what Lightroom keeps of photos beside their previews is never left behind without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from preview_folders import Library, fingerprint

from safelight.errors import SafelightError
from safelight.recover import Options, Tally, recover
from safelight.recover.ledger import Row

DNG = b"II*\0" + bytes(range(256)) * 40  # what no RAW reader knows is copied all the same
FOREIGN = "DEADBEEF-0000-4000-8000-000000000001"
FOLDER = "Lib Smart Previews.lrdata"


def smart_preview(folder: Path, uuid: str) -> bytes:
    """Add a Smart Preview in the layout that is reported, `U/UUUU/UUID.dng`; returns its content."""
    path = folder / FOLDER / uuid[0] / uuid[:4] / f"{uuid}.dng"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(DNG + uuid.encode())
    return path.read_bytes()


def run(source: Path, out: Path, catalog: Path | None = None) -> tuple[Tally, list[Row], list[str]]:
    rows: list[Row] = []
    remarks: list[str] = []
    tally = recover([source], out, Options(), catalog=catalog, on_photo=rows.append, on_remark=remarks.append)
    return tally, rows, remarks


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.suffix.lower() in (".jpg", ".dng")}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """a.CR2 with a preview and a Smart Preview, b.CR2 with a Smart Preview alone, one that is nobody's."""
    with Library(tmp_path / "lib") as library:
        for name in ("a.CR2", "b.CR2"):
            file, uuid = library.file(name)
            smart_preview(tmp_path / "lib", uuid)
            if name == "a.CR2":
                library.image(file, uuid)
            else:
                library.writer.image(file)
    smart_preview(tmp_path / "lib", FOREIGN)
    return library


A, B = ("00000001-0000-4000-8000-00000000AAAA", "00000003-0000-4000-8000-00000000AAAA")
NAMED = {f"Volumes/Photos/2024/{name} (Smart Preview).CR2.dng" for name in "ab"}


@pytest.mark.parametrize("what", ["no catalog", "damaged catalog", "no previews", "named"])
def test_without_a_catalog_they_go_to_the_orphans(tmp_path: Path, library: Library, what: str):
    lib = tmp_path / "lib"
    if what == "damaged catalog":
        library.catalog.write_bytes(b"SQLite format 3\0" + bytes(5000))
    else:
        library.catalog.unlink()
    if what == "no previews":
        shutil.rmtree(library.previews)
    before = fingerprint(lib)
    tally, rows, remarks = run(lib / FOLDER if what == "named" else lib, tmp_path / "out")
    has_previews = what in ("no catalog", "damaged catalog")
    assert (tally.smart, tally.recovered, tally.lost) == (3, 3 + has_previews, 0)
    expected = {f"orphans/{uuid}.dng" for uuid in (A, B, FOREIGN)}
    assert files(tmp_path / "out") == expected | ({f"orphans/{A}.jpg"} if has_previews else set())
    assert (tmp_path / f"out/orphans/{B}.dng").read_bytes() == DNG + B.encode()
    assert all("not known" in row.note for row in rows if row.state == "smart preview")
    assert any("--catalog" in remark for remark in remarks)
    assert fingerprint(lib) == before
    written = fingerprint(tmp_path / "out")
    assert run(lib / FOLDER if what == "named" else lib, tmp_path / "out")[0].unchanged == tally.recovered
    assert fingerprint(tmp_path / "out") == written


def test_one_that_the_catalog_does_not_know_is_an_orphan(tmp_path: Path, library: Library):
    for source in (tmp_path / "lib", library.catalog, library.previews):
        out = tmp_path / f"out of {source.name}"
        tally, _, remarks = run(source, out)
        assert (tally.smart, tally.missing) == (3, 0)
        assert not any("--catalog" in remark for remark in remarks)
        assert files(out) == {*NAMED, "Volumes/Photos/2024/a.CR2.jpg", f"orphans/{FOREIGN}.dng"}


def test_they_are_found_beside_the_previews_where_the_catalog_lies_elsewhere(tmp_path: Path, library: Library):
    (tmp_path / "backup").mkdir()
    catalog = library.catalog.rename(tmp_path / "backup/Lib.lrcat")
    tally, _, _ = run(tmp_path / "lib", tmp_path / "out", catalog)
    assert (tally.smart, tally.missing) == (3, 0)
    assert files(tmp_path / "out") >= NAMED
    (tmp_path / "apart").mkdir()
    (tmp_path / "lib" / FOLDER).rename(tmp_path / "apart" / FOLDER)  # beside neither
    (tmp_path / "disk").mkdir()
    for name in ("lib", "apart"):
        (tmp_path / name).rename(tmp_path / "disk" / name)
    tally, _, _ = run(tmp_path / "disk", tmp_path / "again", catalog)
    assert (tally.smart, tally.missing) == (3, 0)
    assert files(tmp_path / "again") == files(tmp_path / "out")


def test_named_alone_they_are_all_that_is_asked_for(tmp_path: Path, library: Library):
    """The catalog beside them names them, and what it has beyond them is not missing."""
    (tmp_path / "lib" / FOLDER / B[0] / B[:4] / f"{B}.dng").unlink()
    tally, rows, remarks = run(tmp_path / "lib" / FOLDER, tmp_path / "out")
    assert (tally.smart, tally.recovered, tally.missing) == (2, 2, 0)
    assert not any("--catalog" in remark for remark in remarks)
    assert [row.original for row in rows] == ["/Volumes/Photos/2024/a.CR2", f"{FOREIGN}.dng"]


def test_one_that_lies_elsewhere_in_their_folder_is_its_photos_all_the_same(tmp_path: Path, library: Library):
    (tmp_path / "lib" / FOLDER / B[0] / B[:4] / f"{B}.dng").rename(tmp_path / "lib" / FOLDER / f"{B}.DNG")
    run(tmp_path / "lib", tmp_path / "out")
    assert files(tmp_path / "out") >= NAMED


def test_output_into_their_folder_is_refused(tmp_path: Path, library: Library):
    catalog = library.catalog.rename(tmp_path / "Lib.lrcat")
    (tmp_path / "lib" / FOLDER).rename(tmp_path / FOLDER)
    with pytest.raises(SafelightError, match="only read"):
        run(library.previews, tmp_path / FOLDER / "out", catalog)


def test_an_orphan_is_developed_where_it_is_the_largest(tmp_path: Path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    from generated_dng import generated_dng
    from preview_folders import levels_of, picture

    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid)
        smart_preview(tmp_path / "lib", FOREIGN)
        smart_preview(tmp_path / "lib", uuid)
    for path in (tmp_path / "lib" / FOLDER).rglob("*.dng"):
        path.write_bytes(generated_dng(levels_of(picture(1))[0][0]))  # 96x64, and the preview 240x160
    library.catalog.unlink()
    tally, rows, _ = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.smart, tally.developed, tally.lost) == (2, 1, 0)
    assert f"orphans/{FOREIGN} (Smart Preview).jpg" in files(tmp_path / "out")
    assert [(row.width, row.height) for row in rows if row.state == "developed"] == [(96, 64)]


# The generated DNG is 96x64 and dark on its left. By the catalog's turn, where that is: top, right, bottom, left.
DARK = {"AB": "left", "BC": "top", "CD": "right", "DA": "bottom", "BA": "right", "DC": "left"}


@pytest.mark.parametrize("turned", [1, 6])
@pytest.mark.parametrize("code", DARK)
def test_one_that_is_developed_is_turned_as_the_catalog_says(tmp_path: Path, code: str, turned: int):
    """Whether or not the DNG knows that the photo was turned in Lightroom."""
    assert developed(tmp_path, turned, orientation=code) == DARK[code]


@pytest.mark.parametrize("image", [{"orientation": None}, {"orientation": "BC", "fileWidth": 4000, "fileHeight": 6000}])
def test_where_the_catalog_does_not_tell_the_dng_does(tmp_path: Path, image: dict[str, object]):
    """In the second case the DNG's pixels do not lie as the original's: somebody has turned them already."""
    assert developed(tmp_path, 6, **image) == "top"
    assert developed(tmp_path / "other", 1, **image) == "left"


def developed(folder: Path, turned: int, **image: object) -> str:
    """Develop a Smart Preview; returns on which side it is dark."""
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    from generated_dng import generated_dng
    from PIL import Image, ImageStat
    from preview_folders import levels_of, picture

    with Library(folder / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.writer.image(file, **{"fileWidth": 6000, "fileHeight": 4000, **image})
    smart_preview(folder / "lib", uuid)
    next((folder / "lib" / FOLDER).rglob("*.dng")).write_bytes(
        generated_dng(levels_of(picture(1))[0][0], orientation=turned, left=4_000)
    )
    run(folder / "lib", folder / "out")
    (path,) = (folder / "out").rglob("*.jpg")
    grey = Image.open(path).convert("L")
    assert grey.getexif().get(0x0112) == 1
    sides = {
        "left": (0, 0, 8, grey.height), "top": (0, 0, grey.width, 8),
        "right": (grey.width - 8, 0, grey.width, grey.height), "bottom": (0, grey.height - 8, grey.width, grey.height),
    }  # fmt: skip
    return min(sides, key=lambda side: ImageStat.Stat(grey.crop(sides[side])).mean[0])
