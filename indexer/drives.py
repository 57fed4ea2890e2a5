"""Whether the drive that photos lie on is there: that of an indexed place, or one that is mounted inside it.

An unplugged drive leaves an empty folder, or none; with it a whole known tree is gone at once, which says nothing about
its photos. What lies in a place on another drive than the folder around it is therefore remembered, as a mount. That a
number of a device has changed tells nothing, as drives get new ones when the computer starts: so a mount is away only
where none of the files that are known in it is there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog import Catalog, Root
from indexer.presence import is_gone, is_mounted, is_on, is_under


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of an indexed place that lies on another drive than the folder around it.

    Attributes:
        key: Of the folder, in the place.
        path: Where it is, or was.
        device: st_dev when it was last seen.
        state: "online" or "offline", as the last run found it.
    """

    root_id: int
    key: bytes
    path: Path
    device: int
    state: str

    @property
    def why_away(self) -> str:
        """Say, for people, that it is away and what to do: what comes after its path in a line."""
        if not is_mounted(self.path):
            there = "is not there, or empty"
        else:
            there = "holds none of the photos that are known there"
        return (
            f"{there} (is its drive plugged in?); its photos are kept as they are."
            f' If they are gone: safelight prune --forget "{self.path}"'
        )


def place_path(photo: str, root: str) -> str:
    """Return SQL on a photo and its root: the folder that has to be there for the photo; the root, or its mount."""
    inside = _INSIDE.format(photo=photo)
    return (
        f"CAST({root}.path || coalesce((SELECT '/' || m.key FROM mount m WHERE {inside} ORDER BY length(m.key) DESC"
        " LIMIT 1), '') AS BLOB)"
    )


def is_away(photo: str, root: str) -> str:
    """Return SQL on a photo and its root: whether the last run found its drive away."""
    inside = _INSIDE.format(photo=photo)
    return f"({root}.state = 'offline' OR EXISTS (SELECT 1 FROM mount m WHERE m.state = 'offline' AND {inside}))"


_INSIDE = (
    "m.root_id = {photo}.root_id AND {photo}.key > CAST(m.key || '/' AS BLOB)"
    " AND {photo}.key < CAST(m.key || '0' AS BLOB)"  # what comes after the slash
)


def mounts(db: sqlite3.Connection) -> list[Mount]:
    """List all mounts inside indexed places, the innermost first."""
    rows = db.execute(
        "SELECT m.root_id, m.key, r.path, m.device, m.state FROM mount m JOIN root r ON r.id = m.root_id"
        " ORDER BY length(m.key) DESC"
    )
    return [Mount(root, key, Path(os.fsdecode(path), os.fsdecode(key)), *seen) for root, key, path, *seen in rows]


def is_there(db: sqlite3.Connection, place: Root | Mount) -> bool:
    """Tell whether a place can be read now, and is the one that was indexed: its drive may be away.

    A mount point without its drive can hold a stray file, or another drive. But a number that has changed tells
    nothing, as drives get new ones when the computer starts. So one file that is known there is enough.
    """
    if not is_mounted(place.path):
        return False
    if is_on(place.path, place.device):
        return True
    of_files = db.execute(
        "SELECT path FROM photo WHERE root_id = ?1 AND state <> 'missing' AND path = CAST(?2 || key AS BLOB)"
        " AND (?3 IS NULL OR key > CAST(?3 || '/' AS BLOB) AND key < CAST(?3 || '0' AS BLOB))",
        (place.root_id, os.fsencode(place.path)[: -len(place.key)], place.key)
        if isinstance(place, Mount)
        else (place.id, os.fsencode(place.path) + b"/", None),
    )
    is_empty = True
    for (path,) in of_files:  # not a list: of a million, where nothing is there
        if not is_gone(path):
            return True
        is_empty = False
    return is_empty


def mark_away(catalog: Catalog, mount: Mount) -> None:
    """Record that a mount is away.

    Writes: the catalog.
    """
    with catalog.transaction():
        where = (mount.root_id, mount.key)
        catalog.db.execute("UPDATE mount SET state = 'offline' WHERE root_id = ? AND key = ?", where)


