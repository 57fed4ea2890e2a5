"""Photos -> pixels -> vectors: what `safelight index` does with one root.

The caller's thread walks the source, asks the catalog what is known, hands files to the decoders and writes what
comes back. Decoders are processes, the model is one other thread; both are fed ahead and bounded, so that the model
never waits for the disk and memory stays flat. All that belongs to one batch is written in one transaction, before the
model begins with the next: see batches.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from importers.base import FileStamp, ImporterError, Outcome, Photo, Source
from indexer.batches import BATCH, Batches, Embed, Picture
from indexer.catalog import Catalog, Content, Known, Model, Root
from indexer.decoders import Decoded, DecoderPool, Job
from indexer.drives import Drives, Mount
from indexer.duplicates.store import is_described, write_features
from indexer.events import OnProgress, Progress
from indexer.moved import move_photo, replaced_twin, trade_places, vanished_twin, vanished_with
from indexer.photo_row import PhotoRow, row_of
from indexer.presence import SeenIds, is_gone, is_under
from indexer.tally import Tally

__all__ = ["BATCH", "IndexRun"]

_FACTS_A_TRANSACTION = 256
_ANSWERS_AT_ONCE = 8  # of the dozens under way; waking up for each costs a third of what is done with it


class IndexRun:
    """One run over one root.

    Attributes:
        tally: How its photos ended.
        away: After run(): the drives inside the root that are not there; their photos are as they were.
    """

    def __init__(
        self,
        catalog: Catalog,
        root: Root,
        model: Model,
        pool: DecoderPool,
        embed: Embed,
        *,
        prefix: bytes = b"",
        scope: bytes = b"",
        reader: str,
        on_progress: OnProgress,
        on_problem: Callable[[PhotoRow], None],
        stop: threading.Event,
        retry: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            embed: Takes uint8 (N, H, W, 3), answers with a Future of float32 (N, D), L2 norm 1.
            prefix: Where the source's folder lies in the root; it goes before the source's keys. Empty: they are one.
            scope: The key, in the root, of the part or file that the source shows. Empty: all.
            reader: Names what can be read; a photo skipped by another reader is tried again.
            on_problem: Told of each photo that was skipped or failed.
            stop: Once set, the batch at hand is finished and the run ends.
            retry: Try again what failed before although its file has not changed.
        """
        self.tally = Tally()
        self._catalog, self._root, self._model = catalog, root, model
        self._pool, self._reader = pool, reader
        self._row = partial(row_of, root.id, reader)
        self._prefix, self._scope = prefix, scope
        self._on_progress, self._on_problem, self._stop, self._retry = on_progress, on_problem, stop, retry
        self._seen, self._traders = SeenIds(), SeenIds()
        self._at_work: dict[int, Photo] = {}
        self._tickets = 0
        self._batches = Batches(embed, self._write_batch, pool.wake)
        self._embedded: list[Outcome] = []  # what became of photos that are written, and not counted yet
        self._settled: list[PhotoRow] = []
        self._new_facts: list[tuple[int, PhotoRow]] = []
        self._total, self._total_final = 0, False
        self._source_name, self._keys_are_paths = "", True
        self.away: list[Mount] = []
        self._drives = Drives(catalog, root, prefix, scope)

    def run(self, source: Source) -> Tally:
        """Index everything that `source` shows.

        Raises:
            ImporterError: The source went away; what had been read is kept, and nothing is called missing.
            CatalogError: The catalog cannot be written; what was committed stays.
            ModelError: The model failed.

        Writes: the catalog.
        """
        self._source_name, self._keys_are_paths = source.name, source.keys_are_paths
        counter = threading.Thread(target=self._count_ahead, args=(source,), daemon=True)
        counter.start()
        try:
            for photo in source.photos(self._is_known):
                if self._stop.is_set():
                    break
                self._drives.note(source.mounts)
                self._meet(self._in_root(photo))
                self._collect()
        finally:
            # Also where the drive went away on the way: what was decoded by then is not thrown away.
            # Not what is at work: where writing one answer failed, those that were taken with it are lost.
            while self._pool.outstanding and not self._stop.is_set():
                self._collect(at_least=1)
            self._batches.finish()
            self._count_embedded()
            self._write_settled()
            self._write_new_facts()
        self.tally.interrupted = self._stop.is_set()
        if not self.tally.interrupted:
            self._mark_missing(source)
        self._report(is_end=not self.tally.interrupted)
        return self.tally

    def _count_ahead(self, source: Source) -> None:
        """Fill in the total while the run is on its way."""
        try:
            for total in source.count():
                self._total = total
                if self._stop.is_set():
                    return
        except ImporterError:
            return  # the run itself meets it, and says so
        self._total_final = self._total > 0  # not every source can tell beforehand

    # What to do with a photo

    def _in_root(self, photo: Photo) -> Photo:
        """Give a photo the key that it has in the root."""
        return replace(photo, key=self._key(photo.key)) if self._prefix else photo

    def _key(self, key: bytes) -> bytes:
        return b"/".join(part for part in (self._prefix, key) if part)

    def _is_known(self, key: bytes, stamp: FileStamp) -> bool:
        """Tell whether a file need not be read: a source leaves it packed then."""
        known = self._catalog.known(self._root, self._key(key), self._model)
        return known is not None and known.stamp == stamp and (known.has_vector or self._is_settled(known))

    def _is_settled(self, known: Known) -> bool:
        """Tell whether a photo without a vector would end again as it did."""
        is_settled = known.state in (Outcome.SKIPPED, Outcome.FAILED)
        return is_settled and known.reader == self._reader and not self._retry

    def _meet(self, photo: Photo) -> None:
        if self._drives.is_away(photo.key):
            self._done(photo)
            return
        known = self._catalog.known(self._root, photo.key, self._model)
        if photo.away and known is not None and known.content_id is not None:
            self._meet_again(photo, known)
            return
        if photo.problem is not None:
            # Without a stamp it is read once the problem is gone, though its file has not changed.
            self._settle(self._row(photo, Outcome.SKIPPED, photo.problem, stamp=None))
            self._done(photo)
            return
        if known is None and photo.stamp is not None and self._keys_are_paths:
            known = vanished_twin(self._catalog.db, self._root, photo.stamp, self._model, self._drives.holds)
        elif known is not None and photo.stamp is not None and self._keys_are_paths:
            known = self._traded(photo, photo.stamp, known)
        if known is None or known.stamp != photo.stamp or photo.stamp is None:
            self._decode(photo)
        elif known.has_vector:
            self._meet_again(photo, known)
        elif self._is_settled(known):
            self._seen.add(known.id)
            self._count(Outcome(known.state))
            self._done(photo)
        else:  # it lacks only this model's vector
            self._decode(photo, describe=not self._is_described(known.content_id))

    def _traded(self, photo: Photo, stamp: FileStamp, here: Known) -> Known:
        """Find the photo whose file took the name of the one `here`, which gets its old name until it is met, too."""
        was = here.stamp
        if was is not None and (was.size_bytes, was.mtime_ns) == (stamp.size_bytes, stamp.mtime_ns):
            # FAT and network drives number their files anew each time; of a burst, all may have one size and one time.
            return here
        old = replaced_twin(self._catalog.db, self._root, stamp, photo.key, self._drives.holds)
        if old is None:
            return here
        with self._catalog.transaction():
            trade_places(self._catalog.db, self._root, photo.key, old)
        come = self._catalog.known(self._root, photo.key, self._model) or here
        self._traders.add(here.id)  # what lies beside it has new names, too
        self._traders.add(come.id)
        return come

    def _is_described(self, content_id: int | None) -> bool:
        """Tell whether it is known what a content looks like; another model sees the same picture."""
        return content_id is not None and is_described(self._catalog.db, content_id)

    def _meet_again(self, photo: Photo, known: Known) -> None:
        """Take a photo that looks as it did when it was read; what is known of it may be new."""
        if known.facts_token != photo.facts_token and not photo.facts_complete:
            self._decode(photo)
            return
        self._seen.add(known.id)
        if known.path != (os.fsencode(photo.path) if photo.path else None) or known.id in self._traders:
            self._keep_moved(known.id, photo)
        elif known.state == Outcome.MISSING:
            with self._catalog.transaction():
                self._catalog.seen_again(known.id)
        if known.facts_token != photo.facts_token:
            self._new_facts.append((known.id, self._row(photo, Outcome.INDEXED, None, stamp=photo.stamp)))
            if len(self._new_facts) >= _FACTS_A_TRANSACTION:
                self._write_new_facts()
        self._count(Outcome.UNCHANGED)
        self._done(photo)

    def _done(self, photo: Photo) -> None:
        if photo.done is not None:
            photo.done()

    def _keep_moved(self, photo_id: int, photo: Photo) -> None:
        path = os.fsencode(photo.path) if photo.path else None
        with self._catalog.transaction():
            move_photo(self._catalog.db, photo_id, self._root.id, photo.key, path, photo.name)
            self._catalog.write_parts(photo_id, photo.parts)

    def _decode(self, photo: Photo, *, describe: bool = True) -> None:
        while self._pool.full:
            self._collect(at_least=_ANSWERS_AT_ONCE)
        # A file as long as one we hold may be a copy: its hash alone tells, for a fraction of the decoding.
        is_whole = photo.exact is None and photo.renditions and photo.renditions[0].span is None
        maybe_copy = is_whole and photo.stamp is not None and self._catalog.size_is_known(photo.stamp.size_bytes)
        self._submit(photo, hash_only=bool(maybe_copy), describe=describe)

    def _submit(self, photo: Photo, *, hash_only: bool, describe: bool) -> None:
        self._tickets += 1
        self._at_work[self._tickets] = photo
        job = Job(
            self._tickets,
            photo.renditions,
            hash_only,
            exact=photo.exact,
            exact_names=not photo.facts.edited,
            facts=not photo.facts_complete,
            sidecars=photo.sidecars,
            describe=describe,
        )
        self._pool.submit(job)

    # What came of it

    def _collect(self, *, at_least: int = 0) -> None:
        """Take in what the decoders and the model have finished, once that are so many pictures, or a batch."""
        answers = self._pool.results(wait=at_least > 0, at_least=at_least)
        self._batches.settle()  # first, for the model may have nothing to do
        for decoded in answers:
            self._take(decoded)
        self._batches.settle()
        self._count_embedded()

    def _take(self, decoded: Decoded) -> None:
        photo = self._at_work.pop(decoded.ticket)
        if decoded.problem is not None:
            # Without a stamp the next run takes the file for a changed one, and tries again.
            stamp = None if decoded.problem.passing else photo.stamp
            self._settle(self._row(photo, Outcome(decoded.problem.kind), decoded.problem.reason, stamp=stamp))
            self._done(photo)
            return
        row = self._read_row(photo, decoded)
        held = self._catalog.content(decoded.digest, self._model)
        on_its_way = self._batches.find(decoded.digest)
        if on_its_way is not None:
            on_its_way.rows.append(row)
        elif held is not None and held[1]:
            self._settle(replace(row, content_id=held[0]))
        elif decoded.pixels is None:
            self._submit(photo, hash_only=False, describe=held is None or not self._is_described(held[0]))
            return
        else:
            content = Content(decoded.digest, decoded.size_bytes, decoded.width, decoded.height, decoded.format)
            self._batches.add(Picture(content, decoded.features, held is None, [row]), decoded.pixels)
        self._done(photo)

    def _read_row(self, photo: Photo, decoded: Decoded) -> PhotoRow:
        """Return the row of a photo that was read."""
        facts = photo.facts if photo.facts_complete else photo.facts.over(decoded.facts)
        served = photo.renditions[decoded.served]
        is_original = served.path == photo.path and served.span is None
        is_passing = photo.done is not None  # a file that was unpacked for this run
        # An original inside an archive has the bytes that name it elsewhere, too.
        is_packed = served.span is not None and served.kind == "original"
        original_hash = decoded.original_digest or (decoded.digest if is_packed else b"")
        return self._row(
            photo,
            Outcome.INDEXED,
            None,
            facts=facts,
            # Of the bytes that were read, which may be younger than the walk; a run meets the first rendition again.
            stamp=decoded.stamp if decoded.served == 0 and not is_passing else photo.stamp,
            original_hash=original_hash or None,
            rendition=None if is_original or is_passing else replace(served, smaller=()),
        )

    # Writing

    def _write_new_facts(self) -> None:
        rows, self._new_facts = self._new_facts, []
        if rows:
            with self._catalog.transaction():
                for photo_id, row in rows:
                    self._catalog.write_facts(photo_id, row)

    def _write_batch(self, batch: list[Picture], vectors: NDArray[np.float32]) -> None:
        with self._catalog.transaction():
            ids = [self._catalog.write_content(picture.content) for picture in batch]
            self._catalog.write_vectors(self._model, ids, vectors)
            write_features(self._catalog.db, {i: one.features for i, one in zip(ids, batch, strict=True)})
            written = [
                self._write(replace(row, content_id=content_id), embedded=True, is_new=picture.is_new)
                for content_id, picture in zip(ids, batch, strict=True)
                for row in picture.rows
            ]
        self.tally.embedded += len(batch)
        self._embedded += written

    def _count_embedded(self) -> None:
        """Count what went through the model: not while it waits for what is written."""
        written, self._embedded = self._embedded, []
        for outcome in written:
            self._count(outcome)

    def _settle(self, row: PhotoRow) -> None:
        """Take a row that needs no model; it is written with its likes."""
        self._settled.append(row)
        if len(self._settled) >= BATCH:
            self._write_settled()

    def _write_settled(self) -> None:
        rows, self._settled = self._settled, []
        with self._catalog.transaction():
            written = [self._write(row, embedded=False) for row in rows]
        for row, outcome in zip(rows, written, strict=True):
            if row.reason is not None:
                self._on_problem(row)
            self._count(outcome)

    def _write(self, row: PhotoRow, *, embedded: bool, is_new: bool = False) -> Outcome:
        """Write a photo, under its new name where it has moved; tells how it ended.

        Args:
            is_new: Nothing had this content before, so it was not here, and has not come from elsewhere.
        """
        is_same = False
        if row.content_id is not None and not is_new:
            here = self._catalog.content_at(row.root_id, row.key)
            is_same = here == (row.content_id,)  # touched, or restored from a backup
            if here is None and self._keys_are_paths:
                moved = vanished_with(self._catalog.db, row.content_id, self._source_name, self._drives.holds)
                if moved is not None:
                    move_photo(self._catalog.db, moved, row.root_id, row.key, row.path, row.name)
                    is_same = True
        self._seen.add(self._catalog.write_photo(row))
        return Outcome.UNCHANGED if is_same and not embedded else row.outcome

    def _mark_missing(self, source: Source) -> None:
        """Mark what a whole scan of a mounted root did not meet. A file that merely cannot be looked at stays."""
        gone: list[int] = []
        self.away = self._drives.close(source.mounts)
        unreadable = {self._key(key): why for key, why in source.unreadable.items()}
        unreadable |= {mount.key: mount.why_away for mount in self.away}
        self._catalog.set_unread(self._root, {**unreadable}, self._scope)
        for photo_id, key, path, state in self._catalog.unseen(self._root, self._scope, self._seen):
            if any(is_under(key, part) for part in unreadable):
                continue
            if state == Outcome.MISSING or not self._keys_are_paths or is_gone(path):
                gone.append(photo_id)
        self._catalog.mark_missing(gone)
        self.tally.missing += len(gone)

    def _count(self, outcome: Outcome) -> None:
        self.tally.count(outcome)
        if self.tally.photos % 16 == 0:
            self._report()

    def _report(self, *, is_end: bool = False) -> None:
        done = self.tally.photos
        # What was counted ahead, by names, need not all have been photos.
        total = done if is_end else max(self._total, done)
        self._on_progress(Progress("indexing", done, total, is_end or self._total_final))
