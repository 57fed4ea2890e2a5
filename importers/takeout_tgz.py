"""A .tgz of a Google Takeout: a stream, which can only be read from its beginning, and is read twice.

First for names, JSON and checksums; then for the pictures, each of which lies in a temporary folder until it is done
with. Only files are taken, whatever their names say; names are never used as paths.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from importers.base import FileStamp, ImporterError, Rendition
from importers.takeout_json import MAX_JSON_BYTES
from importers.takeout_layout import PartPlace
from importers.takeout_members import sort_members
from importers.takeout_names import split_suffix
from importers.takeout_parts import Delivery, Entry, Place
from importers.takeout_stream import Member, Stream, members_of
from importers.takeout_zip import MAX_MEDIA_BYTES

_CHUNK_BYTES = 1 << 20


class Tgz:
    """A part that is a gzipped tar.

    Attributes:
        stamp: Of all such parts together: they are one stream, in which a JSON may lie far from its picture.
    """

    is_stream: ClassVar[bool] = True

    def __init__(self, place: PartPlace, stamp: FileStamp, spool: IO[bytes]) -> None:
        """Open a stream; its JSON is kept at the end of `spool`."""
        self.path = place.path
        self.stamp = stamp
        self._json = spool

    def entries(self) -> Iterator[Entry]:
        """List the files; that reads the whole stream, and keeps the JSON."""
        found: list[tuple[tarfile.TarInfo, int, int | None]] = []
        with self._stream() as members:
            for number, member, file in members:
                place, crc = number, None
                if member.name.lower().endswith(".json"):
                    place = self._json.seek(0, io.SEEK_END)
                    self._json.write(file.read(min(member.size, MAX_JSON_BYTES)))
                elif member.isreg():
                    crc = _crc_of(file)
                found.append((member, place, crc))
        sorted_members = sort_members([member.name for member, *_ in found])
        for (member, place, crc), where in zip(found, sorted_members, strict=True):
            if where.folder is not None:
                problem = where.problem or _problem(member)
                yield Entry(where.folder, where.name, self, member.size, self.stamp, Place(offset=place), crc, problem)

    def path_of(self, entry: Entry) -> None:
        """Return None: there is no such file."""

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a JSON; empty where it cannot be read."""
        if entry.problem or entry.size_bytes > MAX_JSON_BYTES:
            return b""
        self._json.seek(entry.place.offset)
        return self._json.read(entry.size_bytes)

    def checksum(self, entry: Entry) -> int:
        """Return the CRC-32 that is known already."""
        return entry.crc or 0

    def deliver(self, entries: list[Entry]) -> Iterator[Delivery]:
        """Unpack files as the stream passes them; each goes away when it is done with."""
        wanted = {entry.place.offset: entry for entry in entries}
        room = _Room()
        try:
            with self._stream() as members:
                for number, _, file in members:
                    if (entry := wanted.pop(number, None)) is not None:
                        yield room.unpack(entry, file)
                    if not wanted:
                        return
        finally:
            room.close()

    @contextmanager
    def _stream(self) -> Generator[Iterator[Member]]:
        """Open the stream for one pass.

        Raises:
            ImporterError: It is damaged, which shows only when that place is read.
        """
        try:
            with Stream(self.path, "rb") as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
                yield members_of(archive)
        except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error or "it ends too early"
            raise ImporterError(
                f"{self.path} is damaged or not whole ({str(why).lower()}); download this part again"
            ) from error


class _Room:
    """The temporary folder of one pass; it goes away with the last file in it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="safelight-takeout-")
        self._held: set[Path] = set()
        self._is_closed = False

    def unpack(self, entry: Entry, file: IO[bytes]) -> Delivery:
        """Write a file; the delivery says where it could not be.

        Writes: our own temporary folder.
        """
        suffix = split_suffix(entry.name)[1]
        # The archive's name is only for the suffix's sake, and that is ASCII or nothing.
        path = (
            Path(self._folder.name)
            / f"{entry.place.offset}{suffix if suffix[1:].isalnum() and suffix.isascii() else ''}"
        )
        self._held.add(path)
        try:
            with path.open("xb") as copy:
                while chunk := file.read(_CHUNK_BYTES):
                    copy.write(chunk)
        except OSError as error:
            if isinstance(error, gzip.BadGzipFile):
                raise
            self._release(path)
            why = f"it cannot be unpacked to {self._folder.name} ({error.strerror}); TMPDIR can name another folder"
            return Delivery(entry, Rendition(entry.part.path), problem=why)
        return Delivery(entry, Rendition(path), lambda: self._release(path))

    def close(self) -> None:
        """Take in no more."""
        self._is_closed = True
        self._clean_up()

    def _release(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._held.discard(path)
        self._clean_up()

    def _clean_up(self) -> None:
        if self._is_closed and not self._held:
            self._folder.cleanup()


def _crc_of(file: IO[bytes]) -> int:
    crc = 0
    while chunk := file.read(_CHUNK_BYTES):
        crc = zlib.crc32(chunk, crc)
    return crc


def _problem(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return "it is a link, not a file"
    if not member.isreg():
        return "it is a pipe or a device, not a file"
    if member.size > MAX_MEDIA_BYTES:
        return f"it is larger than {MAX_MEDIA_BYTES >> 30} GB"
    return None
