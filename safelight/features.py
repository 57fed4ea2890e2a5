"""Giving features to photos that were indexed before there were any: read once more, without the model."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from importers.as_json import unpack_rendition
from importers.base import Rendition
from indexer.catalog import Catalog
from indexer.decoders import DecoderPool, Job
from indexer.duplicates.features import MIN_EDGE
from indexer.duplicates.store import lacking, write_features
from indexer.events import OnProgress, Progress
from indexer.preprocess import PixelSpec

_AT_ONCE = 256
# What decoders must be told; the model's pixels are not wanted here.
_SMALL = PixelSpec(MIN_EDGE, MIN_EDGE, "exact", MIN_EDGE, 2, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def add_missing_features(catalog: Catalog, workers: int | None, on_progress: OnProgress, stop: threading.Event) -> None:
    """Compute the features that are lacking; photos whose files cannot be read now stay without.

    Writes: the catalog.
    """
    contents = lacking(catalog.db)
    if not contents:
        return
    with DecoderPool(_SMALL, workers) as pool:
        done, ready = 0, list[tuple[int, bytes]]()
        waiting = iter(contents)
        for content_id in waiting:
            rendition = _rendition_of(catalog, content_id)
            if rendition is not None:
                pool.submit(Job(content_id, (rendition,)))
            while pool.full:
                ready += [(one.ticket, one.features) for one in pool.results(wait=True) if one.features]
            if len(ready) >= _AT_ONCE:
                done = _write(catalog, ready, done)
            on_progress(Progress("looking at photos", done, len(contents), total_final=True))
            if stop.is_set():
                break
        while pool.outstanding and not stop.is_set():
            ready += [(one.ticket, one.features) for one in pool.results(wait=True) if one.features]
        _write(catalog, ready, done)


def _write(catalog: Catalog, ready: list[tuple[int, bytes]], done: int) -> int:
    with catalog.transaction():
        write_features(catalog.db, dict(ready))
    done += len(ready)
    ready.clear()
    return done


def _rendition_of(catalog: Catalog, content_id: int) -> Rendition | None:
    """Return a stored picture with this content that is there now."""
    rows = catalog.db.execute(
        "SELECT rendition, path FROM photo WHERE content_id = ? AND state = 'indexed'", (content_id,)
    )
    for packed, path in rows:
        if packed:
            rendition = unpack_rendition(json.loads(packed))
        elif path:
            rendition = Rendition(Path(os.fsdecode(path)))
        else:
            continue
        if rendition.path.exists():
            return rendition
    return None
