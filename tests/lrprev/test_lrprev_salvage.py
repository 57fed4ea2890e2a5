"""Damage: whatever is left whole is found, nothing else is, and the report says what happened and how sure it is."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lrprev import (
    Confidence,
    LrprevError,
    Pyramid,
    jpeg,
    largest_whole,
    pyramid,
    read_or_salvage,
    read_preview,
    salvage,
)
from lrprev.layout import EOI

Sizes = list[tuple[int, int]]


def sizes(preview: object) -> Sizes:
    return [(level.width, level.height) for level in preview.levels]


def test_a_sound_real_file_reads_the_same_by_walking_and_by_searching(real_previews: list[Path]) -> None:
    for path in real_previews:
        read = read_preview(path)
        assert read.problems == ()
        assert read.coverage == 1
        assert all(level.confidence is Confidence.SURE for level in read.levels)
        assert [(size.number, size.width, size.height) for size in read.pyramid.levels] == [
            (level.number, level.width, level.height) for level in read.levels
        ]
        assert salvage(path).levels == read.levels
        assert all(jpeg.check(level.read()).restarts_counted for level in read.levels)


def test_a_real_file_cut_anywhere_gives_the_largest_level_before_the_cut(real_previews: list[Path]) -> None:
    path = real_previews[0]
    data, levels = path.read_bytes(), read_preview(path).levels
    ends = [level.offset_bytes + level.length_bytes for level in levels]
    cuts = {cut for end in ends for cut in (end - 1, end, end + 1, end + 40)}
    cuts |= set(random.Random(1).sample(range(ends[0], len(data)), 60))
    for cut in sorted(cut for cut in cuts if ends[0] <= cut < len(data)):
        whole = [level for level, end in zip(levels, ends, strict=True) if end <= cut]
        preview = read_or_salvage(data[:cut])
        best = largest_whole(preview)
        assert [level.length_bytes for level in preview.levels] == [level.length_bytes for level in whole]
        assert best.jpeg == whole[-1].read()
        assert best.level.confidence is Confidence.SURE
        # A cut just after a whole section cannot be told from a file that never had more: nothing to report then.
        assert preview.problems or len(sizes(preview)) < len(levels)


def test_a_cut_before_the_first_level_ends_is_an_error(generated: bytes) -> None:
    first = read_preview(generated).levels[0]
    for cut in range(0, first.offset_bytes + first.length_bytes, 7):
        with pytest.raises(LrprevError):
            read_or_salvage(generated[:cut])


def test_the_report_names_what_was_lost(generated: bytes) -> None:
    preview = read_or_salvage(generated[:-100])
    assert preview.problems[0].startswith("damaged: at byte ")
    assert re.match(
        r"level 3 \(240x160\) is damaged: at byte \d+: expected an end-of-image marker", preview.problems[1]
    )
    assert preview.problems[-1] == "2 levels found by searching for whole JPEGs"


@pytest.mark.parametrize("lost_bytes", [1, 4, 32, 33])
def test_a_lost_start_costs_nothing_while_the_headers_text_is_there(generated: bytes, lost_bytes: int) -> None:
    sound = read_preview(generated)
    for damaged in (bytes(lost_bytes) + generated[lost_bytes:], generated[lost_bytes:]):
        preview = read_or_salvage(damaged)
        assert preview.pyramid == sound.pyramid
        assert {level.confidence for level in preview.levels} == {Confidence.SURE}
        assert largest_whole(preview).jpeg == largest_whole(sound).jpeg


def test_a_lost_header_still_gives_every_level(generated: bytes) -> None:
    preview = read_or_salvage(bytes(300) + generated[300:])
    assert sizes(preview) == sizes(read_preview(generated))
    assert [level.number for level in preview.levels] == [1, 2, 3]
    assert preview.pyramid is None
    assert "the header is lost: colour profile and full size are not known" in preview.problems
    assert {level.confidence for level in preview.levels} == {Confidence.LIKELY}


def test_a_lost_section_header_still_gives_its_level(generated: bytes) -> None:
    second = read_preview(generated).levels[1]
    data = generated[: second.offset_bytes - 32] + bytes(32) + generated[second.offset_bytes :]
    preview = read_or_salvage(data)
    assert [(level.number, level.confidence) for level in preview.levels] == [
        (1, Confidence.SURE),
        (2, Confidence.LIKELY),  # by its size, which the header lists
        (3, Confidence.SURE),
    ]


def test_a_wrong_section_length_does_not_hide_the_levels_behind_it(generated: bytes) -> None:
    first = read_preview(generated).levels[0]
    at = first.offset_bytes - 32 + 8
    for length in (0, 5, first.length_bytes + 1000, 2**64 - 1):
        data = generated[:at] + length.to_bytes(8) + generated[at + 8 :]
        assert sizes(read_or_salvage(data)) == sizes(read_preview(generated))


def test_a_level_with_a_hole_is_passed_over_when_it_is_read(generated: bytes) -> None:
    third = read_preview(generated).levels[2]
    middle = third.offset_bytes + third.length_bytes // 2
    data = generated[:middle] + bytes(2000) + generated[middle + 2000 :]
    preview = read_or_salvage(data)
    assert preview.problems == ()  # the headers are sound, and no more than headers was read
    whole = largest_whole(preview)
    assert (whole.level.width, whole.level.height) == (120, 80)
    assert whole.passed_over[0].startswith("level 3 (240x160) is damaged: at byte ")


def test_a_level_of_another_preview_spliced_in_is_only_possible(
    generated: bytes, make_jpeg: Callable[..., bytes], make_container: Callable[..., bytes]
) -> None:
    other = make_container([(make_jpeg(300, 200), 300, 200)], uuid="FFFFFFFF-0000-4000-8000-00000000FFFF")
    stranger = read_preview(other).levels[0]
    preview = read_or_salvage(generated[:-100] + other[stranger.offset_bytes - 32 :])
    assert preview.levels[-1].confidence is Confidence.POSSIBLE
    assert (largest_whole(preview).level.width, largest_whole(preview).level.height) == (120, 80)


@pytest.fixture(scope="module")
def thumbnail(make_jpeg: Callable[..., bytes]) -> bytes:
    return make_jpeg(160, 120, restart_marker_rows=1)


@pytest.fixture(scope="module")
def with_exif(thumbnail: bytes, make_jpeg: Callable[..., bytes], make_container: Callable[..., bytes]) -> bytes:
    small = make_jpeg(120, 80)
    large = make_jpeg(240, 160, exif_thumbnail=thumbnail, restart_marker_rows=1)
    assert large.count(b"\xff\xd8\xff") == 2
    return make_container([(small, 120, 80), (large, 240, 160)])


class TestThumbnailsInExif:
    """A thumbnail inside a picture is part of that picture."""

    def test_sound(self, with_exif: bytes) -> None:
        assert sizes(read_preview(with_exif)) == sizes(salvage(with_exif)) == [(120, 80), (240, 160)]

    def test_cut_anywhere_after_it(self, with_exif: bytes, thumbnail: bytes) -> None:
        first, last = with_exif.index(thumbnail), with_exif.rindex(EOI) + 1  # what is behind that is padding
        for cut in (*range(first, last, 97), last):
            assert sizes(read_or_salvage(with_exif[:cut])) == [(120, 80)]

    def test_bytes_lost_behind_it(self, with_exif: bytes, thumbnail: bytes) -> None:
        start = with_exif.rindex(b"\xff\xd2")
        lost = with_exif[:start] + with_exif[with_exif.rindex(b"\xff\xd5") :]
        assert lost.count(thumbnail) == 1
        assert sizes(read_or_salvage(lost)) == [(120, 80)]

    def test_the_length_of_its_segment_damaged(self, with_exif: bytes) -> None:
        at = with_exif.index(b"\xff\xe1") + 2
        for length in (b"\0\0", b"\0\x40", b"\xff\xff"):
            assert sizes(read_or_salvage(with_exif[:at] + length + with_exif[at + 2 :])) == [(120, 80)]

    def test_a_plain_picture_cut_is_an_error_and_not_its_thumbnail(
        self, thumbnail: bytes, make_jpeg: Callable[..., bytes]
    ) -> None:
        picture = make_jpeg(240, 160, exif_thumbnail=thumbnail)
        for cut in (picture.index(thumbnail) + len(thumbnail), len(picture) // 2, len(picture) - 1):
            with pytest.raises(LrprevError):
                read_or_salvage(picture[:cut])


def test_largest_means_by_size_and_not_by_place_or_name(generated: bytes, make_section: Callable[..., bytes]) -> None:
    header_end = read_preview(generated).levels[0].offset_bytes - 32
    jpegs = [level.read() for level in read_preview(generated).levels]
    largest_first = [make_section(f"level_{n}", data) for n, data in enumerate(reversed(jpegs), start=1)]
    preview = read_preview(generated[:header_end] + b"".join(largest_first))
    assert sizes(preview) == [(60, 40), (120, 80), (240, 160)]
    assert [level.number for level in preview.levels] == [3, 2, 1]
    assert largest_whole(preview).jpeg == jpegs[-1]
    assert preview.levels[-1].confidence is Confidence.LIKELY  # the header gives level 1 another size


def test_a_hostile_file_costs_no_more_than_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains of segments that all break at the end must not be walked again from each of their links."""
    read, steps = jpeg._read_segment, 0

    def counted(*arguments: object) -> object:
        nonlocal steps
        steps += 1
        return read(*arguments)

    monkeypatch.setattr(jpeg, "_read_segment", counted)
    soi, app0 = b"\xff\xd8", b"\xff\xe0\0\x02"
    scan = b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0"
    for data in (
        soi * 20_000,
        soi + app0 * 10_000,
        (soi + app0) * 6_000,
        soi + (b"\xff\xe1\0\x0c" + soi + app0 * 2) * 3_000,
        soi + scan + (b"\xff\xe1\0\x08" + soi + app0) * 4_000,
        (soi + scan) * 1_500,
        b"AgHg\0\x20\0\0" * 5_000,
    ):
        steps = 0
        with pytest.raises(LrprevError):
            salvage(data)
        assert steps <= len(data)


def test_a_file_of_countless_headers_is_not_parsed_for_each(
    monkeypatch: pytest.MonkeyPatch, make_section: Callable[..., bytes], generated: bytes
) -> None:
    parse, parsed = pyramid.parse, 0

    def counted(text: bytes, offset_bytes: int = 0) -> Pyramid:
        nonlocal parsed
        parsed += 1
        return parse(text, offset_bytes)

    monkeypatch.setattr(pyramid, "parse", counted)
    assert len(salvage(make_section("header", b"pyramid = {") * 100 + generated).levels) == 3
    assert parsed <= 5
