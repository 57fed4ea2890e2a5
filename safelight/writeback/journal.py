"""What was written back, run by run: DATA/journal/RUN.jsonl, so that it can be undone whatever happens.

A line is on the disk before the file that it tells of is touched, and holds the whole file as it was. So after a kill
at any moment each file is as the line has it before, or as it has it after, and both can be told by their digest.

    {"run": "20260501-101112", "at": "...", "purpose": "tag duplicates", "format": 1}
    {"n": 0, "photo": "4kq7z2m9xb3c", "path": "/p/a.xmp", "before": "...", "content": "eJx...", "after": "..."}
    {"end": "applied" | "undone" | "partly undone" | "interrupted", "at": "...", "counts": {...}}
    {"undo": "..."}            an undo has begun; another "end" follows when it is done
"""

from __future__ import annotations

import base64
import errno
import json
import os
import zlib
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from indexer.lock import ProcessLock
from safelight.durable import sync_folder
from safelight.errors import SafelightError
from safelight.writeback import files

_FORMAT = 1
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that a run was about to write.

    Attributes:
        number: In its run.
        path: The file, as os.fsdecode gives it.
        content: As it was; None where there was none.
        after: The digest of what took its place.
    """

    number: int
    photo_id: str
    path: str
    content: bytes | None
    after: str

    @property
    def before(self) -> str | None:
        """The digest of what was there."""
        return None if self.content is None else files.digest(self.content)


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as it is listed.

    Attributes:
        run: Names it: "20260501-101112".
        at: When it began, ISO 8601 with the zone.
        purpose: For people.
        state: "applied", "undone", "partly undone" (some files were kept or failed), or "interrupted" (killed).
        files: How many files it was about to write.
    """

    run: str
    at: str
    purpose: str
    state: str
    files: int


def writing(home: Path) -> ProcessLock:
    """Let one process write back at a time.

    Raises:
        LockedError: Another one does.
        SafelightError: There can be no journal.

    Writes: the lock file.
    """
    try:
        return ProcessLock(folder(home) / "lock", "writing back")
    except OSError as error:
        raise _cannot_write(folder(home), error) from error


def folder(home: Path) -> Path:
    """Return where journals are kept."""
    return home / "journal"


def temporary(run: str, number: int) -> str:
    """Name the file that is written first, so that it is found again after a kill."""
    return f".safelight-{run}-{number}.part"


class Journal:
    """A run's journal, open for adding to; a context manager, used by who holds the lock."""

    def __init__(self, path: Path) -> None:
        """Open the journal of a run, or begin a new one.

        Raises:
            SafelightError: It cannot be written.

        Writes: the journal.
        """
        self.run = path.stem
        self._path = path
        try:
            self._file = path.open("ab+", buffering=0)
            self._file.seek(0, os.SEEK_END)
            if size := self._file.tell():
                self._file.seek(size - 1)
                if self._file.read(1) != b"\n":  # a kill cut the last line
                    self._file.write(b"\n")
        except OSError as error:
            raise _cannot_write(path, error) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def begin(self, purpose: str) -> None:
        """Write the first line."""
        self._add({"run": self.run, "at": _now(), "purpose": purpose, "format": _FORMAT})

    def about_to_write(self, entry: Entry) -> None:
        """Make what a file holds durable, before it is written.

        Raises:
            SafelightError: The journal cannot be written; then the file must not be, either.

        Writes: the journal.
        """
        content = None if entry.content is None else base64.b64encode(zlib.compress(entry.content, 6)).decode()
        line = {"n": entry.number, "photo": entry.photo_id, "path": entry.path, "before": entry.before}
        self._add({**line, "content": content, "after": entry.after})

    def begin_undo(self) -> None:
        """Write that an undo begins."""
        self._add({"undo": _now()})

    def end(self, state: str, counts: dict[str, int]) -> None:
        """Write the last line."""
        self._add({"end": state, "at": _now(), "counts": counts})

    def _add(self, line: dict[str, Any]) -> None:
        try:
            written = json.dumps(line).encode() + b"\n"
            if self._file.write(written) != len(written):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _cannot_write(self._path, error) from error


