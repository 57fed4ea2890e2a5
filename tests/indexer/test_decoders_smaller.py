"""Pictures that are stored once more in fewer pixels: the smallest that serves is decoded."""

import io
from dataclasses import replace

import pytest
from decoder_processes import SPEC, answers
from PIL import Image

from importers.base import Rendition, Smaller, Span
from importers.images import MAX_PIXELS
from indexer.decode_worker import read_photo
from indexer.decoders import DecoderPool, Job


def stored_thrice(path):
    """A file with a large picture, red, and behind it the same in half of the pixels, green, and in a quarter, blue."""
    data, spans = b"AgHg" * 8, []
    for width, height, colour in ((960, 720, "red"), (480, 360, "lime"), (240, 180, "blue")):
        stream = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(stream, "JPEG")
        spans.append(Span(len(data), len(stream.getvalue())))
        data += stream.getvalue()
    path.write_bytes(data)
    large, half, quarter = spans
    return Rendition(path, 960, 720, span=large, smaller=(Smaller(180, quarter), Smaller(360, half)))


def colour_of(decoded):
    return ["red", "green", "blue"][int(decoded.pixels[10, 10].argmax())]


@pytest.mark.parametrize(
    ("short_side", "colour"),
    [(64, "green"), (180, "green"), (181, "red"), (224, "red"), (512, "red")],  # 2 x 128 pixels are for duplicates
)
def test_the_smallest_stored_picture_is_decoded_that_has_twice_the_pixels(tmp_path, short_side, colour):
    spec = replace(SPEC, resize="short_side", short_side=short_side)
    rendition = stored_thrice(tmp_path / "a.lrprev")
    decoded = read_photo(Job(1, (rendition,)), spec, MAX_PIXELS)
    assert colour_of(decoded) == colour
    named = read_photo(Job(1, (replace(rendition, smaller=()),)), spec, MAX_PIXELS)
    assert colour_of(named) == "red"
    assert (decoded.width, decoded.height, decoded.size_bytes) == (960, 720, rendition.span.length_bytes)
    assert (decoded.digest, decoded.stamp, decoded.format) == (named.digest, named.stamp, "JPEG")


def test_pictures_for_people_and_for_comparing_pixels_are_chosen_likewise(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    small, large = (read_photo(Job(1, (rendition,), longest=longest), SPEC, MAX_PIXELS) for longest in (320, 640))
    assert (colour_of(small), colour_of(large)) == ("green", "red")
    whole, plain = (
        read_photo(Job(1, (each,), in_full=True), SPEC, MAX_PIXELS)
        for each in (rendition, replace(rendition, smaller=()))
    )
    assert whole.pixel_digest == plain.pixel_digest != b""


def test_a_smaller_picture_that_is_damaged_costs_nothing(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    quarter, half = rendition.smaller
    for span in (Span(half.span.offset_bytes + 2, 90), Span(half.span.offset_bytes, 90), Span(1 << 30, 90)):
        damaged = replace(rendition, smaller=(quarter, Smaller(360, span)))
        decoded = read_photo(Job(1, (damaged,)), SPEC, MAX_PIXELS)
        assert (decoded.problem, colour_of(decoded)) == (None, "red")


def test_smaller_pictures_of_a_file_that_is_the_picture_are_not_looked_for(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    large = tmp_path / "a.jpg"
    large.write_bytes((tmp_path / "a.lrprev").read_bytes()[32:])
    alone = read_photo(Job(1, (replace(rendition, path=large, span=None),)), SPEC, MAX_PIXELS)
    sizeless = read_photo(Job(1, (replace(rendition, width=None, height=None),)), SPEC, MAX_PIXELS)
    assert (colour_of(alone), colour_of(sizeless)) == ("red", "red")
    assert (sizeless.width, sizeless.height) == (960, 720)


def test_the_orientation_and_the_full_size_hold_for_smaller_pictures(tmp_path):
    rendition = replace(stored_thrice(tmp_path / "a.lrprev"), width=720, height=960, orientation=6)
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job(1, (rendition,)))
        decoded = answers(pool, [1])[1]
    assert (decoded.width, decoded.height, colour_of(decoded)) == (720, 960, "green")
