"""The use case behind `safelight duplicates`: from the catalog to groups with a keeper and reasons."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.catalog import Catalog
from indexer.duplicates.features import Features
from indexer.duplicates.find import find
from indexer.duplicates.groups import Star
from indexer.duplicates.keeper import may_tell, why
from indexer.duplicates.pixels import Pixels, may_be_same, saved_from
from indexer.duplicates.series import Series, Sorted
from indexer.duplicates.store import (
    Decision,
    Judged,
    carry_decisions,
    decide,
    decisions_on,
    forget,
    forget_keepers,
    lacking,
    read_decisions,
    read_features,
    read_verdicts,
    restore,
    write_verdicts,
)
from indexer.duplicates.verify import ENLARGED, MADE, Relation, Sensitivity, Verdict, verify
from indexer.errors import VectorError
from indexer.events import OnProgress, Progress
from safelight.copies import Copy, copies_by_content
from safelight.duplicates_origin import as_enlarged, is_another_shot, look_again, with_origin, with_raw_first
from safelight.errors import SafelightError
from safelight.features import add_missing_features
from safelight.service import Library

SERIES = "series"
_ORDER = tuple(Relation)  # from the same to the least alike


@dataclass(frozen=True, slots=True)
class Member:
    """A photo in a group.

    Attributes:
        relation: What it is to the keeper; "keeper" for the keeper itself.
        reason: The same in words, or why it is the one to keep.
        source: "keeper" where it was made from the keeper, "member" where it is the other way round, None where that
            cannot be told.
        width: Pixels of the full picture, upright; 0 where unknown, as the others.
        part: Of what is no photo of its own, but belongs to the one whose id it has, what it is to that: "live video",
            "raw" ...; None for all others. See duplicates_pairs.
    """

    photo_id: str
    path: str | None
    name: str
    relation: str
    reason: str
    source: str | None = None
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that are one, or a series.

    Attributes:
        kind: What is least alike in it: "same bytes" ... "turned"; or "series".
        what: Of a series: "burst", "time-lapse" ...
        members: The keeper first.
    """

    kind: str
    what: str
    members: tuple[Member, ...]


def find_duplicates(
    library: Library,
    sensitivity: Sensitivity = Sensitivity.NORMAL,
    *,
    prefer: str | None = None,
    on_progress: OnProgress,
    stop: threading.Event,
) -> Iterator[Group]:
    """Yield the groups of the whole library, duplicates first, then series.

    Photos that were indexed before features existed are read once more, without the model. Where nothing can be written
    (Catalog.keeps_nothing), all that is found out is kept in memory, for this time. Where some cannot be kept,
    Library.not_kept says why.

    Args:
        prefer: Kind of source to keep from, where nothing better decides.
        stop: Once set, reading and comparing end, and nothing is yielded; verdicts that were reached are kept.

    Writes: features, verdicts, and decisions on what looks as before, into our own catalog.
    """
    catalog = library.catalog
    if catalog.keeps_nothing:
        catalog.keep_in_memory("looks", "decision", "verdict", *(("features",) if lacking(catalog.db) else ()))
    add_missing_features(catalog, library.settings.workers or None, on_progress, stop)
    with library.writing_if_possible():
        carry_decisions(catalog.db)
    search = _Search(library, sensitivity, prefer)
    yield from search.run(on_progress, stop)


class _Stopped(Exception):  # noqa: N818  # no error: the user's wish
    pass