def new_journal(home: Path) -> Journal:
    """Begin the journal of a new run; its name is the time.

    Raises:
        SafelightError: It cannot be written.

    Writes: the journal.
    """
    name = datetime.now().strftime("%Y%m%d-%H%M%S")
    number = 1
    while (path := path_of(home, name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    journal = Journal(path)
    sync_folder(path.parent)
    return journal


def entries(path: Path) -> Iterator[Entry]:
    """Yield what a run was about to write, in its order; a line that a kill has cut was never acted upon.

    Raises:
        SafelightError: A line is damaged, or of a later version.
    """
    for line in _lines(path):
        if line.get("format", _FORMAT) != _FORMAT:
            raise SafelightError(f"run {path.stem} was written by a later Safelight; update, then undo it")
        if "n" in line:
            yield _entry(line)


def history(home: Path, photo_ids: Container[str]) -> Iterator[Entry]:
    """Yield what was about to be written for photos, in all runs, oldest first.

    Raises:
        SafelightError: A line is damaged.
    """
    for path in _paths(home):
        yield from (_entry(line) for line in _lines(path) if "n" in line and str(line.get("photo")) in photo_ids)


def runs(home: Path) -> list[Run]:
    """List all runs that were about to write anything, newest first."""
    return [run for run in map(_run, reversed(_paths(home))) if run.files]


def path_of(home: Path, run: str) -> Path:
    """Return the journal of a run."""
    return folder(home) / f"{run}.jsonl"


def sweep(home: Path) -> int:
    """Remove what killed runs left beside the files, and close their journals; return how many were found.

    For who holds the lock: then a run that has no end is one that was killed. What lies on a drive that is away is
    looked for again the next time.

    Writes: journals, and the folders of what they tell of.
    """
    left = 0
    for path in _paths(home):
        if _has_ended(path):
            continue
        all_there = True
        for line in _lines(path):
            if "n" not in line:
                continue
            with suppress(KeyError, TypeError, ValueError):  # a damaged line keeps nobody from writing back
                place = Path(str(line["path"]))
                all_there &= place.parent.is_dir()
                left += files.sweep(place, temporary(path.stem, int(line["n"])))
        if all_there:
            with Journal(path) as journal:
                journal.end("interrupted", {})
    return left


def _paths(home: Path) -> list[Path]:
    return sorted(folder(home).glob("*.jsonl"), key=lambda path: (path.stem[:15], len(path.stem), path.stem))


def _has_ended(path: Path) -> bool:
    """Look at the last line only: journals are long."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        last = file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    return "end" in _parsed(last)


def _run(path: Path) -> Run:
    at, purpose, state, count = "", "", "interrupted", 0
    for line in _lines(path):
        if "run" in line:
            at, purpose = str(line.get("at", "")), str(line.get("purpose", ""))
        elif "undo" in line:
            state = "interrupted"
        elif "end" in line:
            state = str(line["end"])
        count += "n" in line
    return Run(path.stem, at, purpose, state, count)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from map(_parsed, file)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _entry(line: dict[str, Any]) -> Entry:
    damaged = SafelightError(f"the journal is damaged at {line.get('path')}; nothing was undone")
    try:
        content = None if line["content"] is None else zlib.decompress(base64.b64decode(line["content"]))
        entry = Entry(int(line["n"]), str(line["photo"]), str(line["path"]), content, str(line["after"]))
        if entry.before != line["before"] or "\0" in entry.path:
            raise damaged
    except (KeyError, TypeError, ValueError, zlib.error) as error:  # binascii's error is a ValueError
        raise damaged from error
    return entry


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _cannot_write(path: Path, error: OSError) -> SafelightError:
    why = (error.strerror or str(error)).lower()
    return SafelightError(f"the journal {path} cannot be written ({why}); without it nothing is written back")
