"""JPEG structure: sizes, and whether a picture is whole, checked on files that Pillow writes."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from lrprev import LrprevError, jpeg, read_preview
from lrprev.layout import SOS_MARKER
from lrprev.source import bytes_of

KINDS = {
    "baseline": {},
    "restarts each row": {"restart_marker_rows": 1},
    "restarts each block": {"restart_marker_blocks": 1},
    "4:4:4 restarts": {"subsampling": 0, "restart_marker_blocks": 3},
    "4:2:2": {"subsampling": 1, "restart_marker_rows": 2},
    "progressive": {"progressive": True},
    "progressive restarts": {"progressive": True, "restart_marker_rows": 1},
    "comment": {"comment": b"\xff\xd8\xff\xd9 not a picture"},
    "comment like a scan": {"comment": b"\xff\xda\0\4 not a scan", "restart_marker_rows": 1},
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("size", [(1, 1), (67, 45), (130, 8)])
def test_a_whole_picture_is_followed_to_its_last_byte(
    make_jpeg: Callable[..., bytes], size: tuple[int, int], options: dict[str, object]
) -> None:
    data = make_jpeg(*size, **options)
    picture = jpeg.check(data + b"\xff\xd8trailing bytes")
    assert picture.end == len(data)
    assert (picture.frame.width, picture.frame.height) == size
    assert jpeg.read_frame(bytes_of(data), 0, len(data)) == picture.frame


def test_pictures_that_share_a_header_keep_their_own_data(make_jpeg: Callable[..., bytes]) -> None:
    """Headers are parsed once for all pictures that have the same one, byte for byte, and another for any other."""
    sizes = [(64, 48), (64, 40), (64, 48)]
    pictures = [make_jpeg(*size, restart_marker_rows=1) for size in sizes]
    for data, (width, height) in zip(pictures, sizes, strict=True):
        frame = jpeg.read_frame(bytes_of(data), 0, len(data))
        assert (frame.width, frame.height) == (width, height)
        segments = jpeg.segments(data)
        assert segments[-1].marker == SOS_MARKER
        assert list(segments) == list(islice(jpeg.walk(data, 0), len(segments)))
        assert jpeg.seems_whole(data, 0, len(data))


def test_grey_pictures_count_restarts_of_their_own_blocks(make_jpeg: Callable[..., bytes]) -> None:
    stream = BytesIO()
    Image.effect_noise((100, 50), 64).save(stream, "JPEG", restart_marker_blocks=5)
    picture = jpeg.check(stream.getvalue())
    assert picture.restarts_counted
    assert picture.end == len(stream.getvalue())


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_a_cut_anywhere_is_an_error(make_jpeg: Callable[..., bytes], options: dict[str, object]) -> None:
    data = make_jpeg(67, 45, **options)
    for length in range(len(data)):
        with pytest.raises(LrprevError):
            jpeg.check(data[:length])


def test_bytes_lost_in_the_middle_are_missed_as_restart_markers(make_jpeg: Callable[..., bytes]) -> None:
    data = make_jpeg(120, 160, restart_marker_rows=1)
    assert jpeg.check(data).restarts_counted
    start, end = data.index(b"\xff\xd2"), data.index(b"\xff\xd5")
    with pytest.raises(LrprevError, match="restart marker 2"):
        jpeg.check(data[:start] + data[end:])
    third, last = data.index(b"\xff\xd2"), data.rindex(b"\xff\xd9")
    with pytest.raises(LrprevError, match="restart markers in the scan"):
        jpeg.check(data[:third] + data[last:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xda\0\2\xff\xd9",
        b"\xff\xd8\xff\xc0\0\2\xff\xd9",
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\1\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9",  # height 0
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x01\0\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9",  # sampling 0
        b"\xff\xd8\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff" * 1000,
        b"\xff\xd8\xff\xe0\0\1",
    ],
)
def test_what_is_no_picture_is_an_error(data: bytes) -> None:
    with pytest.raises(LrprevError):
        jpeg.check(data)
    with pytest.raises(LrprevError):
        jpeg.read_frame(bytes_of(data), 0, len(data))


def test_fill_bytes_before_a_marker_are_part_of_it(make_jpeg: Callable[..., bytes]) -> None:
    data = make_jpeg(16, 16)
    padded = data[:2] + b"\xff\xff\xff" + data[2:-2] + b"\xff\xff" + data[-2:]
    assert jpeg.check(padded).end == len(padded)


@pytest.fixture(scope="module")
def picture(make_jpeg: Callable[..., bytes]) -> bytes:
    return make_jpeg(640, 480, subsampling=0, restart_marker_rows=1)


class TestSeemsWhole:
    """The quick look at a level of a sound container: it may ask for the long one, and must where damage is seen."""

    def test_a_whole_picture_does(self, picture: bytes) -> None:
        assert jpeg.seems_whole(picture, 0, len(picture))
        assert jpeg.seems_whole(b"before" + picture + b"after", 6, 6 + len(picture))

    def test_real_levels_do(self, real_previews: list[Path]) -> None:
        for path in real_previews:
            data = path.read_bytes()
            for level in read_preview(data).levels:
                assert jpeg.seems_whole(data, level.offset_bytes, level.offset_bytes + level.length_bytes)

    @pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
    def test_no_cut_picture_does(self, make_jpeg: Callable[..., bytes], options: dict[str, object]) -> None:
        data = make_jpeg(67, 45, **options)
        assert not any(jpeg.seems_whole(data, 0, length) for length in range(len(data)))

    @pytest.mark.parametrize("blank", [b"\0", b"\xff"])
    def test_none_with_a_lost_sector_does(self, picture: bytes, blank: bytes) -> None:
        for at in range(2000, len(picture) - 600, 97):
            assert not jpeg.seems_whole(picture[:at] + blank * 512 + picture[at + 512 :], 0, len(picture))

    def test_hardly_any_with_blocks_of_something_else_does(self, picture: bytes) -> None:
        rng = random.Random(1)
        missed = 0
        for _ in range(200):
            at = rng.randrange(1, len(picture) // 4096 - 4) * 4096
            damaged = picture[:at] + rng.randbytes(4 * 4096) + picture[at + 4 * 4096 :]
            missed += jpeg.seems_whole(damaged, 0, len(picture))
        assert missed < 10

    def test_none_with_its_first_or_last_rows_lost_does(self, picture: bytes) -> None:
        first, last = picture.index(b"\xff\xd0"), picture.rindex(b"\xff\xd2")
        assert not jpeg.seems_whole(picture[:first] + picture[first + 2 :], 0, len(picture) - 2)
        cut = picture[:last] + b"\xff\xd9"
        assert not jpeg.seems_whole(cut, 0, len(cut))
