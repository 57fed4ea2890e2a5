"""Telling shots of one scene from copies of one shot: pairs, bursts, brackets and time-lapses are no duplicates.

Pixels alone cannot always tell: two frames from a tripod differ by less than a file and its copy in lower quality. What
cameras write decides first, then how files are named; both only among pictures that were found alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev

from indexer.duplicates.groups import Found, Star
from indexer.duplicates.picture import Picture
from indexer.duplicates.verify import IN_ONE_PLACE, RETOUCHED, Relation, Verdict

RAW_AND_JPEG = "RAW and JPEG of one shot"
LIVE = "Live Photo"
BURST = "burst"
BRACKET = "exposure bracket"
TIME_LAPSE = "time-lapse"
SCENE = "shots of one scene"

_BURST_SECONDS = 3.0  # between one frame and the next
_BRACKET_SECONDS = 30.0
_PAIR_SECONDS = 10.0  # two shots of one scene are a series where no more lies between them
_STOPS = 1.3  # ratio of exposures that is no rounding
_FRAMES = 3  # from how many on frames alike are a series whatever is known of them
_QUARTER_HOUR_SECONDS = 900  # zones differ by multiples of it


@dataclass(frozen=True, slots=True)
class Series:
    """Shots that belong together.

    Attributes:
        what: "burst", "time-lapse", "exposure bracket", "RAW and JPEG of one shot", "Live Photo" or "shots of one
            scene".
        pictures: At least two; the one to show first comes first.
    """

    what: str
    pictures: list[int]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What was found, duplicates apart from series."""

    stars: list[Star]
    series: list[Series]


Walked = Callable[[int, Sequence[int]], bool]
"""Whether pictures that differ from the first in one place each show something that walks."""


def sort_out(
    found: Found,
    pictures: Mapping[int, Picture],
    order: Mapping[int, int],
    walked: Walked = lambda base, changed: False,
) -> Sorted:
    """Take series out of what was found.

    Args:
        pictures: What is known of each.
        order: The place of each among all, the best to keep first.
        walked: Asked about pictures that were changed in one place.
    """
    scene = {number: place for place, scene in enumerate(found.scenes) for number in scene}
    together = [set(one) for one in found.scenes]
    stars, series = list[Star](), list[Series]()
    shots = _named_alike(pictures)
    for star in found.stars:
        frames = _frames(star, pictures, scene, walked)
        raws = {n for n in star.members if n not in frames and _is_raw_pair(pictures[star.keeper], pictures[n])}
        if frames:
            together.append({star.keeper, *frames})
        if raws:
            shots.append({star.keeper, *raws})
        rest = {number: verdict for number, verdict in star.members.items() if number not in {*frames, *raws}}
        if rest:
            stars.append(replace(star, members=rest))
    copies = {number for star in stars for number in star.members}
    for group in _joined(together):
        members = sorted(group - copies, key=order.__getitem__)
        if len(members) > 1 and (what := _name(members, pictures)):
            series.append(Series(what, members))
    pairs = [Series(RAW_AND_JPEG, sorted(shot, key=order.__getitem__)) for shot in _joined(shots)]
    return Sorted(stars, [*pairs, *_live(pictures, order), *series])


def _named_alike(pictures: Mapping[int, Picture]) -> list[set[int]]:
    """List RAW files with what lies beside them under the same name: one shot, however else it was developed."""
    raws = {_place(picture): number for number, picture in pictures.items() if picture.format == "RAW"}
    shots = defaultdict[int, set[int]](set)
    for number, picture in pictures.items():
        raw = raws.get(_place(picture))
        if raw is None or picture.format == "RAW" or picture.is_movie or not Path(picture.folder).is_absolute():
            continue
        if not _other_time(pictures[raw], picture):
            shots[raw] |= {raw, number}
    return list(shots.values())


