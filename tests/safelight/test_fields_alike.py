"""The same fields of a plain folder's photo, wherever they were written: beside it, in either name, or inside it.

The pictures and what is written of them are generated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from indexed_library import indexed_library
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from safelight.status import photo_record

PACKET = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmp:Rating="4" xmp:Label="Red" tiff:Make="Acme" tiff:Model="Acme One" exif:DateTimeOriginal="2024-06-01T12:00:00"
 exif:GPSLatitude="64,9.0N" exif:GPSLongitude="21,56.4W" photoshop:City="Reykjavik">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats at noon</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>boat</rdf:li><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>
<lr:hierarchicalSubject><rdf:Bag><rdf:li>travel|sea</rdf:li></rdf:Bag></lr:hierarchicalSubject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
EXPECTED = {
    "taken_at": "2024-06-01T12:00:00",
    "camera": "Acme One",
    "title": "Harbour",
    "caption": "Boats at noon",
    "rating": 4,
    "color_label": "Red",
    "keywords": ["boat", "sea"],
    "keyword_paths": ["travel/sea"],
    "latitude": pytest.approx(64.15),
    "longitude": pytest.approx(-21.94),
    "place": "Reykjavik",
}


@pytest.fixture
def records(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """What is known of each of four photos, by their names."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("adobe", "darktable", "inside", "camera")):
        how: dict[str, Any] = {"xmp": PACKET} if name == "inside" else {"exif": camera()} if name == "camera" else {}
        Image.effect_noise((64, 48), 20 + number).save(folder / f"{name}.jpg", **how)
    (folder / "adobe.xmp").write_bytes(PACKET)
    (folder / "darktable.jpg.xmp").write_bytes(PACKET)
    with indexed_library(folder, tmp_path / "home") as library:
        ids = library.catalog.db.execute("SELECT public_id FROM photo").fetchall()
        found = [photo_record(library.catalog, public_id) for (public_id,) in ids]
    return {Path(record["name"]).stem: record for record in found}


def camera() -> Image.Exif:
    """What has a place in EXIF."""
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Model], tags[Base.ImageDescription] = "Acme", "Acme One", "Boats at noon"
    tags.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2024:06:01 12:00:00"
    tags.get_ifd(IFD.GPSInfo).update(
        {
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLatitude: (64.0, 9.0, 0.0),
            GPS.GPSLongitudeRef: "W",
            GPS.GPSLongitude: (21.0, 56.0, 24.0),
        }
    )
    return tags


def test_a_sidecar_of_either_name_and_the_picture_itself_give_the_same_fields(records):
    for name in ("adobe", "darktable", "inside"):
        assert {field: records[name][field] for field in EXPECTED} == EXPECTED, name


def test_exif_gives_the_same_of_what_it_can_hold(records):
    fields = ("taken_at", "camera", "caption", "latitude", "longitude")
    assert {field: records["camera"][field] for field in fields} == {field: EXPECTED[field] for field in fields}
