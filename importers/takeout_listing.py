"""What was found in a stream of a Takeout, kept so that it need not be read through again while it has not changed.

A stream has no table of contents, and unpacking 50 GB for its names takes minutes. Here is that table, in a file of our
own: gzipped lines of JSON, the first with the state of the stream, then one for each of its files. It may be deleted.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_FORMAT = 1  # another one where more, or something else, is kept of a file


class Listed(NamedTuple):
    """A file of a stream.

    Attributes:
        number: In the stream.
        name: As it stands there, with its folders.
        kind: "file", "link" or "other".
        crc: CRC-32 of its bytes, where it is no JSON.
        json: Its bytes as Latin-1, where it is a JSON that may describe a photo; empty otherwise.
    """

    number: int
    name: str
    kind: str
    size_bytes: int
    crc: int | None
    json: str = ""


class Listing:
    """The listing of one stream, whether it is kept or not."""

    def __init__(self, folder: Path, stream: Path) -> None:
        """Look at the stream's state before it is read.

        Args:
            folder: Ours; made with the first listing.

        Raises:
            OSError: There is no such stream.
        """
        self._folder, self._stream = folder, stream
        name = hashlib.blake2b(os.fsencode(stream), digest_size=16).hexdigest()
        self._path = folder / f"{name}.gz"
        self._state = self._state_now()

    def read(self) -> Iterator[Listed]:
        """Yield what was found in the stream as it is now.

        Raises:
            LookupError: That is not kept, or not whole.
        """
        try:
            with gzip.open(self._path, "rt", encoding="ascii") as lines:
                if json.loads(lines.readline()) != self._state:
                    raise LookupError("the stream has changed")
                for line in lines:
                    yield Listed(*json.loads(line))
        except (OSError, EOFError, ValueError, TypeError, zlib.error) as error:
            raise LookupError(str(error)) from error

    def keep(self, files: Iterable[Listed]) -> None:
        """Keep what was found, whole or not at all; where it cannot be kept, the stream is read again the next time.

        Writes: the folder.
        """
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            try:
                with (
                    os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
                    gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed,
                    io.TextIOWrapper(packed, encoding="ascii") as lines,
                ):
                    lines.write(json.dumps(self._state) + "\n")
                    lines.writelines(json.dumps(listed) + "\n" for listed in files)
                if self._state_now() == self._state:  # it was not written to meanwhile
                    temporary.replace(self._path)
            finally:
                temporary.unlink(missing_ok=True)

    def _state_now(self) -> list[int]:
        status = self._stream.stat()
        return [_FORMAT, status.st_size, status.st_mtime_ns, status.st_ino]