def _mounts_down_to(root: Path, prefix: bytes) -> dict[bytes, int]:
    """Find the mounts on the way from a root down to a folder inside it: device by key."""
    found: dict[bytes, int] = {}
    with suppress(OSError):  # gone since it was opened, which the walk says
        around, folder = root.stat().st_dev, root
        for part in Path(os.fsdecode(prefix)).parts:
            folder /= part
            device = folder.stat().st_dev
            if device != around:
                found[os.fsencode(folder.relative_to(root))] = device
            around = device
    return found


class Drives:
    """The drives of one root, as one run meets and remembers them."""

    def __init__(self, catalog: Catalog, root: Root, prefix: bytes, scope: bytes) -> None:
        """Look which mounts are away now.

        Args:
            prefix: Where the folder that is walked lies in the root; it goes before the walk's keys.
            scope: The key, in the root, of the part that the run looks at. Empty: all.
        """
        self._catalog, self._root, self._prefix, self._scope = catalog, root, prefix, scope
        self._mounts = mounts(catalog.db)
        self._noted: int | None = None
        self._known: dict[tuple[int, bytes, int], bool] = {}  # by place and device: whether it is the one we know
        self.away = self._look()

    def is_away(self, key: bytes) -> bool:
        """Tell whether a photo of the root lies where a drive was away when the run began: it is another drive's."""
        return any(is_under(key, mount.key) for mount in self.away)

    def holds(self, root: Root, key: bytes) -> bool:
        """Tell whether the drive of a photo is there; if it was emptied, all its photos may have moved."""
        if not is_on(root.path, root.device) and (root.state == "offline" or not self._is_known(root.id, b"", root)):
            return False
        mount = next((m for m in self._mounts if m.root_id == root.id and is_under(key, m.key)), None)
        return mount is None or self._is_known(root.id, mount.key, mount)

    def note(self, found: Mapping[bytes, int]) -> None:
        """Remember the mounts that a walk has met by now, before photos on them are kept.

        Args:
            found: Device by the walk's key.

        Writes: the catalog, where there are new ones.
        """
        if len(found) == self._noted:
            return
        self._noted = len(found)
        rows = [(self._root.id, *item) for item in self._all(found).items() if not self.is_away(item[0])]
        with self._catalog.transaction():
            self._catalog.db.executemany(
                "INSERT INTO mount VALUES (?, ?, ?, 'online')"
                " ON CONFLICT DO UPDATE SET device = excluded.device, state = 'online'",
                rows,
            )
        self._mounts = mounts(self._catalog.db)

    def close(self, found: Mapping[bytes, int]) -> list[Mount]:
        """Take over what a whole walk has met; returns the mounts that are away.

        Writes: the catalog.
        """
        self.note(found)
        self.away = self._look()
        kept = self._all(found).keys() | {mount.key for mount in self.away}
        over = [mount for mount in self._in_scope() if mount.key not in kept and is_under(mount.key, self._scope)]
        for mount in self.away:
            mark_away(self._catalog, mount)
        with self._catalog.transaction():
            drop = "DELETE FROM mount WHERE root_id = ? AND key = ?"
            self._catalog.db.executemany(drop, [(self._root.id, mount.key) for mount in over])
        return self.away

    def _all(self, found: Mapping[bytes, int]) -> dict[bytes, int]:
        """Return the mounts by their keys in the root, those around the folder that is walked included."""
        inside = {b"/".join(filter(None, (self._prefix, key))): device for key, device in found.items()}
        return _mounts_down_to(self._root.path, self._prefix) | inside

    def _in_scope(self) -> list[Mount]:
        mine = [mount for mount in self._mounts if mount.root_id == self._root.id]
        return [m for m in mine if is_under(m.key, self._scope) or is_under(self._scope, m.key)]

    def _look(self) -> list[Mount]:
        return [mount for mount in self._in_scope() if not is_there(self._catalog.db, mount)]

    def _is_known(self, root_id: int, key: bytes, place: Root | Mount) -> bool:
        try:
            where = root_id, key, place.path.stat().st_dev
        except OSError:
            return False
        if where not in self._known:  # looked up once: it may take a look at every file
            self._known[where] = is_there(self._catalog.db, place)
        return self._known[where]
