"""The groups of near-duplicates as pages that need nothing else: thumbnails inside, no script."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from importers.images import ImageProblem
from indexer.cores import cores
from indexer.events import OnProgress, Progress
from indexer.home import why_not_written
from safelight import duplicates_page
from safelight.duplicates import Group
from safelight.duplicates_pairs import pairs, pairs_text
from safelight.errors import SafelightError
from safelight.recover.files import write_whole
from safelight.service import Library
from safelight.thumbnails import Thumbnails, wanted

GROUPS_A_PAGE = 500
"""Some 10 MB; browsers stay quick."""
MEMBERS_SHOWN = 24
"""Of a group; a time-lapse may have thousands."""
_SIZE = 160
_AHEAD = 16  # groups whose thumbnails are made at the same time
_CLOSE_S = 10.0


def refuse_taken(file: Path, *, overwrite: bool) -> None:
    """Refuse to write over what is there, unless that is wanted, and into a folder that is not.

    Raises:
        SafelightError: There is something, or no such folder.
    """
    if not file.parent.is_dir():
        raise SafelightError(f"there is no folder {file.parent}; make it, or name another place with -o")
    if not overwrite and (file.exists() or file.is_symlink()):
        raise SafelightError(f"{file} is there already; choose another name, or add --overwrite")


def write_report(
    library: Library,
    groups: Sequence[Group],
    file: Path,
    *,
    overwrite: bool = False,
    on_progress: OnProgress,
    stop: threading.Event,
) -> list[Path]:
    """Write the report; each page is written whole or not at all.

    Args:
        file: The first page; further ones, 500 groups each, lie beside it as NAME-2.html ...
        overwrite: Replace what is there.
        stop: Once set, no further page is written.

    Returns:
        The pages.

    Raises:
        SafelightError: Something is there already, it cannot be written, or it was stopped.

    Writes: `file` and the pages beside it; the cache of thumbnails, in our own data folder.
    """
    count = max(1, -(-len(groups) // GROUPS_A_PAGE))
    pages = [file, *(file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(2, count + 1))]
    for page in pages:
        refuse_taken(page, overwrite=overwrite)
    thumbnails = Thumbnails(library.home / "thumbs", workers=cores())
    try:
        illustrated = _illustrated(library, thumbnails, groups, on_progress, stop)
        counts = Counter(group.what for group in pairs(library.catalog, groups))
        summary = duplicates_page.summary(groups, pairs_text(counts) if counts else "")
        for number, page in enumerate(pages, 1):
            names = [page.name for page in pages]
            size = min(GROUPS_A_PAGE, len(groups) - (number - 1) * GROUPS_A_PAGE)
            part = (next(illustrated) for _ in range(size))
            text = duplicates_page.page(summary, part, names, number)
            write_whole(page, (piece.encode("utf-8", "backslashreplace") for piece in text))
    except OSError as error:
        why = why_not_written(file, error)
        raise SafelightError(f"cannot write {file}: {why}; name another place with -o") from error
    finally:
        thumbnails.close(_CLOSE_S)
    return pages


def _illustrated(
    library: Library, thumbnails: Thumbnails, groups: Sequence[Group], on_progress: OnProgress, stop: threading.Event
) -> Iterator[duplicates_page.Illustrated]:
    """Yield the groups with the JPEGs of the members that are shown, None for those that cannot be had now."""
    for start in range(0, len(groups), _AHEAD):
        ahead = groups[start : start + _AHEAD]
        making = [_thumbnails_of(library, thumbnails, group) for group in ahead]
        for number, (group, futures) in enumerate(zip(ahead, making, strict=True), start):
            if stop.is_set():
                raise SafelightError("stopped before the report was whole; it was not written")
            on_progress(Progress("writing the report", number, len(groups), total_final=True))
            yield group, [_jpeg(future) for future in futures]


def _thumbnails_of(library: Library, thumbnails: Thumbnails, group: Group) -> list[Future[bytes]]:
    shown = group.members[:MEMBERS_SHOWN]
    return [thumbnails.get(wanted(library.catalog, member.photo_id, _SIZE)) for member in shown]


def _jpeg(future: Future[bytes]) -> bytes | None:
    with suppress(ImageProblem):
        return future.result()
    return None
