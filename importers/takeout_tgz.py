"""A .tgz of a Google Takeout: a stream, which can only be read from its beginning, and is read twice.

First for names, JSON and checksums, which may be kept for the next run; then for the pictures, each of which lies in a
temporary folder until it is done with. Only files are taken, whatever their names say; names are never used as paths.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, ClassVar

from importers.base import FileStamp, ImporterError, Rendition
from importers.takeout_json import MAX_JSON_BYTES
from importers.takeout_layout import PartPlace
from importers.takeout_listing import Listed, Listing
from importers.takeout_members import Member as Where
from importers.takeout_members import sort_members
from importers.takeout_names import split_suffix
from importers.takeout_parts import Delivery, Entry, Place
from importers.takeout_stream import Member, Stream, members_of
from importers.takeout_zip import MAX_MEDIA_BYTES

_CHUNK_BYTES = 1 << 20

_Found = tuple[Listed, int]
"""A file, and where it is found: a JSON in the spool, others by their number in the stream."""


class Tgz:
    """A part that is a gzipped tar.

    Attributes:
        stamp: Of all such parts together: they are one stream, in which a JSON may lie far from its picture.
    """

    is_stream: ClassVar[bool] = True

    def __init__(self, place: PartPlace, stamp: FileStamp, spool: IO[bytes], listing: Listing | None = None) -> None:
        """Open a stream; its JSON is kept at the end of `spool`, and what is in it in `listing`."""
        self.path = place.path
        self.stamp = stamp
        self._json = spool
        self._listing = listing

    def entries(self) -> Iterator[Entry]:
        """List the files; that reads the whole stream, unless it is listed as it is."""
        found = self._listed_before()
        is_new = not found
        found = found or self._read_through()
        places = sort_members([listed.name for listed, _ in found])
        if is_new and self._listing:
            self._listing.keep(self._lines(found, places))
        for (listed, place), (folder, name, problem) in zip(found, places, strict=True):
            if folder is not None:
                problem = problem or _problem(listed)
                yield Entry(folder, name, self, listed.size_bytes, self.stamp, Place(offset=place), listed.crc, problem)

    def _listed_before(self) -> list[_Found]:
        """Return what an earlier run has found in the stream; nothing where that is not known for sure."""
        if self._listing:
            with suppress(LookupError):
                return [self._take_json(listed, listed.json.encode("latin-1")) for listed in self._listing.read()]
        return []

    def _read_through(self) -> list[_Found]:
        found: list[_Found] = []
        with self._stream() as members:
            for number, member, file in members:
                kind = "file" if member.isreg() else "link" if member.issym() or member.islnk() else "other"
                is_json = _is_json(member.name)
                crc = _crc_of(file) if kind == "file" and not is_json else None
                json = file.read(min(member.size, MAX_JSON_BYTES)) if is_json else b""
                found.append(self._take_json(Listed(number, member.name, kind, member.size, crc), json))
        return found

    def _take_json(self, listed: Listed, json: bytes) -> _Found:
        if not _is_json(listed.name):
            return listed, listed.number
        place = self._json.seek(0, io.SEEK_END)
        self._json.write(json)
        return listed._replace(json=""), place

    def _lines(self, found: list[_Found], places: list[Where]) -> Iterator[Listed]:
        """Yield what is to be kept: of the JSON that belongs to other products of Google's the name alone."""
        for (listed, place), where in zip(found, places, strict=True):
            json = b""
            if where.folder is not None and listed.kind == "file" and _is_json(listed.name):
                self._json.seek(place)
                json = self._json.read(min(listed.size_bytes, MAX_JSON_BYTES))
            yield listed._replace(json=json.decode("latin-1"))

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


def _is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def _problem(listed: Listed) -> str | None:
    if listed.kind == "link":
        return "it is a link, not a file"
    if listed.kind != "file":
        return "it is a pipe or a device, not a file"
    if listed.size_bytes > MAX_MEDIA_BYTES:
        return f"it is larger than {MAX_MEDIA_BYTES >> 30} GB"
    return None
