"""From pairs that may be one picture to groups around the one to keep, and to series of one scene.

Stars, not chains: whatever is in a group was compared with its keeper itself; or, where the user chose that, with a
picture that was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from indexer.duplicates.keeper import tells_by_size
from indexer.duplicates.verify import MADE, Relation, Verdict

Judge = Callable[[int, int], Verdict | None]
"""What the second picture is to the first."""
IsSource = Callable[[int, int, Verdict], bool]
"""Whether the second picture was made from the first, which is to be kept rather; what the first is to the second."""
LookAgain = Callable[[int, int, Verdict], Verdict]
"""What a picture with fewer pixels is to the first one, looked at more closely."""
Apart = Callable[[int, int], bool]
"""Whether two pictures must not be in one group, whatever they show."""


@dataclass(slots=True)
class Star:
    """A keeper and what was made of it.

    Attributes:
        keeper: Number of the picture to keep.
        members: Number -> what it is to the keeper; of those in `seen_in`, what it is to the one named there.
        seen_in: Members that cannot be compared with a keeper that was chosen -> the member that both are one with.
    """

    keeper: int
    members: dict[int, Verdict] = field(default_factory=dict[int, Verdict])
    seen_in: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found.

    Attributes:
        stars: Groups of at least two.
        scenes: Pictures that show one scene, at least two each: series, where they were taken one after the other.
    """

    stars: list[Star]
    scenes: list[list[int]]


def group(
    order: Sequence[int],
    pairs: Iterable[tuple[int, int]],
    judge: Judge,
    chosen: Collection[int] = (),
    apart: Apart = lambda one, other: False,
    order_without_size: Sequence[int] | None = None,
    is_source: IsSource = lambda source, made, verdict: (
        verdict.derived < 0 and verdict.relation is not Relation.RESIZED
    ),
    look_again: LookAgain = lambda keeper, smaller, verdict: verdict,
) -> Found:
    """Group pictures.

    Args:
        order: All pictures, the one that is best to keep first.
        pairs: Which are worth a comparison.
        judge: Compares two; asked at most once about each pair, or once in each direction.
        chosen: Those that the user wants to keep; each is the keeper of its group, the first where there are several.
        apart: Asked about a chosen picture and what was not compared with it.
        order_without_size: The same as `order`, among pictures of which the larger file is not the better one; None:
            `order`.
        is_source: Asked about pictures of which one was made from the other.
        look_again: Asked about a keeper and the best of the smaller versions of it: what enlarged that has more pixels.
    """
    return _Grouping(order, pairs, judge, chosen, apart, order_without_size or order, is_source, look_again).run()


