"""The AgHg container: a run of named sections, of which only the headers are read. The layout stands in layout.py."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lrprev.errors import LrprevError
from lrprev.layout import MAX_SECTION_HEAD_BYTES, MAX_SECTIONS, SECTION_HEAD, SECTION_MAGIC
from lrprev.source import Peek


class Section(NamedTuple):
    """Where one section of a container lies; its data are not read."""

    name: str
    version: int
    offset_bytes: int
    header_bytes: int
    data_bytes: int
    padding_bytes: int

    @property
    def data_offset(self) -> int:
        """Offset of the data in the file, in bytes."""
        return self.offset_bytes + self.header_bytes

    @property
    def data_end(self) -> int:
        """Offset of the first byte after the data."""
        return self.data_offset + self.data_bytes

    @property
    def end(self) -> int:
        """Offset of the first byte after the padding: of the next section, or the end of the file."""
        return self.data_end + self.padding_bytes


def walk(peek: Peek, end: int) -> Iterator[Section]:
    """Yield each section of a container in the order of the file, reading only their headers.

    Args:
        peek: Looks into the file.
        end: Its length in bytes.

    Raises:
        LrprevError: A section does not start with AgHg, is longer than the file, or there are too many.
    """
    offset = 0
    for _ in range(MAX_SECTIONS):
        section = read_section_header(peek, offset)
        section_end = section.end
        if section_end > end:
            raise LrprevError(
                offset, f"section {section.name!r} to end at byte {section_end}", f"a file of {end} bytes"
            )
        yield section
        offset = section_end
        if offset == end:
            return
    raise LrprevError(offset, f"at most {MAX_SECTIONS} sections", "more")


def read_section_header(peek: Peek, offset_bytes: int) -> Section:
    """Read the section header at an offset; its data may lie beyond the end of the file.

    Raises:
        LrprevError: There is no section header.
    """
    head = peek(offset_bytes, MAX_SECTION_HEAD_BYTES)  # with the name: a read each would take twice as long
    if len(head) < SECTION_HEAD.size:
        raise _cut(offset_bytes, "a section header", SECTION_HEAD.size, head)
    magic, header_bytes, version, _, data_bytes, padding_bytes = SECTION_HEAD.unpack_from(head)
    if magic != SECTION_MAGIC:
        raise LrprevError(offset_bytes, "a section that starts with AgHg", magic)
    if not SECTION_HEAD.size < header_bytes <= MAX_SECTION_HEAD_BYTES:
        raise LrprevError(
            offset_bytes + 4, f"a header of {SECTION_HEAD.size + 1} to {MAX_SECTION_HEAD_BYTES} bytes", header_bytes
        )
    name_offset = offset_bytes + SECTION_HEAD.size
    name = head[SECTION_HEAD.size : header_bytes]
    if len(head) < header_bytes:
        raise _cut(name_offset, "a section name", header_bytes - SECTION_HEAD.size, name)
    text = _text(name)
    if not text:
        raise LrprevError(name_offset, "a section name in ASCII", name)
    return Section(text, version, offset_bytes, header_bytes, data_bytes, padding_bytes)


@lru_cache(maxsize=256)  # all previews have the same
def _text(name: bytes) -> str:
    """Return a section's name; empty where it is none."""
    text = name.split(b"\0", 1)[0].decode("latin-1")
    return text if text.isascii() and text.isprintable() else ""


def _cut(offset_bytes: int, what: str, wanted_bytes: int, found: bytes) -> LrprevError:
    return LrprevError(offset_bytes, f"{what} ({wanted_bytes} bytes)", f"only {len(found)} bytes before the end")