def _live(pictures: Mapping[int, Picture], order: Mapping[int, int]) -> Iterator[Series]:
    """Yield movies with the still beside each under the same name, where a library has the two as photos apart."""
    movies = {_place(picture): number for number, picture in pictures.items() if picture.is_movie}
    stills = defaultdict[int, list[int]](list)
    for number, picture in pictures.items() if movies else ():
        movie = movies.get(_place(picture))
        if movie is not None and not picture.is_movie and Path(picture.folder).is_absolute():
            stills[movie].append(number)
    for movie, several in stills.items():
        yield Series(LIVE, [min(several, key=lambda n: (pictures[n].format == "RAW", order[n])), movie])


def _place(picture: Picture) -> tuple[str, str]:
    return picture.folder, picture.stem.lower()


def _frames(star: Star, pictures: Mapping[int, Picture], scene: Mapping[int, int], walked: Walked) -> list[int]:
    """List the members of a group that are other shots than its keeper."""
    keeper = pictures[star.keeper]
    alike = [n for n, verdict in star.members.items() if _may_be_frame(keeper, pictures[n], verdict)]
    numbered = [n for n in alike if _is_numbered_with(keeper, pictures[n])]
    # Without what a camera wrote, numbered names count only where frames of that scene, or nothing else, were found.
    only_frames = len(numbered) == len(star.members) and len(numbered) >= _FRAMES - 1
    by_name = only_frames or star.keeper in scene or any(n in scene for n in numbered)
    # A clock that was set to another zone gives one shot two times; a third is that of another shot.
    shots = (pictures[n] for n in (star.keeper, *alike))
    zones = len({_seconds(shot) for shot in shots if _may_be_zones(keeper, shot)}) < _FRAMES
    panned = _panned(star, pictures)
    still = _walked_through(star, alike, pictures, walked) | _in_doubt(star, alike, pictures, scene)
    return [
        *panned,
        *(
            n
            for n in alike
            if n in still
            or _other_time(keeper, pictures[n], zones=zones)
            or (by_name and n in numbered and not _same_time(keeper, pictures[n]))
        ),
    ]


def _panned(star: Star, pictures: Mapping[int, Picture]) -> set[int]:
    """List the frames that a panorama was put together from: parts of it that the camera took at other times.

    A crop keeps its photo's time; of the frames one may have the panorama's.
    """
    keeper = pictures[star.keeper]
    parts = [n for n, verdict in star.members.items() if verdict.part and verdict.derived > 0]
    sizes = {pictures[n].size for n in parts if _other_time(keeper, pictures[n])}
    return {n for n in parts if pictures[n].size in sizes and pictures[n].camera is not None}


def _walked_through(star: Star, alike: Sequence[int], pictures: Mapping[int, Picture], walked: Walked) -> set[int]:
    """List the frames of a still view that something walks through: it is in another place in each of them.

    One mark that was written into a picture changes it in one place; nobody marks one picture in three ways and keeps
    none without.
    """
    keeper = pictures[star.keeper]
    changed = [n for n in alike if IN_ONE_PLACE in star.members[n].what and not _same_time(keeper, pictures[n])]
    return set(changed) if len(changed) >= _FRAMES - 1 and walked(star.keeper, changed) else set()


def _in_doubt(star: Star, alike: Sequence[int], pictures: Mapping[int, Picture], scene: Mapping[int, int]) -> set[int]:
    """List what differs by something that a mark or a retouch may be, from a shot beside which there are others."""
    keeper = pictures[star.keeper]
    return {
        n
        for n in alike
        if not _same_time(keeper, pictures[n])
        and (
            (IN_ONE_PLACE in star.members[n].what and (n in scene or star.keeper in scene))
            or (RETOUCHED in star.members[n].what and n in scene)
        )
    }


def _may_be_frame(keeper: Picture, other: Picture, verdict: Verdict) -> bool:
    return (
        keeper.size == other.size
        and verdict.relation in (Relation.RE_ENCODED, Relation.EDITED)
        and "black and white" not in verdict.what
    )


