"""A .zip of a Google Takeout, read where it is: nothing is unpacked, each picture is a span of the archive.

Source: APPNOTE.TXT 6.3.10 (local file headers: 4.3.7).
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, ClassVar

from importers.base import FileStamp, ImporterError, Rendition, Span
from importers.takeout_json import MAX_JSON_BYTES
from importers.takeout_layout import PartPlace
from importers.takeout_members import sort_members
from importers.takeout_parts import Delivery, Entry, Place

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_UTF8 = 0x800
_MOST_INFLATED = 1032
"""Deflate makes no byte into more than this many."""

MAX_MEDIA_BYTES = 1 << 30
"""No picture of Google's is larger."""


class Zip:
    """A part that is a zip."""

    is_stream: ClassVar[bool] = False

    def __init__(self, place: PartPlace) -> None:
        self.path = place.path

    def entries(self) -> Iterator[Entry]:
        """List the archive's table of contents; only that is read."""
        try:
            status = self.path.stat()
            with zipfile.ZipFile(self.path) as archive:
                infos = [info for info in archive.infolist() if not info.is_dir()]
                data_end = archive.start_dir
        except Exception as error:  # zipfile raises nearly anything on damaged files
            raise ImporterError(
                f"{self.path} is damaged or not whole ({_reason(error)}); download this part again"
            ) from error
        stamp = FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)
        overlapping = _overlapping(infos, data_end)
        for info, member in zip(infos, sort_members([_name(info) for info in infos]), strict=True):
            if member.folder is None:
                continue
            problem = member.problem or _problem(info)
            if problem is None and info.header_offset in overlapping:
                problem = "it lies over another file in the zip, as in no zip of Google's"
            is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
            place = Place(offset=info.header_offset, stored_bytes=info.compress_size, deflated=is_deflated)
            yield Entry(member.folder, member.name, self, info.file_size, stamp, place, info.CRC, problem)

    def path_of(self, entry: Entry) -> None:
        """Return None: there is no such file."""

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a JSON; empty where it cannot be read."""
        if entry.problem or entry.size_bytes > MAX_JSON_BYTES:
            return b""
        try:
            with self.path.open("rb") as file:
                span = _span(file, entry)
                file.seek(span.offset_bytes)
                stored = file.read(span.length_bytes)
                return zlib.decompressobj(-15).decompress(stored, MAX_JSON_BYTES) if span.deflated else stored
        except (OSError, ValueError, zlib.error):
            return b""

    def checksum(self, entry: Entry) -> int:
        """Return the CRC-32 that is known already."""
        return entry.crc or 0

    def deliver(self, entries: list[Entry]) -> Iterator[Delivery]:
        """Find where each file's bytes begin; that takes 30 bytes of each."""
        with self.path.open("rb") as file:
            for entry in entries:
                try:
                    yield Delivery(entry, Rendition(self.path, span=_span(file, entry)))
                except (OSError, ValueError) as error:
                    yield Delivery(entry, Rendition(self.path), problem=f"the zip is damaged: {error}")


def _span(file: BinaryIO, entry: Entry) -> Span:
    """Read a file's own header, whose length the table of contents does not tell.

    Raises:
        ValueError: There is no such header.
    """
    place = entry.place
    file.seek(place.offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_SIGNATURE):
        raise ValueError("its table of contents leads to no file")
    *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    return Span(place.offset + _LOCAL_HEADER.size + name_bytes + extra_bytes, place.stored_bytes, place.deflated)


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; programs forget to say that theirs are UTF-8."""
    if not info.flag_bits & _UTF8:
        with suppress(UnicodeError):
            return info.orig_filename.encode("cp437").decode("utf-8")
    return info.orig_filename


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Tell what a table of contents says that keeps a member from being read."""
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link, not a file"
    if info.flag_bits & _ENCRYPTED:
        return "it is locked with a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in a way that is not read"
    longest = info.compress_size if info.compress_type == zipfile.ZIP_STORED else _MOST_INFLATED * info.compress_size
    if info.file_size > longest:
        return "the zip states a length that the file cannot have"
    if info.file_size > MAX_MEDIA_BYTES:
        return f"it is larger than {MAX_MEDIA_BYTES >> 30} GB"
    return None


def _overlapping(infos: list[zipfile.ZipInfo], data_end: int) -> set[int]:
    """Return the offsets of members that reach into another, or beyond where members may lie."""
    found: set[int] = set()
    last, reach = -1, 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        # The least that it takes: its own header may be longer than that in the table.
        end = info.header_offset + _LOCAL_HEADER.size + info.compress_size
        if info.header_offset < reach:
            found |= {last, info.header_offset}
        if end > data_end:
            found.add(info.header_offset)
        if end > reach:
            last, reach = info.header_offset, end
    return found


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
