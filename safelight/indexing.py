"""The use case behind `safelight index`: find the roots, run the pipeline over each, bring the indexes up to date."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from importers.base import ImporterError, Options, Source
from importers.images import reader_version
from importers.sources import is_readable, open_source, place_of
from indexer import matrix_file
from indexer.catalog import Model, Root
from indexer.decoders import DecoderPool
from indexer.drives import is_there, mark_away, mounts
from indexer.errors import VectorError
from indexer.events import OnProgress, Progress
from indexer.home import nothing_indexed
from indexer.lock import ProcessLock
from indexer.pipeline import IndexRun
from indexer.presence import is_mounted
from indexer.tally import Tally
from safelight.errors import SafelightError, UnreadPlacesError
from safelight.reading import LISTINGS, Wishes, pack_options
from safelight.service import Library

STORE_EVERY = 4096
"""Vectors after which they are stored for searching, too; until then every search holds them in memory for itself."""

OnProblem = Callable[[str, str, str], None]
OnRemark = Callable[[str], None]
_NOTHING_SPECIAL = Wishes()


def index_paths(
    library: Library,
    paths: list[str],
    *,
    stop: threading.Event,
    on_progress: OnProgress,
    on_problem: OnProblem,
    on_remark: OnRemark,
    wishes: Wishes = _NOTHING_SPECIAL,
    retry: bool = False,
) -> Tally:
    """Index `paths`, or everything that was indexed before where there are none.

    Args:
        stop: Once set, the batch at hand is finished and the run ends.
        on_problem: Told (path, outcome, reason) of each photo that was skipped or failed.
        on_remark: Told what people should know: a drive that is not there.
        wishes: How the places are to be read, from now on.

    Raises:
        SafelightError: There is nothing to index.
        ImporterError: There is nothing at a path; nothing was done.
        UnreadPlacesError: Places could not be read; the others were.
        IndexerError: The model or the catalog failed; what was committed stays.

    Writes: our own data folder.
    """
    with ProcessLock(library.home / "index.lock", "indexing photos"):
        trouble: list[str] = []
        reached = (_reach(library, path, wishes, on_remark, trouble) for path in places_to_index(library, paths))
        sources = _without_parts([source for source in reached if source is not None])
        total = Tally()
        if not sources:
            return _ended(total, trouble)
        on_progress(Progress(f"loading {Path(library.model_name).name}", 0, 1))
        model_thread, model = library.model_for_indexing()
        on_progress(Progress(f"loading {Path(library.model_name).name}", 1, 1, total_final=True))
        progress = _storing_now_and_then(library, model, on_progress)
        with DecoderPool(model_thread.encoder.pixels, workers=library.settings.workers or None) as pool:
            for source in sources:
                if stop.is_set():
                    break
                root = _root_of(library, source, wishes)
                run = IndexRun(
                    library.catalog,
                    root,
                    model,
                    pool,
                    model_thread.embed_pixels,
                    prefix=_key_in(root, source.folder) if root.path != source.root else b"",
                    scope=_key_in(root, source.root),
                    reader=reader_version(),
                    on_progress=progress,
                    on_problem=lambda row: on_problem(
                        os.fsdecode(row.path) if row.path else row.name, row.outcome.value, row.reason or ""
                    ),
                    stop=stop,
                    retry=retry,
                )
                try:
                    run.run(source)
                except ImporterError as error:
                    trouble.append(str(error))
                    key = _key_in(root, source.root)
                    library.catalog.set_unread(root, {key or None: str(error)}, key)
                    library.catalog.forget_if_empty(root)
                else:
                    away = (f"{mount.path} {mount.why_away}" for mount in run.away)
                    for remark in (*away, *_remarks(source, run.tally)):
                        on_remark(remark if len(sources) == 1 else _of(source, remark))
                    if source.passed_over and not source.unreadable:
                        library.catalog.forget_if_empty(root)
                total += run.tally
        if (stale := library.update_indexes(model, on_progress, stop)) is not None:
            on_remark(stale)
    total.interrupted = stop.is_set()
    return _ended(total, trouble)


def places_to_index(library: Library, paths: list[str]) -> list[Path]:
    """Return the places that are meant; everything that was indexed before where none is named.

    Raises:
        SafelightError: None is named and none is known.
        ImporterError: Nothing is at a path, nor was when it was indexed.
    """
    roots = library.catalog.roots()
    targets = [place_of(path) for path in paths] or [root.path for root in roots]
    if not targets:
        raise SafelightError(nothing_indexed())
    for path in targets:
        around = [root for root in roots if path.absolute().is_relative_to(root.path)]
        is_drive = any(path.absolute().is_relative_to(mount.path) for mount in mounts(library.catalog.db))
        if not path.exists() and not is_drive and all(is_mounted(root.path) for root in around):
            raise ImporterError(f"{path} does not exist; check the spelling, or plug in the drive that holds it")
    return targets


def _ended(tally: Tally, trouble: list[str]) -> Tally:
    if trouble:
        raise UnreadPlacesError(trouble, tally)
    return tally


def _storing_now_and_then(library: Library, model: Model, on_progress: OnProgress) -> OnProgress:
    """Return what is told the progress of a run, and stores new vectors for searching on its way."""
    db = library.catalog.db

    def newest() -> int:
        return db.execute("SELECT coalesce(max(id), 0) FROM embedding").fetchone()[0]

    stored = newest()

    def progress(event: Progress) -> None:
        nonlocal stored
        on_progress(event)
        if newest() >= stored + STORE_EVERY:
            stored = newest()
            with suppress(VectorError):  # the end of the run tries again, and says so
                matrix_file.update(library.home, db, model.id)

    return progress


def _remarks(source: Source, tally: Tally) -> Iterator[str]:
    """Say what a run over a source did not read, and why."""
    for key, why in source.unreadable.items():
        what = f"{source.folder / os.fsdecode(key)} cannot be read" if key else f"Not all of {source.root} can be read"
        yield f"{what} ({why}); what is known there is kept."
    inside = [source.folder / os.fsdecode(key) for key in source.passed_over]
    libraries = [inner for inner in inside if is_readable(inner)]
    for inner in inside:
        if inner not in libraries:
            yield f"{inner} is the library of another program, which this version does not read."
        elif tally.photos:
            yield f'{inner} is read on its own: safelight index "{inner}"'
    yield from source.remarks
    if not tally.photos and not tally.interrupted:
        if libraries:
            holds = "1 library," if len(libraries) == 1 else f"{len(libraries)} libraries, each"
            named = " ".join(f'"{inner}"' for inner in libraries)
            where = f"There are no loose pictures in {source.root}; it holds {holds}"
            yield f"{where} read on its own: safelight index {named}"
        elif not source.unreadable:
            yield f"There are no pictures in {source.root}."


def _of(source: Source, remark: str) -> str:
    """Say which of several sources a remark is on, where it does not."""
    return remark if str(source.root) in remark else f"{source.root}: {remark}"


def _reach(library: Library, path: Path, wishes: Wishes, on_remark: OnRemark, trouble: list[str]) -> Source | None:
    """Open the source at `path`; None, with a remark, where it is known but its drive is not there.

    What is there and cannot be opened is added to `trouble`.
    """
    known = [root for root in library.catalog.roots() if path.absolute().is_relative_to(root.path)]
    root = max(known, key=lambda root: len(root.path.parts), default=None)
    if root is not None and not is_there(library.catalog.db, root):
        library.catalog.mark_root(root, "offline", root.device)
        on_remark(_why_not_there(root))
        return None
    inside = (mount for mount in mounts(library.catalog.db) if path.absolute().is_relative_to(mount.path))
    away = next((mount for mount in inside if not is_there(library.catalog.db, mount)), None)
    if away is not None:
        mark_away(library.catalog, away)
        on_remark(f"{away.path} {away.why_away}")
        return None
    try:
        return _whole(library, open_source(path, _options(library, wishes, root.options if root else "{}")), wishes)
    except ImporterError as error:
        trouble.append(str(error))
        if root is not None and root.path == path.resolve():
            library.catalog.set_unread(root, {None: str(error)})
            library.catalog.forget_if_empty(root)
        return None


def _options(library: Library, wishes: Wishes, stored: str) -> Options:
    return replace(wishes.over(stored), listings=library.home / LISTINGS)


def _why_not_there(root: Root) -> str:
    if not is_mounted(root.path):
        return f"{root.path} is not there, or empty (is its drive plugged in?); its photos are kept as they are."
    return (
        f"{root.path} holds none of the photos that are known there (is its drive plugged in?);"
        f' they are kept as they are. If they are gone: safelight prune --forget "{root.path}"'
    )


def _whole(library: Library, source: Source, wishes: Wishes) -> Source:
    """Open the place that is known and that `source` is a part of, where its photos have the same keys in both.

    So it is with a Takeout: read as two places, the folder of an export and a folder around it show each photo twice.
    """
    known = [root for root in library.catalog.roots() if root.source == source.name]
    around = next((root for root in known if source.root.is_relative_to(root.path)), None)
    if source.keys_are_paths or around is None or around.path == source.root:
        return source
    whole = open_source(around.path, _options(library, wishes, around.options))
    return whole if whole.name == source.name else source


def _without_parts(sources: list[Source]) -> list[Source]:
    """Leave out what lies within, or is, another of the sources, so that no photo is counted twice.

    Folders have parts, and so do Takeouts. A library inside a folder is passed over there, and read on its own.
    """
    whole: list[Source] = []
    for source in sorted(sources, key=lambda source: len(source.root.parts)):
        others = [other.root for other in whole if other.name == source.name]
        if not any(source.root.is_relative_to(other) for other in others):
            whole.append(source)
    return whole


def _root_of(library: Library, source: Source, wishes: Wishes) -> Root:
    """Return the root that holds `source`: a known one around it, or itself."""
    catalog = library.catalog
    around = (root for root in catalog.roots() if root.source == source.name)
    if source.keys_are_paths:
        root = next((root for root in around if source.root.is_relative_to(root.path)), None)
    else:
        root = next((root for root in around if root.path == source.root), None)
    root = root or catalog.add_root(source.name, source.root, source.device, keys_are_paths=source.keys_are_paths)
    catalog.mark_root(root, "online", source.device if root.path == source.root else root.device)
    if (options := pack_options(wishes.over(root.options))) != root.options:
        catalog.set_options(root, options)
    return root


def _key_in(root: Root, path: Path) -> bytes:
    """Return the key of a folder or file in a root; empty for the root itself."""
    return b"" if path == root.path else os.fsencode(path.relative_to(root.path))
