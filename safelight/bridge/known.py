"""Photos as Lightroom names them, looked up in the index: by UUID in their catalog, else by the original's path."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from safelight.bridge.catalogs import written_as
from safelight.bridge.errors import BridgeError
from safelight.bridge.paths import Comparison, folded, nfc
from safelight.bridge.question import Ref
from safelight.service import Library

SOURCE = "lightroom"
_FEW = 10_000  # paths that are looked up by themselves; of more, the whole table is read
_Alike = dict[str, dict[tuple[int, str], list[int]]]
"""Rows of photos, by (root, path), those whose paths differ in case alone together."""


def catalog_path(library: Library, said: str) -> str:
    """Return how the index writes the path of a catalog that its plug-in calls `said`; `said` where it has none."""
    roots = [str(root.path) for root in library.catalog.roots() if root.source == SOURCE]
    return written_as(said, roots) or said


class Known:
    """What the index knows of the photos of one catalog.

    Attributes:
        catalog: The catalog's path, as the index writes it.
    """

    def __init__(self, library: Library, catalog: str) -> None:
        self.catalog = catalog
        self._db = library.catalog.db
        self._model = next((m for m in library.catalog.models() if m.name == library.model_name), None)
        self._expected: set[str] = set()
        self._some: _Alike | None = None

    def expect(self, paths: Iterable[str | None]) -> None:
        """Prepare to be asked about some paths: those alone are looked up then, and not all of a large library."""
        self._expected |= {folded(path) for path in paths if path is not None}
        self._some = None

    def photo_id(self, ref: Ref, *, embedded: bool = True) -> str:
        """Return our id of a photo.

        Args:
            embedded: Only where the model in use has its vector.

        Raises:
            BridgeError: It is not indexed.
        """
        row = self._row(ref, embedded=embedded)
        if row is None:
            name = Path(ref.path).name if ref.path else ref.uuid
            raise BridgeError("not_indexed", f"{name} has not been indexed yet; choose Index This Catalog first")
        return row[0]

    def content(self, ref: Ref) -> int | None:
        """Return the content id of a photo that has a vector; None where it is not indexed."""
        row = self._row(ref, embedded=True)
        return row and row[1]

    def missing(self, refs: Sequence[Ref]) -> list[Ref]:
        """List those that the model in use has no vector of."""
        return [ref for ref in refs if self._row(ref, embedded=True) is None]

    def any_case(self, path: str) -> bool:
        """Tell whether a path that differs from this one in case alone can only mean the same file."""
        roots = [root for root, _ in self._alike(path)]
        return len(roots) == len(set(roots))

    def _row(self, ref: Ref, *, embedded: bool) -> tuple[str, int] | None:
        """Find (public id, content id)."""
        if self._model is None:
            raise BridgeError("not_indexed", "nothing is indexed yet with this model; choose Index This Catalog first")
        has_vector = " AND EXISTS (SELECT 1 FROM embedding e WHERE e.model_id = ? AND e.content_id = photo.content_id)"
        extra, params = (has_vector, [self._model.id]) if embedded else ("", [])
        if ref.uuid is not None:
            row = self._db.execute(
                "SELECT photo.public_id, photo.content_id FROM photo JOIN root ON root.id = photo.root_id"
                f" WHERE root.source = ? AND root.path = ? AND photo.key = ?{extra}",
                [SOURCE, os.fsencode(self.catalog), ref.uuid.encode(), *params],
            ).fetchone()
            if row is not None:
                return row
        if ref.path is None:
            return None
        stored = self._stored(ref.path)
        return self._db.execute(
            f"SELECT public_id, content_id FROM photo WHERE id IN ({', '.join('?' * len(stored))})"
            f" AND content_id IS NOT NULL{extra} ORDER BY id LIMIT 1",
            [*stored, *params],
        ).fetchone()

    def _stored(self, path: str) -> list[int]:
        """List the rows of the photos at a path: written just so, else in another case where that is one file."""
        alike = self._alike(path)
        same = [row for (_, spelt), rows in alike.items() if spelt == nfc(path) for row in rows]
        return same or ([row for rows in alike.values() for row in rows] if self.any_case(path) else [])

    def _alike(self, path: str) -> dict[tuple[int, str], list[int]]:
        """The rows of the photos at a path in whatever case, by (root, path)."""
        key = folded(path)
        if key not in self._expected or len(self._expected) > _FEW:
            return self._by_folded.get(key, {})
        if self._some is None:
            # SQLite folds ASCII alone; every path with other letters in it is compared here.
            self._some = self._read(
                "AND (replace(lower(CAST(path AS TEXT)), char(92), '/') IN (SELECT value FROM json_each(?))"
                " OR length(CAST(path AS BLOB)) <> length(CAST(path AS TEXT)))",
                json.dumps(list(self._expected)),
            )
        return self._some.get(key, {})

    @cached_property
    def _by_folded(self) -> _Alike:
        """The rows of all photos with a path.

        The table has no index of paths: one pass over it costs a quarter of a second for 60,000 photos.
        """
        return self._read("")

    def _read(self, condition: str, *params: str) -> _Alike:
        found: _Alike = {}
        for row, root, path in self._db.execute(
            f"SELECT id, root_id, path FROM photo WHERE path IS NOT NULL {condition}", params
        ):
            spelt = nfc(os.fsdecode(path))
            found.setdefault(folded(spelt), {}).setdefault((root, spelt), []).append(row)
        return found


class RefSet:
    """A set of photos, asked by UUID first, else by path."""

    def __init__(self, refs: Iterable[Ref], paths: Comparison) -> None:
        self._key = paths.key
        self._uuids: set[str] = set()
        self._paths: set[str] = set()  # of all
        self._bare: set[str] = set()  # of those without a UUID
        for ref in refs:
            if ref.uuid is not None:
                self._uuids.add(ref.uuid)
            if ref.path is not None:
                self._paths.add(self._key(ref.path))
                if ref.uuid is None:
                    self._bare.add(self._key(ref.path))

    def has(self, ref: Ref) -> bool:
        """Tell whether a photo is in here; two UUIDs settle it, and only where one lacks it do paths count."""
        if ref.uuid is not None and ref.uuid in self._uuids:
            return True
        if ref.path is None:
            return False
        return self._key(ref.path) in (self._paths if ref.uuid is None else self._bare)