class _Search:
    def __init__(self, library: Library, sensitivity: Sensitivity, prefer: str | None) -> None:
        self._library, self._catalog, self._sensitivity = library, library.catalog, sensitivity
        chosen, self._decided_apart = read_decisions(self._catalog.db)
        self._copies = copies_by_content(self._catalog, chosen, prefer)
        self._known = read_verdicts(self._catalog.db, sensitivity)
        self._fresh: Judged = {}
        self._pixels = Pixels()
        self._ids: list[int] = []
        self._features: list[Features] = []

    def run(self, on_progress: OnProgress, stop: threading.Event) -> Iterator[Group]:
        """Yield the groups; see find_duplicates."""
        for content_id, features in read_features(self._catalog.db):
            if content_id in self._copies:
                self._ids.append(content_id)
                self._features.append(features)
        try:
            found = self._find(on_progress, stop)
        except _Stopped:
            return
        finally:
            self._pixels.close()
            with self._library.writing_if_possible():
                write_verdicts(self._catalog.db, self._sensitivity, self._fresh)
        alone = {content_id for content_id, copies in self._copies.items() if len(copies) > 1}
        for star in found.stars:
            alone -= {self._ids[number] for number in (star.keeper, *star.members)}
            yield self._group(self._copies[self._ids[star.keeper]], star)
        for content_id in sorted(alone):
            if self._said_apart(content_id, content_id):
                continue  # the user need not see these copies again
            yield self._group(self._copies[content_id], Star(-1))
        for series in found.series:
            first, *others = series.pictures
            left = [first, *(n for n in others if not self._said_apart(self._ids[first], self._ids[n]))]
            if len(left) > 1:
                yield self._series(replace(series, pictures=left))

    def _find(self, on_progress: OnProgress, stop: threading.Event) -> Sorted:
        compared = 0

        def go_on() -> None:
            if stop.is_set():
                raise _Stopped

        def judge(one: int, other: int, turn: int | None) -> Verdict | None:
            nonlocal compared
            go_on()
            compared += 1
            if compared % 256 == 0:
                on_progress(Progress("comparing photos", compared, compared))
            return self._judge(one, other, turn)

        def on_step(share: float) -> None:
            go_on()
            on_progress(Progress("looking for likely pairs", int(100 * share), 100, total_final=True))

        pictures = [self._copies[content_id][0].picture for content_id in self._ids]
        near = self._seen_near(go_on)
        return find(
            self._features, pictures, self._sensitivity, near, judge, on_step, self._are_apart, self._look_again
        )

    def _seen_near(self, go_on: Callable[[], None]) -> Iterator[tuple[int, int]]:
        """Yield the pairs that the model of the last run sees near."""
        from indexer.duplicates.candidates import by_vectors
        from indexer.matrix import Matrix

        model = next(iter(self._catalog.models()), None)
        if model is None or self._sensitivity in (Sensitivity.EXACT, Sensitivity.STRICT):
            return
        try:
            matrix = Matrix.open(self._library.home, self._catalog.db, model.id)
            embedded = set(matrix.content_ids.tolist())
            places = [place for place, content_id in enumerate(self._ids) if content_id in embedded]
            if len(places) > 1:
                vectors = matrix.vectors([self._ids[place] for place in places])
                for pairs in by_vectors(vectors):
                    go_on()
                    for one, other in pairs.tolist():
                        yield places[one], places[other]
        except VectorError:
            return  # the looks of the pictures find nearly all by themselves

    def _judge(self, one: int, other: int, turn: int | None) -> Verdict | None:
        ids = self._ids[one], self._ids[other]
        first, second = self._copies[ids[0]][0], self._copies[ids[1]][0]
        if self._are_apart(one, other):
            return None
        if ids in self._known:
            return self._known[ids]
        verdict = verify(self._features[one], self._features[other], turn, self._sensitivity)
        if verdict is not None and self._show_same_pixels(one, other, first, second):
            derived = saved_from(first.picture.format, second.picture.format)
            words = "saved in another way, without loss" if derived >= 0 else MADE[derived]
            verdict = Verdict(Relation.SAME_PIXELS, words, derived)
        if self._sensitivity is Sensitivity.EXACT and (verdict is None or verdict.relation != Relation.SAME_PIXELS):
            verdict = None
        if verdict is not None and may_tell(first.picture, second.picture):
            try:
                if is_another_shot(verdict, first, second):
                    verdict = Verdict(Relation.SCENE, "another shot of the same scene")
                else:
                    verdict = with_origin(verdict, first, second)
            except OSError:
                return verdict  # for this time: its drive is away, say
        if verdict is not None:
            verdict = with_raw_first(verdict, first, second)
        back = self._fresh.get((ids[1], ids[0]))
        if verdict is not None and back is not None and back.what.endswith(ENLARGED):
            verdict = as_enlarged(verdict, -back.derived)
        self._fresh[ids] = verdict
        return verdict

    def _look_again(self, one: int, other: int, verdict: Verdict) -> Verdict:
        ids = self._ids[one], self._ids[other]
        if ids not in self._fresh:
            return verdict  # looked at by an earlier run
        first, second = self._copies[ids[0]][0], self._copies[ids[1]][0]
        if may_tell(first.picture, second.picture):
            try:
                self._fresh[ids] = verdict = look_again(verdict, first, second)
            except OSError:
                del self._fresh[ids]  # for another time: its drive is away, say
        return verdict

    def _are_apart(self, one: int, other: int) -> bool:
        """Tell whether the user said so; or they are one file that two libraries know, or a movie and no movie."""
        ids = self._ids[one], self._ids[other]
        first, second = (self._copies[content_id][0] for content_id in ids)
        if first.picture.is_movie != second.picture.is_movie:
            return True
        return self._said_apart(*ids) or (first.path is not None and first.path == second.path)

    def _said_apart(self, one: int, other: int) -> bool:
        return (min(one, other), max(one, other)) in self._decided_apart

    def _show_same_pixels(self, one: int, other: int, first: Copy, second: Copy) -> bool:
        """Decode both in full where nothing that is kept of them differs."""
        if first.original is None or second.original is None:
            return False
        are_near = may_be_same(self._features[one], self._features[other])
        return are_near and self._pixels.are_same(first.original, second.original)

    # What to show

    def _group(self, copies: Sequence[Copy], star: Star) -> Group:
        keeper = copies[0]
        same = Verdict(Relation.SAME_BYTES, "a copy of the file")
        judged = [(copy, same) for copy in copies[1:]]
        for number, verdict in star.members.items():
            if number in star.seen_in:
                verdict = _seen_in(self._copies[self._ids[star.seen_in[number]]][0], verdict)
            judged += [(copy, verdict) for copy in self._copies[self._ids[number]]]
        reasons = {_why(keeper, copy, verdict) for copy, verdict in judged}
        said = "; ".join(sorted(reasons - {""})) or "nothing tells them apart; it comes first"
        kind = max((verdict.relation for _, verdict in judged), key=_ORDER.index)
        first = _member(keeper, "keeper", said)
        return Group(kind.value, "", (first, *(_judged(copy, verdict) for copy, verdict in judged)))

    def _series(self, series: Series) -> Group:
        copies = [self._copies[self._ids[number]][0] for number in series.pictures]
        return Group(SERIES, series.what, tuple(_member(copy, SERIES, series.what) for copy in copies))


