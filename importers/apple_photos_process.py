"""The process that reads a Photos library, seen from ours: started, followed line by line, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO

from importers.base import ImporterError, Options
from importers.extras import how_to_add, upgrade

_PAUSE_S = 0.02
_LAST_WORDS_BYTES = 2000


class ReaderProcess:
    """One reading of a library. A context manager; leaving it ends the process, whatever that is doing.

    What the process finds it writes to a file, not into a pipe: so it need not keep a whole library in memory until
    the last photo is embedded, hours later.
    """

    def __init__(self, library: Path, clone: Path, folder: Path, options: Options) -> None:
        """Prepare.

        Args:
            library: The real one, where the pictures are.
            clone: Where its databases are going to be copied to.
            folder: For temporary files, the clone among them; removed once they have been read, or where our process
                dies.
            options: How the library is to be read.
        """
        self._library, self._folder = library, folder
        self._settings = json.dumps(
            {
                "library": str(library),
                "clone": str(clone),
                "folder": str(folder),
                "include": sorted(options.include),
                "originals": options.originals,
            }
        )
        self._open = ExitStack()

    def __enter__(self) -> ReaderProcess:
        rows = self._folder / "photos.jsonl"
        written = self._open.enter_context(rows.open("wb"))
        self._rows: BinaryIO = self._open.enter_context(rows.open("rb"))
        rows.unlink()  # it goes on without a name, and leaves nothing behind wherever we are killed
        self._errors: IO[bytes] = self._open.enter_context(tempfile.TemporaryFile())
        try:
            self._process = subprocess.Popen(
                # -P: a folder that happens to hold an osxphotos.py must not be imported from.
                [sys.executable, "-P", "-m", "importers.apple_photos_reader", self._settings],
                stdin=subprocess.PIPE,
                stdout=written,
                stderr=self._errors,
                env=os.environ | {"TMPDIR": str(self._folder)},  # osxphotos makes temporary files of its own
                process_group=0,  # Ctrl-C in the terminal is ours alone
            )
        except OSError as error:
            self._open.close()
            why = (error.strerror or str(error)).lower()
            raise ImporterError(f"the process that reads {self._library} cannot be started: {why}") from error
        assert self._process.stdin
        self._stdin = self._process.stdin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._open.close()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Have the clone read, and yield the rows as they are written: the count, the photos, the end.

        Raises:
            ImporterError: The library cannot be read.
        """
        with suppress(BrokenPipeError):  # where it has ended by itself, it has left word
            os.write(self._stdin.fileno(), b"\n")
        for line in self._lines():
            row: dict[str, Any] = json.loads(line)
            if "error" in row:
                raise ImporterError(self._message(row))
            yield row
            if "end" in row:
                return
        raise ImporterError(
            f"reading the database of {self._library} ended half-way ({self._last_words()}); try again, and if that"
            f" does not help, upgrade osxphotos: {upgrade('osxphotos')}"
        )

    def _lines(self) -> Iterator[bytes]:
        line = b""
        while True:
            has_ended = self._process.poll() is not None  # looked up first: then nothing is written after the reading
            while piece := self._rows.readline():
                line += piece
                if line.endswith(b"\n"):
                    yield line
                    line = b""
            if has_ended:
                return
            time.sleep(_PAUSE_S)

    def _message(self, row: dict[str, Any]) -> str:
        match row["error"]:
            case "missing":
                how = how_to_add("photos")
                return f"reading a Photos library needs the extra `photos` ({row['detail']}); {how}"
            case "gone":
                return f"{self._library} went away while it was being read; was its drive unplugged?"
            case _:
                return (
                    f"osxphotos {row['version']} does not know how the database of {self._library} is laid out"
                    f" ({row['detail']}); upgrade osxphotos: {upgrade('osxphotos')}"
                )

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _LAST_WORDS_BYTES))
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return said or f"exit status {self._process.returncode}"
