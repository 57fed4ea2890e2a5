"""A gzipped tar as a stream, read from its beginning only; a hostile one takes no memory for it."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from importers.takeout_json import MAX_JSON_BYTES

_LONGEST_READ_BYTES = MAX_JSON_BYTES  # at once; tarfile would take a header of any length whole
_BEGINNING_BYTES = 16 << 20  # unpacked, about a tenth of a second

Member = tuple[int, tarfile.TarInfo, IO[bytes]]
"""A file with its number in the stream; its bytes can be read until the next one."""


class Stream(gzip.GzipFile):
    """What tarfile reads from: a header that claims to be a gigabyte long is not taken into memory."""

    def read(self, size: int | None = -1) -> bytes:
        """Return so many unpacked bytes, where that is no more than any real header or piece of a file."""
        if size is None or not 0 <= size <= _LONGEST_READ_BYTES:
            raise tarfile.ReadError("a header in it is longer than any")
        return super().read(size)


def members_of(archive: tarfile.TarFile) -> Iterator[Member]:
    """Yield the files of a tar, and what else is no folder, as they come."""
    number = 0
    while (member := archive.next()) is not None:
        archive.members = []  # it would keep them all  # pyright: ignore[reportAttributeAccessIssue]
        number += 1
        if not member.isdir():
            file = archive.extractfile(member) if member.isreg() else None
            yield number, member, file or io.BytesIO()


def names_at_the_beginning(path: Path) -> Iterator[str]:
    """Yield the names of the first files, as far as they can be had without unpacking much.

    Raises:
        tarfile.TarError, EOFError, zlib.error, OSError, ValueError: The stream is damaged, or none.
    """
    with Stream(path, "rb") as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
        for _, member, _ in members_of(archive):
            yield member.name
            if member.offset_data + member.size > _BEGINNING_BYTES:
                return
