"""Features survive being written down; turning a picture turns its hash and its keypoints."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from importers import icc
from importers.base import Facts, Rendition, Smaller, Span
from importers.colour import averages_like_srgb
from importers.images import MAX_PIXELS, Picture
from indexer.decode_worker import Job, read_photo
from indexer.duplicates.align import locate
from indexer.duplicates.features import describe, describe_picture, pack, unpack
from indexer.duplicates.keypoints import turn_bits
from indexer.duplicates.turns import INVERSE, distances, hashes, spectra, turn_pixels
from indexer.duplicates.verify import Relation, Sensitivity, verify
from indexer.preprocess import PixelSpec

_SMALL = PixelSpec(64, 64, "exact", 64, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def described(file, data, sizes, space=None):
    """Describe a photo as an index run does for a small model, from a JPEG of each size in one file; largest first."""
    spans, whole = [], b""
    for size in sizes:
        level = io.BytesIO()
        data.resize(size, Image.Resampling.LANCZOS).save(level, "JPEG", quality=85, subsampling=0)
        spans.append(Span(len(whole), len(level.getvalue())))
        whole += level.getvalue()
    file.write_bytes(whole)
    smaller = tuple(Smaller(min(size), span) for size, span in zip(sizes[1:], spans[1:], strict=True))
    rendition = Rendition(file, *sizes[0], span=spans[0], profile=space, smaller=smaller[::-1])
    decoded = read_photo(Job(1, (rendition,)), _SMALL, MAX_PIXELS)
    assert (decoded.problem, decoded.width, decoded.height) == (None, *sizes[0])
    return unpack(decoded.features, decoded.width, decoded.height)


@pytest.mark.parametrize("number", range(11))
def test_a_preview_and_its_original_are_one_picture_from_whichever_level(photo, tmp_path, number):
    picture, _ = photo(number)
    wide, high = (round(side * 2000 / max(picture.size)) for side in picture.size)
    sizes = [(wide // part, high // part) for part in (1, 2, 4)]
    original = described(tmp_path / "original", picture, sizes[:1])
    srgb, adobe = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(icc.profile("AdobeRGB") or b""))
    rendered = ImageCms.profileToProfile(picture, srgb, adobe)
    large, small = (described(tmp_path / "preview", rendered, sizes[1:to], "AdobeRGB") for to in (2, 3))
    assert not np.array_equal(large.gray, small.gray)  # or both came from one level
    for preview in (large, small):
        verdict = verify(original, preview, 0, Sensitivity.STRICT)
        assert verdict is not None
        assert verdict.relation is Relation.RESIZED
    assert np.abs(original.gray.astype(int) - small.gray).mean() < 1
    assert np.abs(original.chroma.astype(int) - small.chroma).mean() < 2
    places = [locate(original, preview) for preview in (large, small)]
    assert all(place is not None and place.points > 50 for place in places)


def test_features_come_back_as_they_were(photo):
    features = describe(photo(0)[0], 500, 375)
    data = pack(features)
    assert len(data) <= 3840
    back = unpack(data, 500, 375)
    assert np.array_equal(back.gray, features.gray)
    assert np.array_equal(back.chroma, features.chroma)
    assert np.array_equal(back.keypoints.bits, features.keypoints.bits)
    assert np.array_equal(back.keypoints.xy, features.keypoints.xy)
    assert pack(back) == data


@given(st.binary(max_size=4000))
def test_any_bytes_are_features_or_a_value_error(data):
    with contextlib.suppress(ValueError):
        assert pack(unpack(data, 4, 3)) == data


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (40, 30), (256, 256)])
@pytest.mark.parametrize("color", ["black", "white"])
def test_pictures_with_nothing_in_them_have_features(size, color):
    features = describe(Image.new("RGB", size, color), *size)
    assert len(features.keypoints.bits) == 0
    assert features.gray.shape == (48, 48)


@pytest.mark.parametrize("size", [(767, 511), (1023, 700), (1500, 1000)])
def test_larger_pictures_are_described_as_smaller_ones(photo, size):
    """However many pixels make up the blocks that are averaged first, and where the last are not full."""
    picture = photo(2)[0].resize(size, Image.Resampling.BICUBIC)
    small = picture.resize((256, 171), Image.Resampling.LANCZOS)
    large, small = describe(picture, 4000, 2667), describe(small, 4000, 2667)
    assert np.abs(large.gray.astype(int) - small.gray).mean() < 1
    assert np.abs(large.chroma.astype(int) - small.chroma).max() <= 4
    place = locate(large, small)
    assert place is not None
    assert place.points > 60
    assert place.deviation < 0.004


@pytest.mark.parametrize(("space", "is_alike"), [("sRGB", True), ("AdobeRGB", True), ("ProPhotoRGB", False)])
@pytest.mark.parametrize("width", [480, 960])
def test_a_picture_is_described_in_its_colours_as_in_srgb(photo, space, is_alike, width):
    """Lightroom's previews in Adobe RGB, whose colours are converted last, beside the same picture converted first."""
    profile = icc.profile(space)
    assert profile
    assert averages_like_srgb(profile) == is_alike
    stored = photo(2)[0].resize((width, width * 3 // 4), Image.Resampling.BICUBIC)
    picture = Picture(stored, profile, 4000, 3000, "JPEG", Facts())
    found, expected = describe_picture(picture), describe(picture.rgb, 4000, 3000)
    assert np.abs(found.gray.astype(int) - expected.gray).mean() < 0.5
    assert np.abs(found.chroma.astype(int) - expected.chroma).max() <= 3
    place = locate(found, expected)
    assert place is not None
    assert place.points > 100
    assert place.deviation < 0.003


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_picture_has_the_turned_hash_and_keypoints(photo, turn):
    picture = photo(1)[0]
    upright = describe(picture, *picture.size)
    pixels = turn_pixels(np.moveaxis(np.asarray(picture), -1, 0), turn)
    image = Image.fromarray(np.ascontiguousarray(np.moveaxis(pixels, 0, -1)))
    turned = describe(image, *image.size)
    expected = hashes(spectra(upright.gray[None]), turn)
    assert distances(expected, hashes(spectra(turned.gray[None])))[0] <= 6
    place = locate(upright, turned, turn)
    assert place is not None
    assert place.points > 60
    assert place.deviation < 0.02


@pytest.mark.parametrize("turn", range(8))
def test_every_turn_is_undone(turn):
    bits = np.random.default_rng(turn).integers(0, 1 << 63, 50, np.uint64)
    pixels = np.arange(12).reshape(3, 4)
    assert np.array_equal(turn_bits(turn_bits(bits, turn), INVERSE[turn]), bits)
    assert np.array_equal(turn_pixels(turn_pixels(pixels, turn), INVERSE[turn]), pixels)
