"""RAW files through their previews, on a DNG built by the specification: no camera's file is ours to ship."""

import numpy as np
import pytest
from generated_dng import SENSOR
from generated_dng import generated_dng as dng
from PIL import Image

from importers import raw
from importers.images import ImageProblem, open_upright, reader_version

pytest.importorskip("rawpy", reason="the extra `raw` is not installed")


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
    with pytest.raises(ImageProblem, match="the extra `raw`; install Safelight with it") as caught:
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
