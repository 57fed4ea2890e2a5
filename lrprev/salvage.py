"""Damaged previews: every level that is still whole, how sure that is, and what was done to find it."""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from lrprev import jpeg, pyramid
from lrprev.container import Section, read_section_header
from lrprev.errors import LrprevError
from lrprev.layout import (
    APP1,
    EXIF_MAGIC,
    HEADER_SECTION,
    HEADER_TEXT_END,
    HEADER_TEXT_START,
    MAX_HEADER_BYTES,
    MAX_SECTION_HEAD_BYTES,
    MAX_SECTIONS,
    MAX_SEGMENT_BYTES,
    SECTION_MAGIC,
    SOI,
)
from lrprev.preview import Confidence, Level, Preview, by_size, level_number, read_preview
from lrprev.pyramid import Pyramid
from lrprev.source import Source, bytes_of, open_source

_MAX_PROBLEMS = 32
_MAX_HEADERS_TRIED = 4


class Whole(NamedTuple):
    """The largest level of a preview whose JPEG is whole.

    Attributes:
        view: The bytes as they are stored, in what was read anyway: a picture may be many megabytes.
        passed_over: Why larger levels were not taken, a line each.
    """

    level: Level
    view: memoryview
    passed_over: tuple[str, ...]

    @property
    def jpeg(self) -> bytes:
        """The bytes as they are stored, on their own."""
        return bytes(self.view)


def read_or_salvage(source: Source) -> Preview:
    """Read a preview, and where it is damaged search it for levels; `problems` then says so.

    Raises:
        LrprevError: There is nothing in it that looks like a level.
        OSError: The file cannot be read.
    """
    try:
        return read_preview(source)
    except LrprevError as damage:
        # All inside the handler: an exception kept in a variable would keep the whole file in memory for a while.
        try:
            salvaged = salvage(source)
        except LrprevError:
            raise damage from None
        return salvaged._replace(problems=(f"damaged: {damage}", *salvaged.problems))


def salvage(source: Source) -> Preview:
    """Search a damaged preview for every JPEG that is whole, trusting nothing that its headers say of places.

    Reads the whole file into memory.

    Raises:
        LrprevError: There is no whole JPEG in it.
        OSError: The file cannot be read.
    """
    with open_source(source) as stream:
        data = stream.read()
    header = _find_pyramid(data)
    problems: list[str] = []
    found = _carve(data, source, header, problems)
    levels = heapq.nlargest(MAX_SECTIONS, found, key=lambda level: level.width * level.height)
    if not levels:
        raise LrprevError(0, "at least one whole JPEG", "; ".join(problems) or "none")
    if not header:
        problems.append("the header is lost: colour profile and full size are not known")
    problems.append(f"{len(levels)} levels found by searching for whole JPEGs")
    return Preview(header, by_size(levels), tuple(problems))


def header_of(source: Source) -> Pyramid | None:
    """Read what a file's header says where nothing else in it can be read; None where it has none.

    Raises:
        LrprevError: It is not an ordinary file.
        OSError: The file cannot be read.
    """
    with open_source(source) as stream:
        return _find_pyramid(stream.read())


def largest_whole(preview: Preview) -> Whole:
    """Read the largest level whose structure is whole from its first byte to its last.

    Levels that only may belong to the preview come after all others.

    Raises:
        LrprevError: None is whole.
        OSError: The file cannot be read.
    """
    passed_over: list[str] = []
    largest_first = preview.levels[::-1]
    best_first = sorted(largest_first, key=lambda level: level.confidence is Confidence.POSSIBLE)
    for level in best_first:
        data, start = (level.source, level.offset_bytes) if isinstance(level.source, bytes) else (level.read(), 0)
        is_sound = level.confidence is Confidence.SURE and preview.is_sound
        if is_sound and jpeg.seems_whole(data, start, start + level.length_bytes):
            return Whole(level, memoryview(data)[start : start + level.length_bytes], tuple(passed_over))
        try:
            end = jpeg.check(data, start).end
        except LrprevError as error:
            in_file = LrprevError(level.offset_bytes + error.offset - start, error.expected, error.got)
            passed_over.append(f"{level.name} is damaged: {in_file}")
            continue
        if end - start != level.length_bytes and level.number is not None:
            message = f"its picture ends at byte {end - start} of {level.length_bytes}"
            passed_over.append(f"{level.name} is damaged: {message}")
            continue
        return Whole(level, memoryview(data)[start:end], tuple(passed_over))
    raise LrprevError(0, "at least one whole level", "; ".join(passed_over) or "no levels")


