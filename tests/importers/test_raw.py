"""RAW files through their previews, on a DNG built by the specification: no camera's file is ours to ship."""

import struct

import numpy as np
import pytest
from PIL import Image

from importers import raw
from importers.images import ImageProblem, open_upright, reader_version

pytest.importorskip("rawpy", reason="the extra `raw` is not installed")

BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10
SENSOR = (96, 64)


def directory(entries, at, extra_at):
    """Write one TIFF directory: (directory bytes, bytes of long values). Entries: (tag, type, count, packed value)."""
    head, extra = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in sorted(entries):
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", extra_at + len(extra))
            extra += value + b"\0" * (len(value) % 2)
        head += struct.pack("<HHI", tag, kind, count) + field
    return head + struct.pack("<I", 0), extra


def short(tag, *values):
    return (tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(tag, *values):
    return (tag, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def text(tag, value):
    data = value.encode() + b"\0"
    return (tag, ASCII, len(data), data)


def dng(preview, *, orientation=1):
    """A DNG whose first directory is a JPEG preview and whose sub-directory is a sensor that saw mid-grey."""
    width, height = SENSOR
    sensor = np.full((height, width), 20_000, "<u2").tobytes()
    preview_at, sensor_at = 4096, 4096 + len(preview) + len(preview) % 2
    first = [
        long(254, 1),
        *(long(256, 240), long(257, 160), short(258, 8, 8, 8), short(259, 7), short(262, 6), short(277, 3)),
        *(long(273, preview_at), long(278, 160), long(279, len(preview)), short(274, orientation)),
        *(text(271, "Acme"), text(272, "Acme One"), text(306, "2024:03:04 05:06:07")),
        long(330, 2048),
        (50706, BYTE, 4, bytes((1, 4, 0, 0))),
        (50707, BYTE, 4, bytes((1, 1, 0, 0))),
        text(50708, "Acme One"),
        (
            50721,
            SRATIONAL,
            9,
            b"".join(struct.pack("<ii", int(row == column), 1) for row in range(3) for column in range(3)),
        ),
        (50728, RATIONAL, 3, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
        short(50778, 21),
    ]
    second = [
        long(254, 0),
        *(long(256, width), long(257, height), short(258, 16), short(259, 1), short(262, 32803), short(277, 1)),
        *(long(273, sensor_at), long(278, height), long(279, len(sensor))),
        short(33421, 2, 2),
        (33422, BYTE, 4, bytes((0, 1, 1, 2))),
        long(50717, 65535),
    ]
    one, one_extra = directory(first, 8, 1024)
    two, two_extra = directory(second, 2048, 3072)
    data = (b"II*\0" + struct.pack("<I", 8) + one).ljust(1024, b"\0") + one_extra
    data = data.ljust(2048, b"\0") + two
    data = data.ljust(3072, b"\0") + two_extra
    return data.ljust(4096, b"\0") + preview + b"\0" * (len(preview) % 2) + sensor


@pytest.fixture
def preview(scene, encode):
    return encode(scene, "JPEG", quality=95)


def test_the_preview_is_shown_at_the_sensors_size(preview, scene):
    picture = open_upright(dng(preview), min_edge=64)
    assert picture.format == "RAW"
    assert (picture.width, picture.height) == SENSOR
    assert picture.rgb.size == scene.size
    assert np.abs(np.asarray(picture.rgb, float) - np.asarray(scene, float)).mean() < 4
    assert picture.facts.camera == "Acme One"
    assert picture.facts.taken_at.year == 2024


@pytest.mark.parametrize(("orientation", "angle"), [(3, 180), (6, -90), (8, 90)])
def test_a_preview_without_orientation_is_turned_as_the_raw_file_says(preview, scene, orientation, angle):
    picture = open_upright(dng(preview, orientation=orientation), min_edge=64)
    upright = scene.rotate(angle, expand=True)
    assert picture.rgb.size == upright.size
    assert (picture.width < picture.height) == (upright.width < upright.height)
    assert np.abs(np.asarray(picture.rgb, float) - np.asarray(upright, float)).mean() < 4


def test_a_preview_says_its_own_orientation(scene, encode):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = open_upright(dng(encode(scene, "JPEG", exif=exif), orientation=6), min_edge=64)
    assert picture.rgb.size == (160, 240), "turned once, not twice"


def test_a_preview_too_small_gives_way_to_the_sensor(scene, encode):
    thumbnail = encode(scene.resize((24, 16)), "JPEG")
    picture = open_upright(dng(thumbnail), min_edge=20)
    assert picture.rgb.size == (SENSOR[0] // 2, SENSOR[1] // 2)
    assert np.asarray(picture.rgb).std() < 12, "the sensor saw one grey"


def test_a_raw_file_cut_short_before_its_preview_ends_is_a_problem(preview):
    whole = dng(preview)
    # Whole first: LibRaw would complete the cut preview with what that one left in memory.
    assert open_upright(whole, min_edge=64).rgb.width == 240
    for length in (40, 900, 2000, 3000, 4100, 6000):
        with pytest.raises(ImageProblem) as caught:
            open_upright(whole[:length], min_edge=64)
        assert caught.value.kind == "failed"
        assert "cut short" in str(caught.value) or length < 3000
    assert open_upright(whole[: 4096 + len(preview) + 1000], min_edge=64).rgb.width == 240, (
        "only sensor data are missing"
    )


def test_without_the_extra_a_raw_file_is_skipped_with_the_way_out(preview, monkeypatch):
    assert reader_version() == "1+raw"
    monkeypatch.setattr(raw, "is_available", lambda: False)
    with pytest.raises(ImageProblem, match=r"pip install 'safelight\[raw\]'") as caught:
        open_upright(dng(preview), min_edge=64)
    assert caught.value.kind == "skipped"
    assert reader_version() == "1"


def test_a_raw_file_of_an_unknown_camera_says_so():
    with pytest.raises(ImageProblem, match="rawpy does not know this kind of RAW file"):
        open_upright(b"MMOR" + b"\0" * 2000, min_edge=64)


def test_a_tiff_that_nobody_can_read_is_called_a_damaged_tiff():
    with pytest.raises(ImageProblem, match="begins like a TIFF file, but its header is damaged"):
        open_upright(b"II*\0\x08\0\0\0\0\0" + b"\0" * 50, min_edge=64)


def test_ordinary_tiffs_are_no_raw_files(scene, encode):
    assert open_upright(encode(scene, "TIFF"), min_edge=64).format == "TIFF"
    assert not raw.is_raw_tiff({256: 10, 330: (8,)}), "Photoshop writes sub-directories too"