class _Grouping:
    def __init__(
        self,
        order: Sequence[int],
        pairs: Iterable[tuple[int, int]],
        judge: Judge,
        chosen: Collection[int],
        apart: Apart,
        order_without_size: Sequence[int],
        is_source: IsSource,
        look_again: LookAgain,
    ) -> None:
        self._order, self._judge, self._chosen, self._apart = order, judge, chosen, apart
        self._is_source, self._look_again = is_source, look_again
        self._near: Mapping[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            self._near[one].add(other)
            self._near[other].add(one)
        self._place = {picture: place for place, picture in enumerate(order)}
        self._place_without_size = {picture: place for place, picture in enumerate(order_without_size)}
        self._known: dict[tuple[int, int], Verdict | None] = {}
        self._taken: set[int] = set()
        self._scene: dict[int, int] = {}  # union-find: chains are what series are

    def run(self) -> Found:
        stars = list[Star]()
        for picture in self._order:
            if picture in self._taken or picture not in self._near:
                continue
            star = self._chosen_star(picture) if picture in self._chosen else self._best_star(picture)
            self._taken.add(star.keeper)
            self._taken.update(star.members)
            if star.members:
                stars.append(star)
        scenes: dict[int, list[int]] = defaultdict(list)
        for picture in self._order:
            if picture in self._scene:
                scenes[self._root(picture)].append(picture)
        return Found(stars, list(scenes.values()))

    def _star(self, keeper: int) -> Star:
        """Compare the keeper with all that is near it, then with what is near two of those that it is one with.

        Near one of them alone is what chance brings near; where there is but one, that must do.
        """
        star = Star(keeper)
        met = {keeper}
        ring = self._near[keeper] - met - self._taken
        while ring:
            met |= ring
            joined = False
            for other in sorted(ring, key=self._place.__getitem__):
                verdict = self._verdict(keeper, other)
                if verdict is not None and verdict.relation is not Relation.SCENE:
                    star.members[other] = verdict
                    joined = True
            seen = Counter(far for other in star.members for far in self._near[other]) if joined else Counter[int]()
            ring = {far for far, times in seen.items() if times >= min(2, len(star.members))} - met - self._taken
        return star

    def _chosen_star(self, picture: int) -> Star:
        """Group around the picture that the user chose all that would be with it, had the user not chosen.

        Of these a crop or a mirrored one is not like all; yet they are one with what both were made from.
        """
        star = self._star(picture)
        if not star.members:
            return star
        best = self._best_star(min(star.members, key=self._place_unchosen))
        if best.keeper in star.members:
            for other, verdict in best.members.items():
                if other not in star.members and other != picture and not self._apart(picture, other):
                    star.members[other] = verdict
                    star.seen_in[other] = best.keeper
        return star

    def _best_star(self, picture: int) -> Star:
        """Group around a picture; or around the file that it was made from, or one that is no worse, but older.

        Among edits the rules may go round in a circle: the oldest is kept rather than an edit of it, a larger encoding
        rather than the oldest, and an edit rather than that. Then the oldest of those that were met is kept.
        """
        star = self._widest_star(picture)
        tried = {star.keeper: star}
        while (better := self._better(star, tried)) is not None:  # that one may have been made from another
            star = tried[better] = self._star(better)
        if len(tried) > 1 and self._better(star, ()) is not None:
            return tried[min(tried, key=self._place_without_size.__getitem__)]
        return star

    def _better(self, star: Star, tried: Collection[int]) -> int | None:
        """Return the member to keep rather than the keeper.

        Copies and edits of one size are told by their age. The oldest may have better copies, though, than itself.
        """
        self._look_at_best_smaller(star)
        members = {n: verdict for n, verdict in star.members.items() if n not in tried}
        sources = [n for n, v in members.items() if self._is_source(n, star.keeper, v)]
        if sources:  # rather the one that was not turned
            return min(sources, key=lambda n: (members[n].relation is Relation.TURNED, self._place[n]))
        equals = [n for n, v in members.items() if not v.derived and n not in self._chosen]
        for place, by_size in ((self._place_without_size, False), (self._place, True)):
            alike = [n for n in equals if tells_by_size(members[n].relation) is by_size]
            best = min([star.keeper, *alike], key=place.__getitem__)
            if best != star.keeper:
                return best
        return None

    def _look_at_best_smaller(self, star: Star) -> None:
        turned = Relation.TURNED
        smaller = [n for n, v in star.members.items() if v.derived and not v.part and v.relation is not turned]
        if not smaller or star.keeper in self._chosen:
            return
        best = min(smaller, key=self._place.__getitem__)
        verdict = self._look_again(star.keeper, best, star.members[best])
        self._known[star.keeper, best] = star.members[best] = verdict

    def _widest_star(self, picture: int) -> Star:
        """Group around a picture, or around what it was made from.

        Screenshots and pictures with captions may have more pixels than the photo in them; yet all its other copies
        are nearer to the photo. So the best one that shows another part is tried as well.
        """
        star = self._star(picture)
        parts = [other for other, verdict in star.members.items() if verdict.part]
        if 2 * len(parts) <= len(star.members):
            return star
        other = self._star(min(parts, key=self._place_unchosen))
        sources = star.members[other.keeper].derived < 0
        return other if (len(other.members), sources) > (len(star.members), False) else star

    def _place_unchosen(self, picture: int) -> tuple[bool, int]:
        return picture in self._chosen, self._place[picture]

    def _verdict(self, one: int, other: int) -> Verdict | None:
        if (one, other) in self._known:
            return self._known[one, other]
        back = self._known.get((other, one))
        if (other, one) in self._known and (back is None or back.relation is Relation.SCENE):
            return back
        if self._is_scene(one, other):
            return Verdict(Relation.SCENE, "one of a series")
        verdict = self._judge(one, other)
        if verdict is None and back is None and one in self._chosen:  # what a photo shows, a crop may not find in it
            back = self._known[other, one] = self._judge(other, one)
        if back is not None and (verdict is None or verdict.relation is Relation.SCENE):
            verdict = turned_round(back)
        self._known[one, other] = verdict
        if verdict is not None and verdict.relation is Relation.SCENE:
            self._scene[self._root(other)] = self._root(one)
            self._scene.setdefault(self._root(one), self._root(one))
        return verdict

    def _is_scene(self, one: int, other: int) -> bool:
        return one in self._scene and other in self._scene and self._root(one) == self._root(other)

    def _root(self, picture: int) -> int:
        while (above := self._scene.get(picture, picture)) != picture:
            picture = above
        return picture


def turned_round(verdict: Verdict) -> Verdict:
    """Say what the first picture is to the second, knowing what the second is to the first."""
    derived = -verdict.derived
    return replace(verdict, derived=derived, what=MADE.get(derived, verdict.what))
