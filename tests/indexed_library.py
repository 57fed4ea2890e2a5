"""A library of a few photos, indexed in this process with the tests' own small model, and its duplicates."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from indexer.duplicates.verify import Sensitivity
from safelight.config import Settings
from safelight.duplicates import Group, Member, find_duplicates
from safelight.indexing import index_paths
from safelight.service import Library

CHECKOUT = Path(__file__).resolve().parents[1]
DEMO = CHECKOUT / "assets" / "demo"
MODEL = CHECKOUT / "tests" / "data" / "shapes-clip"


def ignore(*_: object) -> None:
    pass


@contextmanager
def indexed_library(folder: Path, home: Path) -> Generator[Library]:
    """Index a folder into a data folder."""
    with Library(Settings(model=str(MODEL), workers=1), home) as library:
        index(library, folder)
        yield library


def index(library: Library, folder: Path) -> None:
    index_paths(library, [str(folder)], on_progress=ignore, on_problem=ignore, on_remark=ignore, stop=threading.Event())


def duplicates(
    library: Library, sensitivity: Sensitivity = Sensitivity.NORMAL, prefer: str | None = None
) -> list[Group]:
    """Look for duplicates."""
    found = find_duplicates(library, sensitivity, prefer=prefer, on_progress=ignore, stop=threading.Event())
    return list(found)


def by_name(groups: list[Group]) -> list[tuple[str, dict[str, Member]]]:
    """Return each group's kind and its members by their names."""
    return [(group.kind, {member.name: member for member in group.members}) for group in groups]
