"""One stored preview, read strictly: a container or a plain JPEG, as its content says and never its name."""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from lrprev import jpeg, pyramid
from lrprev.container import Section, walk
from lrprev.errors import LrprevError, NoLevelsError
from lrprev.layout import EOI, HEADER_SECTION, LEVEL_SECTION, MAX_HEADER_BYTES, SECTION_MAGIC, SOI
from lrprev.pyramid import LevelSize, Pyramid
from lrprev.source import Peek, Source, bytes_in, bytes_of, open_source, read_at, size_bytes


class Confidence(StrEnum):
    """How sure it is that a level is a level of this preview, and whole."""

    SURE = "sure"  # it lies where the file says and measures what the header says
    LIKELY = "likely"  # its own structure is whole, and either its place or its size is what the file says
    POSSIBLE = "possible"  # its own structure is whole; nothing in the file vouches for it


class Level(NamedTuple):
    """One stored JPEG.

    Attributes:
        width: Pixels, from the JPEG's own frame header; stored as the camera held it, not yet turned upright.
        height: Pixels, likewise.
        number: N of the section level_N; None for a JPEG that stands alone.
    """

    width: int
    height: int
    number: int | None
    offset_bytes: int
    length_bytes: int
    confidence: Confidence
    source: Source

    def __repr__(self) -> str:
        """Show all but the source, which may be a whole file."""
        shown = zip(self._fields, self[:-1], strict=False)
        return f"Level({', '.join(f'{name}={value!r}' for name, value in shown)})"

    def read(self) -> bytes:
        """Read the JPEG's bytes, exactly as they are stored.

        Raises:
            LrprevError: The file has become shorter.
            OSError: The file cannot be read.
        """
        if isinstance(self.source, bytes):
            return read_at(bytes_of(self.source), self.offset_bytes, self.length_bytes, "a level")
        with open_source(self.source) as stream:
            return read_at(bytes_in(stream), self.offset_bytes, self.length_bytes, "a level")

    @property
    def name(self) -> str:
        """Name the level for people: "level 7 (4272x2848)"."""
        size = f"{self.width}x{self.height}"
        return size if self.number is None else f"level {self.number} ({size})"


class Preview(NamedTuple):
    """The levels of one preview, and what its header says of them.

    Attributes:
        pyramid: None for plain JPEGs and where the header is lost.
        levels: Smallest first, by their real size.
        problems: What is wrong and what was done about it, a line each; empty where nothing is. What is odd in the
            header alone stands in pyramid.problems.
    """

    pyramid: Pyramid | None
    levels: tuple[Level, ...]
    problems: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing at all is wrong or odd, as far as it was read."""
        return not self.problems and not (self.pyramid and self.pyramid.problems)

    @property
    def coverage(self) -> float | None:
        """The largest level's long edge as a part of the full photo's; None where the full size is not known."""
        full = self.pyramid and max(self.pyramid.cropped_width or 0, self.pyramid.cropped_height or 0)
        return max(self.levels[-1].width, self.levels[-1].height) / full if full and self.levels else None


def read_preview(source: Source) -> Preview:
    """Read a preview's headers; no level is read, only its first bytes and its last two.

    Raises:
        LrprevError: It is neither a sound container nor a JPEG from its first byte to its last; `salvage` may help.
        OSError: The file cannot be read.
    """
    if isinstance(source, bytes):
        return _read(bytes_of(source), len(source), source)
    with open_source(source) as stream:
        return _read(bytes_in(stream), size_bytes(stream), source)


def by_size(levels: list[Level]) -> tuple[Level, ...]:
    """Sort levels smallest first."""
    return tuple(sorted(levels, key=lambda level: (level.width * level.height, level.number or 0)))


@lru_cache(maxsize=256)
def level_number(section_name: str) -> int | None:
    """Tell N of "level_N"; None for other sections."""
    match = LEVEL_SECTION.fullmatch(section_name)
    return int(match.group(1)) if match else None


def _read(peek: Peek, end: int, source: Source) -> Preview:
    start = peek(0, len(SECTION_MAGIC))
    if start == SECTION_MAGIC:
        return _read_container(peek, end, source)
    if start.startswith(SOI):
        return Preview(None, (_read_level(peek, source, None, 0, end, ()),))
    raise LrprevError(0, "a preview container (AgHg) or a JPEG", start)


def _read_container(peek: Peek, end: int, source: Source) -> Preview:
    header: Pyramid | None = None
    levels: list[Level] = []
    for section in walk(peek, end):
        number = level_number(section.name)
        if number is not None:
            sizes = header.levels if header else ()
            start = section.offset_bytes + section.header_bytes
            levels.append(_read_level(peek, source, number, start, start + section.data_bytes, sizes))
        elif section.name == HEADER_SECTION and header is None:
            header = _read_pyramid(peek, section)
    if header is None:
        raise LrprevError(0, "a section named header", "none")
    if not levels:
        raise NoLevelsError(0, "a section named level_1", "none")
    return Preview(header, by_size(levels))


def _read_pyramid(peek: Peek, section: Section) -> Pyramid:
    if section.data_bytes > MAX_HEADER_BYTES:
        raise LrprevError(section.offset_bytes + 8, f"a header of at most {MAX_HEADER_BYTES} bytes", section.data_bytes)
    text = read_at(peek, section.data_offset, section.data_bytes, "the header's text")
    return pyramid.parse(text, section.data_offset)


def _read_level(
    peek: Peek, source: Source, number: int | None, start: int, end: int, sizes: tuple[LevelSize, ...]
) -> Level:
    frame = jpeg.read_frame(peek, start, end)
    tail = read_at(peek, end - len(EOI), len(EOI), "the end of a JPEG")
    if tail != EOI:
        raise LrprevError(end - len(EOI), "the end of a JPEG", tail)
    agrees = not sizes or (number or 0, frame.width, frame.height) in sizes
    confidence = Confidence.SURE if agrees else Confidence.LIKELY
    return Level(frame.width, frame.height, number, start, end - start, confidence, source)
