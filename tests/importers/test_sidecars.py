"""Which sidecar belongs to which picture: lists of names, no files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.sidecars import sidecars


def found(names: str) -> dict[str, list[str]]:
    pairs = sidecars(name.encode() for name in names.split())
    return {picture.decode(): [one.decode() for one in more] for picture, more in pairs.items()}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # Adobe's, and darktable's or digiKam's
        ("a.CR2 a.xmp", {"a.CR2": ["a.xmp"]}),
        ("a.CR2 a.CR2.xmp", {"a.CR2": ["a.CR2.xmp"]}),
        ("a.CR2 a.xmp a.CR2.xmp", {"a.CR2": ["a.CR2.xmp", "a.xmp"]}),
        # a RAW+JPEG pair
        ("a.CR2 a.JPG a.xmp", {"a.CR2": ["a.xmp"]}),
        ("a.CR2 a.JPG a.JPG.xmp a.xmp", {"a.CR2": ["a.xmp"], "a.JPG": ["a.JPG.xmp"]}),
        # a RAW file and the DNG made from it: a DNG keeps its metadata inside
        ("a.CR2 a.dng a.xmp", {"a.CR2": ["a.xmp"]}),
        ("a.dng a.xmp", {"a.dng": ["a.xmp"]}),
        ("a.heic a.jpg a.xmp", {"a.heic": ["a.xmp"], "a.jpg": ["a.xmp"]}),
        # case
        ("a.cr2 A.XMP", {"a.cr2": ["A.XMP"]}),
        ("a.cr2 A.CR2.xMp", {"a.cr2": ["A.CR2.xMp"]}),
        ("a.CR2 A.CR2 a.xmp A.xmp", {"a.CR2": ["a.xmp"], "A.CR2": ["A.xmp"]}),
        ("a.CR2 a.xmp A.xmp", {"a.CR2": ["a.xmp", "A.xmp"]}),
        # no picture, no sidecar, nothing alike
        ("a.xmp", {}),
        ("a.mov a.xmp a.txt a.txt.xmp", {}),
        ("a.CR2", {}),
        ("a.CR2 a_01.CR2.xmp ab.xmp", {}),
        ("a.b.jpg a.xmp a.b.xmp", {"a.b.jpg": ["a.b.xmp"]}),
        (".xmp xmp a.jpg", {}),
    ],
)
def test_names(names, expected):
    assert found(names) == expected
    assert found(" ".join(reversed(names.split()))) == expected


def test_a_name_that_is_no_text():
    assert sidecars([b"\xff\xe9.NEF", b"\xff\xe9.xmp"]) == {b"\xff\xe9.NEF": (b"\xff\xe9.xmp",)}


NAMES = st.lists(
    st.sampled_from(["a", "A", "b"]).flatmap(
        lambda stem: st.sampled_from([".CR2", ".cr2", ".jpg", ".dng", ".xmp", ".CR2.xmp", ".jpg.XMP", ""]).map(
            lambda end: (stem + end).encode()
        )
    ),
    unique=True,
)


@given(NAMES)
def test_pictures_get_sidecars_that_are_there_and_each_sidecar_named_in_full_one_picture(names):
    pairs = sidecars(names)
    given_out = [one for more in pairs.values() for one in more]
    assert set(pairs) | set(given_out) <= set(names)
    assert not set(pairs) & set(given_out)
    assert all(len(set(more)) == len(more) for more in pairs.values())
    assert all(one.lower().endswith(b".xmp") for one in given_out)
