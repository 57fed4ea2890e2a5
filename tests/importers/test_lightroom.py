"""Two real catalogs of Lightroom 5, against what their tables say in the sqlite3 shell."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from lightroom_catalogs import fingerprint
from lxml import etree

from importers.lightroom import CatalogPhoto, Exposure, open_catalog

CANON = {
    "root_path": "/Users/arronhartley/Pictures/Sample Images/",
    "folder_path": "",
    "extension": "jpg",
    "orientation": "AB",
    "develop_digest": "07cc63f155500a902b21fef7be6585b5",
    "file_format": "JPG",
    "camera_make": "Canon",
    "camera_model": "Canon EOS 450D",
    "camera_serial": "2180566748",
    "lens": "EF-S18-55mm f/3.5-5.6 IS",
    "pick": 0,
    "rating": None,
    "label": None,
    "keywords": (),
    "collections": (),
    "position": None,
    "creator": None,
    "sidecar_extensions": (),
}
SUMMER_TIME = timezone(timedelta(hours=1))
LIGHTROOM_5 = [
    {
        "image_id": 21,
        "uuid": "A18E37BB-45F5-4778-B5C1-EAC463361A3F",
        "file_uuid": "3829E5FC-7F3F-4B22-94F3-FB5E2C796026",
        "stored_path": "/Users/arronhartley/Pictures/Sample Images/sample3.jpg",
        "capture_time": "2011-06-13T17:50:35.03",
        "taken_at": datetime(2011, 6, 13, 17, 50, 35, 30000, SUMMER_TIME),
        "width": 4272,
        "height": 2848,
        "cropped_width": 4272,
        "cropped_height": 2848,
        "exposure": Exposure(Fraction(1, 30), 9.0, 100.0, 18.0, flash_fired=False),
        **CANON,
    },
    {
        "image_id": 35,
        "uuid": "F103455A-359E-415B-AB67-17EC023D5AA1",
        "file_uuid": "B089021B-7ACE-4A62-BD32-85A6C6AD5B9C",
        "stored_path": "/Users/arronhartley/Pictures/Sample Images/sample2.jpg",
        "capture_time": "2011-06-13T17:57:50.03",
        "taken_at": datetime(2011, 6, 13, 17, 57, 50, 30000, SUMMER_TIME),
        "width": 3783,
        "height": 2522,
        "cropped_width": 3783,
        "cropped_height": 2522,
        "exposure": Exposure(Fraction(1, 13), 5.6, 100.0, 25.0, flash_fired=False),
        **CANON,
    },
    {
        "image_id": 50,
        "uuid": "C64807AF-0487-40DF-8672-919CAF0C2139",
        "file_uuid": "6A2B9912-3868-45E4-AE0D-7EA73F66FF63",
        "stored_path": "/Users/arronhartley/Pictures/Sample Images/sample1.jpg",
        "capture_time": "2011-06-13T18:09:18.03",
        "taken_at": datetime(2011, 6, 13, 18, 9, 18, 30000, SUMMER_TIME),
        "width": 4272,
        "height": 2848,
        "cropped_width": 4272,
        "cropped_height": 2848,
        "exposure": Exposure(Fraction(1, 40), 9.0, 100.0, 18.0, flash_fired=False),
        **CANON,
    },
]

NIKON = {
    "orientation": "AB",
    "camera_make": "NIKON CORPORATION",
    "camera_model": "NIKON D700",
    "camera_serial": "2526497",
    "creator": "Maxime Mouchet",
    "copyright": None,
    "title": None,
    "rating": None,
    "stack": None,
}
PARTY = {
    "root_path": "/Users/maxmouchet/Pictures/2013/",
    "folder_path": "12-01 (MO) Pre-party Phoelix/",
    "extension": "NEF",
    "sidecar_extensions": ("xmp",),
    "file_format": "RAW",
    "develop_digest": "05daea287739b47c27cea4102e72ecd9",
    "lens": "50.0 mm f/1.4",
    "width": 4256,
    "height": 2832,
    **NIKON,
}
VAASA = {
    "root_path": "/Users/maxmouchet/Dropbox/Photos/Exports Random/fb_vaasa/",
    "folder_path": "",
    "extension": "jpg",
    "sidecar_extensions": (),
    "file_format": "JPG",
    "develop_digest": "077b070982fd42045ed5e932196fb988",
    "lens": "28.0-300.0 mm f/3.5-5.6",
    "width": 2048,
    "height": 1363,
    **NIKON,
}
LRCAT_ONLY = [
    {
        "image_id": 21,
        "uuid": "50025F26-FBAA-4EE4-9C13-1A6D6AA65C83",
        "file_uuid": "975890E4-104C-42F0-8EB8-ED82E163EF31",
        "base_name": "_MAX7667",
        "taken_at": datetime(2013, 12, 1, 22, 39, 9, 420000),  # the XMP has no zone either
        "exposure": Exposure(Fraction(1, 20), 1.4, 1600.0, 50.0, flash_fired=False),
        **PARTY,
    },
    {
        "image_id": 40,
        "uuid": "E06161A8-E13D-4255-8917-DA6FC4550981",
        "file_uuid": "DF808D6D-1479-4658-963B-8F97E01C5450",
        "base_name": "_MAX7674",
        "taken_at": datetime(2013, 12, 1, 23, 39, 0, 160000),
        "exposure": Exposure(Fraction(1, 25), 1.4, 1600.0, 50.0, flash_fired=False),
        **PARTY,
    },
    {
        "image_id": 63,
        "uuid": "FD4870D3-F419-404E-850B-F04FEDA25E24",
        "file_uuid": "08A6A590-7C55-4904-81F1-DBF67933C70F",
        "base_name": "_MAX3047",
        "taken_at": datetime(2013, 9, 8, 6, 52, 7, 900000),
        "exposure": Exposure(Fraction(1, 3200), 3.5, 100.0, 28.0, flash_fired=False),
        **VAASA,
    },
    {
        "image_id": 78,
        "uuid": "2DB0085F-3111-4AD6-A875-6525EEE2C8E1",
        "file_uuid": "C3E436AB-F0E7-45D8-8454-1F612D9ECC8A",
        "base_name": "_MAX3065",
        "taken_at": datetime(2013, 9, 8, 7, 6, 0, 670000),
        "exposure": Exposure(Fraction(1, 125), 11.0, 100.0, 28.0, flash_fired=False),
        **VAASA,
    },
]


@pytest.fixture(scope="module")
def lightroom5(samples: Path) -> Path:
    return samples / "lightroom5" / "Lightroom 5 Catalog.lrcat"


@pytest.fixture(scope="module")
def lrcat_only(samples: Path) -> Path:
    return samples / "lightroom-lrcat-only" / "test_catalog_1.lrcat"


def photos(path: Path) -> list[CatalogPhoto]:
    with open_catalog(path) as catalog:
        found = list(catalog.photos())
        assert catalog.warnings == []
        assert catalog.count() == len(found)
    return found


def said(photo: CatalogPhoto, names: dict[str, object]) -> dict[str, object]:
    return {name: getattr(photo, name) for name in names}


def test_lightroom_5_as_its_tables_say(lightroom5: Path) -> None:
    assert [said(*pair) for pair in zip(photos(lightroom5), LIGHTROOM_5, strict=True)] == LIGHTROOM_5


def test_a_catalog_without_previews_as_its_tables_say(lrcat_only: Path) -> None:
    assert [said(*pair) for pair in zip(photos(lrcat_only), LRCAT_ONLY, strict=True)] == LRCAT_ONLY


def test_versions_and_folders(lightroom5: Path, lrcat_only: Path) -> None:
    with open_catalog(lightroom5) as catalog:
        assert (catalog.version, catalog.product, catalog.path) == ("0500006", "Lightroom 5", lightroom5.resolve())
        assert catalog.previews_folder == lightroom5.resolve().parent / "Lightroom 5 Catalog Previews.lrdata"
        assert catalog.smart_previews_folder is None
    with open_catalog(lrcat_only) as catalog:
        assert (catalog.version, catalog.previews_folder) == ("0500006", None)


def test_digests_name_the_previews_on_disk(lightroom5: Path) -> None:
    with open_catalog(lightroom5) as catalog:
        digests = catalog.develop_digests()
        assert catalog.previews_folder
        names = {path.stem for path in catalog.previews_folder.rglob("*.lrprev")}
    assert {f"{uuid}-{digest}" for uuid, found in digests.items() for digest in found} == names
    assert len(names) == 3


def test_the_packet_comes_whole(lightroom5: Path) -> None:
    packets = [photo.xmp for photo in photos(lightroom5)]
    assert [len(packet or b"") for packet in packets] == [5927, 5452, 5044]
    for packet in packets:
        assert etree.fromstring(packet or b"").tag == "{adobe:ns:meta/}xmpmeta"


def test_nobody_else_has_these_originals(lightroom5: Path) -> None:
    assert [photo.original for photo in photos(lightroom5)] == [None] * 3


def test_the_samples_stay_as_they_were(samples: Path, lightroom5: Path, lrcat_only: Path) -> None:
    for path in (lightroom5, lrcat_only):
        before = fingerprint(path.parent)
        photos(path)
        assert fingerprint(path.parent) == before
