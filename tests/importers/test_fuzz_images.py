"""Any bytes give a picture or an ImageProblem, nothing else.

HEIC is fuzzed in the decoders' tests, in processes that may die: pi_heif 1.4.0 has bytes that end the process.
"""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from importers.formats import HEAD_BYTES, Format, sniff
from importers.images import ImageProblem, open_upright


@pytest.fixture(scope="module")
def seeds(scene, encode, request):
    """A small real file of each kind."""
    small = scene.resize((60, 40))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Canon"
    seeds = [
        encode(small, "JPEG", exif=exif),
        encode(small, "JPEG", progressive=True),
        encode(small.convert("CMYK"), "JPEG"),
        encode(small, "PNG", exif=exif),
        encode(small.convert("P"), "PNG", transparency=3),
        encode(small, "PNG", save_all=True, append_images=[small.rotate(90)]),
        encode(small, "WEBP", exif=exif),
        encode(small, "GIF"),
        encode(small, "BMP"),
        encode(small, "TIFF", exif=exif),
        encode(small, "TIFF", compression="tiff_lzw"),
        encode(small, "TIFF", compression="jpeg"),
        encode(small.convert("F"), "TIFF"),
        encode(small, "JPEG2000"),
        encode(small, "PPM"),
        encode(small, "AVIF"),
        encode(small, "MPO", save_all=True, append_images=[small]),
    ]
    with contextlib.suppress(pytest.skip.Exception):  # without samples the generated ones serve
        folder: Path = request.getfixturevalue("samples") / "images"
        seeds += [
            (folder / "heic" / "heif" / name).read_bytes() for name in ("RGB_8__29x100.heif", "LA_8__29x100.heif")
        ]
        seeds += [path.read_bytes() for path in sorted((folder / "exif" / "jpg" / "invalid").glob("*.jpg"))]
    return seeds


def read(data: bytes) -> None:
    try:
        picture = open_upright(data, min_edge=16, max_pixels=4_000_000)
    except ImageProblem as caught:
        problem = caught
    else:
        assert picture.rgb.mode == "RGB"
        assert picture.width * picture.height <= 4_000_000
        return
    assert problem.kind in ("skipped", "failed")
    assert str(problem)
    assert "\n" not in str(problem)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files(seeds, data):
    broken = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(0, 10))):
        near_start = data.draw(st.booleans())  # where headers stand
        position = data.draw(st.integers(0, min(len(broken), 300 if near_start else len(broken)) - 1))
        broken[position] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del broken[data.draw(st.integers(0, len(broken))) :]
    read(bytes(broken))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    read(data)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"II*\0",
            b"MM\0*",
            b"GIF89a",
            b"RIFFaaaaWEBP",
            b"\0\0\0\x20ftypavif",
            b"P6 9 9 ",
            b"BM",
        ]
    ),
    st.binary(max_size=120),
)
def test_any_bytes_after_a_signature(signature, data):
    read(signature + data)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=HEAD_BYTES))
def test_sniffing_any_bytes(head):
    assert sniff(head) is None or isinstance(sniff(head), Format)
