"""What the last look for duplicates found, kept in the data folder, so that it can be gone through page by page."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.catalog import Catalog
from indexer.duplicates.verify import Sensitivity
from indexer.home import why_not_written
from safelight.duplicates import Group, Member
from safelight.errors import SafelightError
from safelight.service import Library

FOLDER = "duplicates"
_FORMAT = 1


class NotKeptError(SafelightError):
    """What a look found cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        ended: ISO 8601, UTC.
        library: How the library stood when it began; see library_now.
        groups: Duplicates first, then series.
    """

    ended: str
    library: str
    groups: tuple[Group, ...]


def library_now(catalog: Catalog) -> str:
    """Return what changes when photos come or go; another decision does not change it."""
    (photos,) = catalog.db.execute("SELECT count(*) FROM photo WHERE state = 'indexed'").fetchone()
    (newest,) = catalog.db.execute("SELECT coalesce(max(id), 0) FROM content").fetchone()
    return f"{photos}-{newest}"


def keep(home: Path, sensitivity: Sensitivity, groups: Iterable[Group], library: str) -> None:
    """Keep what was found in place of what an earlier look found, whole or not at all.

    Raises:
        NotKeptError: It cannot be written.

    Writes: duplicates/ in our own data folder.
    """
    file = _file(home, sensitivity)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    head = {"format": _FORMAT, "ended": datetime.now(UTC).isoformat(timespec="seconds"), "library": library}
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with temporary.open("w", encoding="ascii") as out:  # bytes of names that are no text stay JSON's escapes
                for record in (head, *map(asdict, groups)):
                    out.write(json.dumps(record) + "\n")
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise NotKeptError(why_not_written(file, error)) from error


def keeping(
    library: Library, sensitivity: Sensitivity, groups: Iterable[Group], stop: threading.Event
) -> Iterator[Group]:
    """Yield the groups of a look as it finds them, and keep them all once it has ended, unless it was stopped.

    Where nothing can be written, nothing is kept.

    Raises:
        NotKeptError: All groups were yielded, and cannot be kept.

    Writes: duplicates/ in our own data folder.
    """
    before = library_now(library.catalog)
    found: list[Group] = []
    for group in groups:
        found.append(group)
        yield group
    if not stop.is_set() and not library.catalog.keeps_nothing:
        keep(library.home, sensitivity, found, before)


def read(home: Path, sensitivity: Sensitivity) -> Look | None:
    """Return what the last look found; None where there was none, or its file is damaged."""
    try:
        with _file(home, sensitivity).open(encoding="ascii") as lines:
            head: dict[str, Any] = json.loads(next(lines))
            if head["format"] != _FORMAT:
                return None
            return Look(head["ended"], head["library"], tuple(_groups(lines)))
    except (OSError, ValueError, TypeError, KeyError, StopIteration):
        return None


def _groups(lines: Iterable[str]) -> Iterator[Group]:
    for line in lines:
        record = json.loads(line)
        yield Group(record["kind"], record["what"], tuple(Member(**member) for member in record["members"]))


def _file(home: Path, sensitivity: Sensitivity) -> Path:
    return home / FOLDER / f"{sensitivity}.jsonl"


class Looks:
    """The last looks, in memory until there are newer ones. All methods are for any thread."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._read: dict[Sensitivity, tuple[int, Look | None]] = {}

    def get(self, sensitivity: Sensitivity) -> Look | None:
        """Return what the last look of this sensitivity found; None where there was none."""
        with self._lock:
            try:
                written = _file(self._home, sensitivity).stat().st_mtime_ns
            except OSError:
                return None
            if sensitivity not in self._read or self._read[sensitivity][0] != written:
                self._read[sensitivity] = written, read(self._home, sensitivity)
            return self._read[sensitivity][1]