def _why(keeper: Copy, other: Copy, verdict: Verdict) -> str:
    return why(keeper.picture, other.picture, verdict)


def _seen_in(between: Copy, verdict: Verdict) -> Verdict:
    """Say of what cannot be compared with the keeper itself what it is to another one of the group."""
    made = verdict.derived < 0
    words = f"{between.name} was made from it" if made else f"{verdict.what}, compared with {between.name}"
    return Verdict(verdict.relation, words)


def _judged(copy: Copy, verdict: Verdict) -> Member:
    source = {1: "keeper", -1: "member"}.get(verdict.derived)
    return _member(copy, verdict.relation.value, verdict.what, source)


def _member(copy: Copy, relation: str, reason: str, source: str | None = None) -> Member:
    picture = copy.picture
    return Member(
        photo_id=copy.photo_id,
        path=copy.path,
        name=copy.name,
        relation=relation,
        reason=reason,
        source=source,
        width=picture.width,
        height=picture.height,
        size_bytes=picture.size_bytes,
    )


def record_decision(catalog: Catalog, kind: Decision, photo_ids: Sequence[str]) -> None:
    """Record what the user says about photos: that all of them differ, that a pair is to be ignored, which to keep.

    Raises:
        SafelightError: There is no such photo, or too few were named.

    Writes: the catalog.
    """
    hashes = [_hash_of(catalog, photo_id) for photo_id in photo_ids]
    if kind is not Decision.KEEPER and len(set(hashes)) < 2:
        raise SafelightError("name two photos or more that are not the same file")
    with catalog.transaction():
        if kind is Decision.KEEPER:
            _keep(catalog, dict(zip(hashes, photo_ids, strict=True)))
        else:
            decide(catalog.db, kind, [(a, b) for n, a in enumerate(hashes) for b in hashes[:n] if a != b])


def record_keeper(catalog: Catalog, photo_id: str, of: Sequence[str]) -> None:
    """Record which photo to keep of several; whichever of them was chosen before no longer is.

    Raises:
        SafelightError: There is no such photo.

    Writes: the catalog.
    """
    hashes = [_hash_of(catalog, other) for other in of]
    chosen = _hash_of(catalog, photo_id)
    with catalog.transaction():
        forget_keepers(catalog.db, hashes)
        _keep(catalog, {chosen: photo_id})


def _keep(catalog: Catalog, chosen: Mapping[bytes, str]) -> None:
    """Record contents to keep; of files with the very same bytes the photo that was named."""
    forget_keepers(catalog.db, chosen)
    decide(catalog.db, Decision.KEEPER, [(content, photo_id.encode()) for content, photo_id in chosen.items()])


def remembering(catalog: Catalog, photo_ids: Sequence[str]) -> Callable[[], None]:
    """Return what makes the decisions on photos again what they are now, whatever is decided meanwhile.

    Raises:
        SafelightError: There is no such photo.
    """
    hashes = [_hash_of(catalog, photo_id) for photo_id in photo_ids]
    rows = decisions_on(catalog.db, hashes)

    def undo() -> None:
        with catalog.transaction():
            restore(catalog.db, hashes, rows)

    return undo


def forget_decisions(catalog: Catalog, photo_ids: Sequence[str]) -> int:
    """Forget what was decided about photos; returns how many decisions there were.

    Raises:
        SafelightError: There is no such photo.

    Writes: the catalog.
    """
    hashes = [_hash_of(catalog, photo_id) for photo_id in photo_ids]
    with catalog.transaction():
        return forget(catalog.db, hashes)


def _hash_of(catalog: Catalog, photo_id: str) -> bytes:
    row = catalog.db.execute(
        "SELECT c.hash FROM photo p JOIN content c ON c.id = p.content_id WHERE p.public_id = ?", (photo_id,)
    ).fetchone()
    if row is None:
        raise SafelightError(f"there is no photo {photo_id}; the ids are those that `safelight duplicates` shows")
    return row[0]
