"""What Takeout's JSON says, and what its folders are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.base import Facts
from importers.takeout_folders import Kind, is_google_photos, kind_of
from importers.takeout_json import MAX_JSON_BYTES, Album, Sidecar, read_json

TAKEN = {"photoTakenTime": {"timestamp": "1538176027"}}


def read(**fields: object) -> Sidecar | Album | None:
    return read_json(json.dumps(fields).encode())


def test_a_real_photos_json(samples) -> None:
    folder = samples / "takeout" / "Google Photos" / "Photos from 2018"
    assert read_json((folder / "Pumkins1.jpg.json").read_bytes()) == Sidecar(
        "Pumkins1.jpg",
        Facts(
            taken_at=datetime(2018, 9, 28, 22, 35, 49, tzinfo=UTC),
            latitude=41.2565369,
            longitude=-95.9345034,
            caption="Can we carry this?",
            people=("Katie", "Suzy"),
            favorite=False,
        ),
        "https://photos.google.com/photo/AF1QipMGbURicctnuv22pgErI1N6XPNHUpxn8sAqLcPE",
    )
    second = read_json((folder / "Pumkins2.jpg.json").read_bytes())
    assert isinstance(second, Sidecar)
    assert (second.facts.favorite, second.facts.people) == (True, ("Katie",))
    assert (second.facts.latitude, second.facts.longitude) == (None, None)  # 0, 0


def test_the_other_real_json(samples) -> None:
    folder = samples / "takeout" / "Google Photos"
    assert read_json((folder / "Pumpkin Farm" / "metadata.json").read_bytes()) == Album("Pumpkin Farm")
    for name in ("print-subscriptions", "shared_album_comments", "user-generated-memory-titles"):
        assert read_json((folder / f"{name}.json").read_bytes()) is None


def test_albums_old_and_new() -> None:
    assert read(title="Norway") == Album("Norway")
    assert read(albumData={"title": "Norway", "date": {}}) == Album("Norway")
    assert read(title="") is None
    assert read(title="IMG.jpg", **TAKEN) == Sidecar(
        "IMG.jpg", Facts(datetime(2018, 9, 28, 23, 7, 7, tzinfo=UTC), favorite=False)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"geoData": {"latitude": 1.5, "longitude": 0.0}}, (1.5, 0.0)),
        ({"geoData": {"latitude": 0, "longitude": 0}, "geoDataExif": {"latitude": -2, "longitude": 3}}, (-2.0, 3.0)),
        ({"geoData": {"latitude": 91, "longitude": 0}}, (None, None)),
        ({"geoData": {"latitude": float("nan"), "longitude": 3}}, (None, None)),
        ({"geoData": {"latitude": "1", "longitude": 3}}, (None, None)),
        ({"geoData": [1, 2]}, (None, None)),
    ],
)
def test_places(fields, expected) -> None:
    found = read(**TAKEN, **fields)
    assert isinstance(found, Sidecar)
    assert (found.facts.latitude, found.facts.longitude) == expected


@pytest.mark.parametrize("timestamp", ["0", "", "soon", None, "9" * 30, [], {}])
def test_times_that_are_none(timestamp) -> None:
    found = read(photoTakenTime={"timestamp": timestamp})
    assert isinstance(found, Sidecar)
    assert found.facts.taken_at is None


def test_times_before_1970() -> None:
    found = read(photoTakenTime={"timestamp": "-3600"})
    assert isinstance(found, Sidecar)
    assert found.facts.taken_at == datetime(1969, 12, 31, 23, tzinfo=UTC)


def test_people_and_marks() -> None:
    found = read(**TAKEN, people=[{"name": "Ann"}, {"name": ""}, {}, "Bob", {"name": "Ann"}], trashed=True, url=" u ")
    assert isinstance(found, Sidecar)
    assert (found.facts.people, found.trashed, found.url) == (("Ann",), True, "u")


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b'"x"', b"9" * 5000, b"{}" * 2])
def test_what_is_no_json_is_nothing(data: bytes) -> None:
    assert read_json(data) is None


def test_what_is_too_long_is_not_parsed() -> None:
    assert read_json(b'{"title": "' + b"x" * MAX_JSON_BYTES + b'"}') is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "timestamp", "latitude"]), inner)
    ),
    max_leaves=6,
)
KEYS = ("title", "photoTakenTime", "geoData", "geoDataExif", "people", "favorited", "trashed", "url", "albumData")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_json_gives_a_value(fields) -> None:
    found = read(**fields)
    if isinstance(found, Sidecar):
        json.dumps([found.title, found.facts.caption, found.facts.people]).encode()
        (found.title or "").encode()


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_nothing(data: bytes) -> None:
    assert read_json(data) is None or isinstance(read_json(data), Sidecar | Album)


# Folders


@pytest.mark.parametrize(
    ("name", "has_album_json", "kind"),
    [
        ("Photos from 2018", False, Kind.YEAR),
        ("Photos from 2018", True, Kind.YEAR),  # exports of up to 2020 have one there, too
        ("Fotos von 2018", True, Kind.YEAR),
        ("Fotos del 2018", False, Kind.YEAR),
        ("Photos de 2018", False, Kind.YEAR),
        ("Фото за 2018", True, Kind.YEAR),
        ("2018 年の写真", False, Kind.YEAR),
        ("Valokuvat vuodelta 2018", False, Kind.YEAR),
        ("Norway 2018", True, Kind.ALBUM),
        ("Photos from Norway 2018", True, Kind.ALBUM),
        ("Norway", False, Kind.ALBUM),
        ("Trash", False, Kind.BIN),
        ("Papierkorb", False, Kind.BIN),
        ("Trash", True, Kind.ALBUM),  # of someone who collects pictures of it
        ("Archive", False, Kind.OTHER),
        ("", False, Kind.OTHER),
    ],
)
def test_what_a_folder_is(name: str, has_album_json: bool, kind: Kind) -> None:
    assert kind_of(name, has_album_json=has_album_json) is kind


@pytest.mark.parametrize(
    ("name", "inner", "expected"),
    [
        ("Google Photos", [], True),
        ("Google Foto", [], True),
        ("Google フォト", ["2018 年の写真"], True),
        ("renamed", ["Photos from 2018"], True),
        ("Google Drive", ["notes"], False),
        ("renamed", ["2018", "2019"], False),
        ("Pictures", [], False),
    ],
)
def test_which_folder_is_google_photos(name: str, inner: list[str], expected: bool) -> None:
    assert is_google_photos(name, inner) is expected
