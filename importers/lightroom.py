"""A Lightroom Classic catalog (.lrcat), read without a trace, with Lightroom open or closed.

    with open_catalog(path) as catalog:
        for photo in catalog.photos():
            ...

What is read, from which tables, and how safely: docs/lightroom.md.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from importers.foreign_sqlite import ForeignDatabase
from importers.lightroom_catalog import Catalog
from importers.lightroom_moves import Moves
from importers.lightroom_photo import CatalogPhoto, Exposure, Position, Stack

__all__ = ["Catalog", "CatalogPhoto", "Exposure", "Position", "Stack", "open_catalog"]


@contextmanager
def open_catalog(path: Path, moved: Sequence[tuple[str, str]] = (), *, rescues: bool = False) -> Generator[Catalog]:
    """Open a catalog for reading; nothing in its folder is created or changed.

    Args:
        path: The .lrcat file.
        moved: (old, new) beginnings of paths: where folders lie now that the catalog knows at another place.
        rescues: Where the catalog is damaged, name its photos as far as that goes, without what cannot be read of them.

    Yields:
        The catalog, for use in this thread.

    Raises:
        ImporterError: It is no catalog, or cannot be read.
    """
    with ForeignDatabase(path, rescues=rescues) as database:
        yield Catalog(database, Moves(moved), rescues=rescues)
