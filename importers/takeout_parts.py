"""One part of a Google Takeout: what files are in it, and how each is read. A part is only ever read."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from importers.base import FileStamp, ImporterError, Rendition
from importers.formats import worth_a_look
from importers.takeout_json import MAX_JSON_BYTES
from importers.takeout_layout import PartPlace
from importers.takeout_members import google_photos_among
from importers.takeout_names import is_video, normal, split_suffix

_CHUNK_BYTES = 1 << 20
_APPLE_DOUBLE = "._"  # macOS keeps there what a disk or an archive cannot hold of a file
_DEEPEST = 8  # an export has two levels of folders


class Place(NamedTuple):
    """Where a part finds a file.

    Attributes:
        file: Its path, where it is unpacked.
        offset: Of its header in a zip; of the copy of a JSON from a stream; a stream's other files are numbered.
        stored_bytes: Of a zip's file, as it lies there.
        deflated: Whether that is packed.
    """

    file: str = ""
    offset: int = 0
    stored_bytes: int = 0
    deflated: bool = False


_NOWHERE = Place()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A file in a part.

    Attributes:
        folder: "Google Photos/Photos from 2018"; accents composed.
        name: "IMG.jpg"; accents composed.
        part: What it lies in.
        place: Where its part finds it.
        crc: CRC-32 of its bytes, where its part knows it without reading.
        stamp: Of the file, or of the archive that it lies in.
        problem: Why it cannot be read.
    """

    folder: str
    name: str
    part: Part
    size_bytes: int
    stamp: FileStamp
    place: Place = _NOWHERE
    crc: int | None = None
    problem: str | None = None

    @property
    def key(self) -> str:
        """Name it within the export."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def is_json(self) -> bool:
        """Tell whether it describes others."""
        return self.name.lower().endswith(".json") and not self.name.startswith(_APPLE_DOUBLE)

    @property
    def is_video(self) -> bool:
        """Tell whether it moves."""
        return is_video(self.name)

    @property
    def is_media(self) -> bool:
        """Tell whether it is to be counted: a picture or video by its suffix, or without one and not hidden."""
        if self.name.startswith(_APPLE_DOUBLE):
            return False
        suffix = split_suffix(self.name)[1]
        return worth_a_look(suffix) or self.is_video or not (suffix or self.name.startswith("."))

    @property
    def path(self) -> Path | None:
        """Return the file itself; None where it lies in an archive."""
        return self.part.path_of(self)

    @property
    def shown(self) -> str:
        """Say for people where it lies."""
        return str(self.path or f"{self.part.path}: {self.key}")


class Delivery(NamedTuple):
    """A file that is ready to be read."""

    entry: Entry
    rendition: Rendition
    done: Callable[[], None] | None = None
    problem: str | None = None


class Part(Protocol):
    """A part of an export.

    Attributes:
        path: The archive, or the folder that holds the Google Photos folder.
        is_stream: Whether a file must be unpacked to be read.
    """

    path: Path
    is_stream: ClassVar[bool]

    def entries(self) -> Iterator[Entry]:
        """List what may be files of Google Photos, and those whose names lead out of the export, as problems.

        Raises:
            ImporterError: The part, or something in it, cannot be read; what was listed by then counts.
        """
        ...

    def path_of(self, entry: Entry) -> Path | None:
        """Return where a file lies as such."""
        ...

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a JSON; empty where it cannot be read."""
        ...

    def checksum(self, entry: Entry) -> int:
        """Return the CRC-32 of a file's bytes."""
        ...

    def deliver(self, entries: list[Entry]) -> Iterator[Delivery]:
        """Make files readable, one by one, in any order."""
        ...


def of_google_photos(entries: Iterable[Entry], sure: Collection[str]) -> list[Entry]:
    """Return which files of all parts are those of Google Photos; what a part's folder is may show only in another.

    Args:
        sure: Names of folders that are known to be.
    """
    found = list(entries)
    ours = google_photos_among((entry.folder, entry.name) for entry in found) | {normal(name) for name in sure}
    return [entry for entry in found if not entry.folder or entry.folder.partition("/")[0] in ours]


class Tree:
    """A part that was unpacked."""

    is_stream: ClassVar[bool] = False

    def __init__(self, place: PartPlace) -> None:
        self.path = place.path
        self._folder = place.folder

    def entries(self) -> Iterator[Entry]:
        """List the files; links to folders are not followed."""
        folders = [self._folder]
        problem: str | None = None
        while folders:
            folder = folders.pop()
            try:
                found = sorted(os.scandir(self.path / folder), key=lambda entry: entry.name)
            except OSError as error:
                problem = problem or f"{self.path / folder}: {(error.strerror or str(error)).lower()}"
                continue
            for entry in found:
                inner = f"{folder}/{entry.name}"
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if inner.count("/") < _DEEPEST:
                        folders.append(inner)
                else:
                    yield self._entry(folder, entry)
        if problem:
            raise ImporterError(problem)

    def _entry(self, folder: str, entry: os.DirEntry[str]) -> Entry:
        names = normal(folder), normal(entry.name)
        try:
            status = entry.stat()
            problem = None if entry.is_file() else "it is a link to a folder, a pipe or a device, not a file"
        except OSError as error:
            return Entry(*names, self, 0, FileStamp(0, 0, 0), Place(entry.path), problem=(error.strerror or "").lower())
        stamp = FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)
        return Entry(*names, self, status.st_size, stamp, Place(entry.path), problem=problem)

    def path_of(self, entry: Entry) -> Path | None:
        """Return the file."""
        return Path(entry.place.file)

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a JSON; empty where it cannot be read."""
        if entry.problem or entry.size_bytes > MAX_JSON_BYTES:
            return b""
        try:
            with Path(entry.place.file).open("rb") as file:
                return file.read(MAX_JSON_BYTES)
        except OSError:
            return b""

    def checksum(self, entry: Entry) -> int:
        """Read the file and return its CRC-32; -1, which is no file's, where that fails."""
        crc = 0
        try:
            with Path(entry.place.file).open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    crc = zlib.crc32(chunk, crc)
        except OSError:
            return -1 - entry.stamp.inode
        return crc

    def deliver(self, entries: list[Entry]) -> Iterator[Delivery]:
        """Name the files; they lie there."""
        for entry in entries:
            yield Delivery(entry, Rendition(Path(entry.place.file)))