def _other_time(one: Picture, other: Picture, *, zones: bool = True) -> bool:
    """Tell whether cameras say that these were taken at two times.

    Args:
        zones: Whether a clock that was set to another zone may have given one shot both times.
    """
    if one.taken_at is None or other.taken_at is None or one.camera is None or one.camera != other.camera:
        return False
    return _seconds(one) != _seconds(other) and not (zones and _may_be_zones(one, other))


def _may_be_zones(one: Picture, other: Picture) -> bool:
    """Tell whether one camera's clock, set to two zones, may say both times."""
    if one.taken_at is None or other.taken_at is None or one.camera != other.camera:
        return False
    return (_seconds(one) - _seconds(other)) % _QUARTER_HOUR_SECONDS == 0


def _same_time(one: Picture, other: Picture) -> bool:
    return one.taken_at is not None and other.taken_at is not None and _seconds(one) == _seconds(other)


def _seconds(picture: Picture) -> float:
    assert picture.taken_at is not None
    return picture.taken_at.replace(tzinfo=None).timestamp()


def _is_numbered_with(one: Picture, other: Picture) -> bool:
    """Tell IMG_0412 and IMG_0413 in one folder: a camera's counter, not a copy's name."""
    if one.folder != other.folder or one.stem == other.stem:
        return False
    parts = [re.fullmatch(r"(.*?)(\d{3,})", picture.stem) for picture in (one, other)]
    if parts[0] is None or parts[1] is None:
        return False
    return parts[0][1] == parts[1][1] and len(parts[0][2]) == len(parts[1][2])


def _is_raw_pair(one: Picture, other: Picture) -> bool:
    """Tell a RAW file and the JPEG that the camera wrote with it."""
    if (one.format == "RAW") == (other.format == "RAW") or one.stem.lower() != other.stem.lower():
        return False
    return _same_time(one, other) or one.folder == other.folder


def _joined(sets: Sequence[set[int]]) -> list[set[int]]:
    """Join sets that share an element."""
    joined = list[set[int]]()
    where: dict[int, set[int]] = {}
    for one in sets:
        whole = set(one)
        for other in {id(where[n]): where[n] for n in one if n in where}.values():
            whole |= other
            joined.remove(other)
        joined.append(whole)
        where.update(dict.fromkeys(whole, whole))
    return joined


def _name(members: Sequence[int], pictures: Mapping[int, Picture]) -> str:
    """Name a series; "" where two pictures are merely of one place."""
    shots = [pictures[n] for n in members]
    if all(shot.series is not None and shot.series == shots[0].series for shot in shots):
        return BURST
    times = sorted(_seconds(shot) for shot in shots if shot.taken_at is not None)
    if len(times) < len(shots):
        return SCENE if len(members) >= _FRAMES else ""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if times[-1] - times[0] <= _BRACKET_SECONDS and _exposures_differ(shots):
        return BRACKET
    if max(gaps) <= _BURST_SECONDS:
        return BURST
    if len(gaps) >= _FRAMES and pstdev(gaps) < 0.25 * fmean(gaps):
        return TIME_LAPSE
    return SCENE if len(members) >= _FRAMES or max(gaps) <= _PAIR_SECONDS else ""


def _exposures_differ(shots: Sequence[Picture]) -> bool:
    """Tell a bracket: time or aperture change, and the light with them.

    A camera that sets the ISO number by itself changes that alone, or trades it for time.
    """
    exposures = [shot.exposure for shot in shots]
    seconds, apertures = [time for time, _, _ in exposures], [aperture for _, aperture, _ in exposures]
    light = [(time or 1.0) * (iso or 100.0) / (aperture or 1.0) ** 2 for time, aperture, iso in exposures]
    return max(_ratio(seconds), _ratio(apertures)) > _STOPS and _ratio(light) > _STOPS


def _ratio(values: Sequence[float | None]) -> float:
    """Return how many times the least of those that are known the largest is."""
    known = [value for value in values if value]
    return max(known) / min(known) if known else 1.0
