"""Which files of a Takeout folder belong to another: edited copies, and the moving halves of photos. Names alone."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from importers.takeout_names import (
    MEDIA_UNITS,
    TitleOf,
    is_pixel_motion,
    is_video,
    match_sidecars,
    normal,
    split_counter,
    split_suffix,
    units,
)

EDITED = (
    "-edited",
    "-bearbeitet",
    "-modifié",
    "-modificato",
    "-ha editado",
    "-editado",
    "-editat",
    "-bewerkt",
    "-edytowane",
    "-編集済み",
    "-编辑",
)
"""What Google adds to the name of a copy that the user edited, in the languages that have been seen.

By these a copy is known even where its original is not there; in other languages its original must be, with its JSON.
"""

MADE = ("-effects", "-smile", "-mix", "-collage", "-animation", "-motion")
"""What it adds to pictures that it made itself; in English always."""

_ADDED = tuple(normal(added) for added in (*EDITED, *MADE))

_JOINERS = "\u200c\u200d"  # zero width non-joiner and joiner: within words of Persian and others
_STILLS_OF_LIVE_PHOTOS = (".heic", ".heif", ".jpg", ".jpeg")  # in the order in which they get the video


class Kinship(NamedTuple):
    """How the files of a folder belong together, all by name.

    Attributes:
        sidecars: Picture or video -> its JSON; an edited copy has its original's, a moving half its still's.
        copies: Edited copies, those included whose original is not there.
        originals: Edited copy -> what it was made from, where that is there.
        motion: Video -> the still that it is the moving half of.
    """

    sidecars: dict[str, str]
    copies: frozenset[str]
    originals: dict[str, str]
    motion: dict[str, str]


def relate(media: Collection[str], sidecars: Collection[str], title_of: TitleOf = lambda name: None) -> Kinship:
    """Tell which files of a folder belong together, and which JSON describes which."""
    own = match_sidecars(media, sidecars, title_of)
    motion = match_motion(media, own)
    originals = match_originals([name for name in media if name not in motion], own)
    absent = {original for original in originals.values() if original not in media}
    if absent:
        # Their JSON may be here although they are not; it must not be given to a third file meanwhile.
        own = match_sidecars([*media, *absent], sidecars, title_of)
        _describe_by_stem(absent, set(sidecars) - set(own.values()), own)
    for half, whole in (*originals.items(), *motion.items()):
        if half not in own and whole in own:
            own[half] = own[whole]
    return Kinship(
        {name: sidecar for name, sidecar in own.items() if name in media},
        frozenset(originals),
        {copy: original for copy, original in originals.items() if original not in absent},
        motion,
    )


def _describe_by_stem(absent: Iterable[str], free: Collection[str], own: dict[str, str]) -> None:
    """Find the JSON of originals of another kind than their copy: IMG_1.HEIC for IMG_1-edited.jpg."""
    for original in absent:
        if original not in own:
            stem = normal(split_suffix(original)[0]).casefold() + "."
            fitting = [sidecar for sidecar in free if normal(sidecar).casefold().startswith(stem)]
            if len(fitting) == 1:
                own[original] = fitting[0]


def match_originals(media: Iterable[str], described: Collection[str]) -> dict[str, str]:
    """Find what edited copies were made from.

    Args:
        media: Names of the pictures of a folder.
        described: Those with a JSON of their own; they are copies of nothing, whatever their names end in.

    Returns:
        Copy -> original. Where the original is in no part of the export, the name that it would have.
    """
    names = {normal(name): name for name in media}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for known in sorted(names):
        by_stem[split_suffix(known)[0].casefold()].append(known)
    whole = {normal(name) for name in described}
    found: dict[str, str] = {}
    for known, name in names.items():
        if name in described:
            continue
        suffix = split_suffix(known)[1]
        candidates = list(_originals(known))
        there = (_only(suffix, [one for one in by_stem[stem.casefold()] if one != known]) for stem in candidates)
        original = next((one for one in there if one), None)
        if original is None and (stem := _before_added_words(known)):
            alike = [one for one in by_stem[stem.casefold()] if one in whole and is_video(one) == is_video(known)]
            original = _only(suffix, alike)
        if original:
            found[name] = names[original]
        # Only where nothing was cut does the name say for sure what it is a copy of.
        elif candidates and units(split_counter(known).title) < MEDIA_UNITS:
            found[name] = candidates[0] + suffix
    return found


def _only(suffix: str, names: list[str]) -> str | None:
    """Return the one name of this suffix, or else the only one."""
    same = [name for name in names if split_suffix(name)[1].casefold() == suffix.casefold()]
    return (same or names)[0] if len(same or names) == 1 else None


def _before_added_words(name: str) -> str | None:
    """Return the original's stem where a dash and words follow it, which is what Google adds in any language."""
    title, counter = split_counter(name)
    stem, _, added = split_suffix(title)[0].rpartition("-")
    words = added.split(" ")
    if not stem or not all(words) or not all(map(_is_of_a_word, "".join(words))):
        return None
    return stem + (f"({counter})" if counter else "")


def _is_of_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in _JOINERS


def _originals(name: str) -> Iterator[str]:
    """Yield the stems that the original of an edited copy may have, likeliest first."""
    title, counter = split_counter(name)
    stem = split_suffix(title)[0]
    number = f"({counter})" if counter else ""
    for added in _ADDED:
        if stem.casefold().endswith(added) and len(stem) > len(added):
            yield stem[: -len(added)] + number
            yield from _originals(stem[: -len(added)] + number + split_suffix(title)[1])
    if units(title) < MEDIA_UNITS:
        return
    for length in range(max(map(len, _ADDED)), 0, -1):
        if any(length < len(added) and stem.casefold().endswith(added[:length]) for added in _ADDED):
            yield stem[:-length] + number
    if counter == 1:
        yield stem  # all that was added was cut off, and left two files of one name


def match_motion(media: Collection[str], described: Collection[str]) -> dict[str, str]:
    """Find the stills whose moving halves lie beside them.

    Args:
        media: Names of the pictures and videos of a folder.
        described: Those with a JSON of their own; Google writes one for both halves, named by the still.

    Returns:
        Video -> still.
    """
    stills: dict[str, list[str]] = defaultdict(list)
    for name in sorted(media, key=_order):
        if not is_video(name):
            stills[_stem(name)].append(name)
    videos = [name for name in media if is_video(name)]
    titles = {_stem(video) for video in videos}
    found: dict[str, str] = {}
    taken: set[str] = set()
    # The numbered come last: IMG_1(1).MP4 is the second video of the title IMG_1, whichever still that belongs to.
    for video in sorted(videos, key=lambda name: (split_counter(name).counter, name)):
        if video in described and not is_pixel_motion(video):
            continue
        own, title = _stem(video), _stem(split_counter(video).title)
        free = [still for key in (normal(video).casefold(), own) for still in stills.get(key, ()) if still not in taken]
        if not free and title in titles:
            others = [still for still in stills.get(title, ()) if still not in taken]
            free = others if len(others) == 1 else []
        if free:
            found[video] = free[0]
            taken.add(free[0])
    return found


def _stem(name: str) -> str:
    return split_suffix(normal(name))[0].casefold()


def _order(name: str) -> tuple[int, str]:
    suffix = split_suffix(name)[1].lower()
    live = _STILLS_OF_LIVE_PHOTOS
    return (live.index(suffix) if suffix in live else len(live), name)