def _find_pyramid(data: bytes) -> Pyramid | None:
    """Read the header in its section or, where that is damaged, from where its text starts."""
    for offset, text in _header_texts(data):
        with suppress(LrprevError):
            return pyramid.parse(text, offset)
    return None


def _header_texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what may be the header's text, and its offset: of the first few header sections, then of bare text."""
    sections = (_section_at(data, offset) for offset in _find_all(data, SECTION_MAGIC))
    headers = (section for section in sections if section and section.name == HEADER_SECTION)
    for section in islice(headers, _MAX_HEADERS_TRIED):
        if section.data_bytes <= MAX_HEADER_BYTES:
            yield section.data_offset, data[section.data_offset : section.data_end]
    start = data.find(HEADER_TEXT_START)
    end = data.find(HEADER_TEXT_END, start, start + MAX_HEADER_BYTES)
    if 0 <= start < end:
        yield start, data[start : end + len(HEADER_TEXT_END)]


def _carve(data: bytes, source: Source, header: Pyramid | None, problems: list[str]) -> Iterator[Level]:
    """Yield each whole JPEG, first byte to last, and note those that are not."""
    offset = data.find(SOI)
    while offset >= 0:
        anchor = _section_before(data, offset)
        try:
            picture = jpeg.check(data, offset)
        except LrprevError as error:
            if anchor and len(problems) < _MAX_PROBLEMS:
                problems.append(f"{_name(anchor, header)} is damaged: {error}")
            offset = data.find(SOI, _after_failure(data, offset))
            continue
        yield _level(picture, offset, anchor, source, header)
        offset = data.find(SOI, picture.end)


def _level(picture: jpeg.Picture, offset: int, anchor: Section | None, source: Source, header: Pyramid | None) -> Level:
    width, height = picture.frame.width, picture.frame.height
    length = picture.end - offset
    placed = anchor is not None and anchor.data_bytes == length
    sizes = header.levels if header else ()
    listed = next((size for size in sizes if (size.width, size.height) == (width, height)), None)
    if listed and placed:
        confidence = Confidence.SURE
    elif listed or (not sizes and (placed or picture.restarts_counted)):
        confidence = Confidence.LIKELY
    else:
        confidence = Confidence.POSSIBLE
    number = level_number(anchor.name) if anchor else None
    if number is None and listed:
        number = listed.number
    return Level(width, height, number, offset, length, confidence, source)


def _name(section: Section, header: Pyramid | None) -> str:
    """Name a damaged level, with the size that the header gives it."""
    number = level_number(section.name)
    sizes = [f" ({size.width}x{size.height})" for size in (header.levels if header else ()) if size.number == number]
    return f"level {number}{''.join(sizes[:1])}" if number is not None else section.name


def _section_before(data: bytes, offset: int) -> Section | None:
    """Find the section header that ends just where a JPEG starts."""
    start = data.rfind(SECTION_MAGIC, max(0, offset - MAX_SECTION_HEAD_BYTES), offset)
    section = _section_at(data, start) if start >= 0 else None
    return section if section and section.data_offset == offset else None


def _section_at(data: bytes, offset: int) -> Section | None:
    try:
        return read_section_header(bytes_of(data), offset)
    except LrprevError:
        return None


def _find_all(data: bytes, what: bytes) -> Iterator[int]:
    offset = data.find(what)
    while offset >= 0:
        yield offset
        offset = data.find(what, offset + 1)


def _after_failure(data: bytes, offset: int) -> int:
    """Tell where to go on searching after a broken JPEG, so that what its sound segments hold is passed over.

    The segment before the break is the one whose length cannot be trusted: its payload is searched, unless it is EXIF
    and so may hold a thumbnail, which is not a level. Nothing before it is, so that the search stays linear.
    """
    last = offset
    try:
        for segment in jpeg.walk(data, offset):
            last = segment.offset_bytes
    except LrprevError as error:
        suspects = (last, error.offset)
    else:
        return last + 2
    for start in suspects:
        if data[start : start + 2] == APP1 and data.startswith(EXIF_MAGIC, start + 4):
            section = data.find(SECTION_MAGIC, start, start + 2 + MAX_SEGMENT_BYTES)
            return section if section >= 0 else start + 2 + MAX_SEGMENT_BYTES
    return last + 2
