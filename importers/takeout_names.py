"""Which JSON describes which file, in one folder of a Google Takeout: told by names alone, nothing is opened.

Google names the JSON by the photo's real name, cuts it, and moves the counter of files of one name:

    IMG.jpg     IMG.jpg.supplemental-metadata.json       since the end of 2024
    IMG.jpg     IMG.jpg.json                             before; one export may hold both
    IMG(1).jpg  IMG.jpg(1).json                          the second photo called IMG.jpg
    x...x.jpg   x...x.supplem.json                       all before the counter is cut at 46 UTF-16 units

No JSON is better than a wrong one: where names allow two readings, the titles in the JSON decide; where these do not,
nothing is matched.

Source: real exports and the public issues of programs that read them, listed in docs/takeout.md.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from importers.formats import worth_a_look

SIDECAR_UNITS = 46
"""UTF-16 units that are kept of a JSON's name, before its counter and ".json"."""

MEDIA_UNITS = 51
"""UTF-16 units that are kept of a file's name, its suffix included, before its counter."""

SUPPLEMENT = ".supplemental-metadata"

TitleOf = Callable[[str], str | None]
"""Tells the title that the JSON of this name states; asked only where names do not decide."""

_COUNTER = re.compile(r"\((\d{1,4})\)$")
_SIDECAR = re.compile(r"[^.](\.\w{2,5})(?:\(\d+\))?(?:\.[a-z-]*)?(?:\(\d+\))?\.json$", re.IGNORECASE)
_LONGEST_SUFFIX = 6  # ".jpeg" and the like; what follows the last dot of a sentence is none


_VIDEO_SUFFIXES = """
.mp4 .mov .m4v .mp .mv .avi .mkv .webm .3gp .3g2 .mpg .mpeg .m2t .mts .m2ts .wmv .asf .divx .mod .tod .flv .mmv
"""
_VIDEOS = frozenset(_VIDEO_SUFFIXES.split())
_PIXEL_MOTION = re.compile(r"\.m[pv](~\d+)?$", re.IGNORECASE)


class Name(NamedTuple):
    """A file's name as a photo's title and the number that tells it from others of that title; 0 for the first."""

    title: str
    counter: int


def match_sidecars(
    media: Iterable[str], sidecars: Iterable[str], title_of: TitleOf = lambda name: None
) -> dict[str, str]:
    """Find the JSON that Google wrote for each file of a folder.

    Args:
        media: Names of pictures and videos.
        sidecars: Names of JSON files.
        title_of: Decides between files whose names are alike once they are cut.

    Returns:
        File name -> JSON name; without the files that have none, and those for which two might be meant.
    """
    return _Matching(media, sidecars, title_of).run()


def cut(text: str, units: int) -> str:
    """Cut text to so many UTF-16 units, as Google does; half a character is dropped."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")


def units(text: str) -> int:
    """Count UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_suffix(name: str) -> tuple[str, str]:
    """Split "IMG.1.jpg" into "IMG.1" and ".jpg"; what is too long to be a suffix is none."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem or not suffix or len(suffix) >= _LONGEST_SUFFIX or " " in suffix:
        return name, ""
    return stem, dot + suffix


def split_counter(name: str) -> Name:
    """Read "IMG(1).jpg" as the second file of the title "IMG.jpg"."""
    stem, suffix = split_suffix(name)
    match = _COUNTER.search(stem)
    return Name(stem[: match.start()] + suffix, int(match[1])) if match and match.start() else Name(name, 0)


def normal(name: str) -> str:
    """Return a name as it is compared: accents composed, for macOS and zips may write them apart."""
    return unicodedata.normalize("NFC", name)


def is_video(name: str) -> bool:
    """Tell by its suffix whether a file is a video."""
    return split_suffix(name)[1].lower() in _VIDEOS or is_pixel_motion(name)


def is_pixel_motion(name: str) -> bool:
    """Tell the moving half of a Pixel's photo by its suffix: .MP, .MV, .MP~2."""
    return _PIXEL_MOTION.search(name) is not None


def describes_a_picture(name: str) -> bool:
    """Tell by its name whether a JSON is most likely a picture's or video's: IMG.jpg.supplemental-metadata(1).json."""
    match = _SIDECAR.search(name)
    return match is not None and (worth_a_look(match[1]) or is_video(f"x{match[1]}"))


class _Matching:
    """One folder's names, and what is left of them after each rule."""

    def __init__(self, media: Iterable[str], sidecars: Iterable[str], title_of: TitleOf) -> None:
        self._title_of = title_of
        self._pools: dict[str, dict[int, str]] = defaultdict(dict)  # stem -> counter -> JSON
        for sidecar in sorted(sidecars):
            if sidecar.lower().endswith(".json"):
                stem = normal(sidecar[: -len(".json")])
                self._pools[stem].setdefault(0, sidecar)
                if counter := _COUNTER.search(stem):
                    self._pools[stem[: counter.start()]].setdefault(int(counter[1]), sidecar)
        self._by_fold: dict[str, list[str]] = defaultdict(list)
        for stem in self._pools:
            self._by_fold[stem.casefold()].append(stem)
        self._media = {name: self._read(normal(name)) for name in sorted(media)}
        self._free = {sidecar for pool in self._pools.values() for sidecar in pool.values()}
        self._found: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        for rule in (_cut_as_google_does, _not_cut, _cut_anywhere, self._in_another_case, _without_suffix):
            self._apply(rule)
        self._find_longer_names()
        for name, read in self._media.items():  # titles without suffix that end in a number of their own
            if read.counter and name not in self._found:
                self._media[name] = Name(normal(name), 0)
        self._apply(self._in_another_case)
        self._apply(_without_suffix)
        return self._found

    def _read(self, name: str) -> Name:
        """Decide whether a counter belongs to the title: it does where a JSON has it in its title, too."""
        counted = split_counter(name)
        if counted.counter:
            cut_ones = () if units(name) > MEDIA_UNITS else _cut_as_google_does(name)
            stems = (*cut_ones, *_not_cut(name), *_cut_anywhere(name))
            if not any(0 in self._pools.get(stem, ()) for stem in stems):
                return counted
        return Name(name, 0)

    def _apply(self, rule: Callable[[str], Iterable[str]]) -> None:
        """Match by one rule what is still without JSON, where it allows only one reading."""
        claims: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
        for name, (title, counter) in self._media.items():
            if name not in self._found:
                for stem in rule(title):
                    if stem in self._pools:
                        claims[stem][title].setdefault(counter, name)
        for stem, titles in claims.items():
            pool = {counter: sidecar for counter, sidecar in self._pools[stem].items() if sidecar in self._free}
            if len(titles) == 1 and stem.startswith(title := next(iter(titles))):
                self._pair_by_counter(titles[title], pool)
            else:
                self._pair_by_title(titles, pool)

    def _in_another_case(self, title: str) -> Iterator[str]:
        """Find IMG.jpg.json for IMG.JPG; no two files of a folder are told apart by that alone."""
        shown = split_suffix(title)[0]
        for stem in (*_cut_as_google_does(title), *_not_cut(title), *_cut_anywhere(title)):
            for known in self._by_fold.get(stem.casefold(), ()):
                if known != stem and known[: len(shown)] == shown[: len(known)]:
                    yield known

    def _pair_by_counter(self, names: dict[int, str], pool: dict[int, str]) -> None:
        for counter, name in names.items():
            if counter in pool:
                self._take(name, pool[counter])

    def _pair_by_title(self, titles: dict[str, dict[int, str]], pool: dict[int, str]) -> None:
        """Share out JSON files whose names show only a part of their titles."""
        stated = {sidecar: self._title_of(sidecar) for sidecar in pool.values()}
        fitting: dict[str, dict[int, str]] = {title: {} for title in titles}
        for counter, sidecar in sorted(pool.items()):
            known = stated[sidecar]
            matching = [title for title in titles if known is None or agrees(known, title)]
            # A name of nearly full length may have been cut, and may be whole: then its own JSON says just that.
            matching = [title for title in matching if known and normal(known) == title] or matching
            # Both halves of a live photo have the name; the JSON is the still's.
            matching = [title for title in matching if not is_video(title)] if len(matching) > 1 else matching
            if len(matching) == 1:
                fitting[matching[0]][counter] = sidecar
        for title, ones in fitting.items():
            if ones:
                self._share_out(title, titles[title], ones, pool if len(titles) > 1 or len(ones) < len(pool) else None)

    def _share_out(self, title: str, names: dict[int, str], ones: dict[int, str], pool: dict[int, str] | None) -> None:
        """Pair the files of one title with its JSON.

        With a part missing, what comes behind a gap in the counting might be another's, and is left.

        Args:
            pool: Counter -> JSON of all titles that are alike once they are cut; None where there is only this.
        """
        if pool is None:
            sure = _length_without_gap(ones)
            if all(self._title_of(one) is None for one in ones.values()):
                sure = max(ones) + 1
            if units(title) >= MEDIA_UNITS and len(names) > len(ones):
                sure = 1  # a file may be an edited copy that lost all but its counter, as others have it
            self._pair_by_counter({counter: name for counter, name in names.items() if counter < sure}, ones)
        elif len(names) == len(ones) == _length_without_gap(names) and len(pool) == _length_without_gap(pool):
            for counter, (_, sidecar) in enumerate(sorted(ones.items())):
                self._take(names[counter], sidecar)

    def _find_longer_names(self) -> None:
        """Match files whose names were cut with JSON files whose names were not."""
        # The longest stems of their JSON: what is longer only by its counter was cut.
        longer = [(stem, pool) for stem, pool in self._pools.items() if units(_COUNTER.sub("", stem)) > SIDECAR_UNITS]
        for name, (title, counter) in self._media.items():
            if name in self._found or units(title) < MEDIA_UNITS:
                continue
            fitting = {
                pool[counter]
                for stem, pool in longer
                if pool.get(counter) in self._free and agrees(stem.removesuffix(SUPPLEMENT), title)
            }
            if len(fitting) == 1:
                self._take(name, fitting.pop())

    def _take(self, name: str, sidecar: str) -> None:
        if name not in self._found and sidecar in self._free:
            self._found[name] = sidecar
            self._free.discard(sidecar)


def agrees(stated: str, title: str) -> bool:
    """Tell whether a JSON's title can be that of a file called `title`: cut, and with _ for what no name may hold."""
    stem, suffix = split_suffix(normal(title))
    whole = normal(stated)
    stated_stem, stated_suffix = split_suffix(whole)
    is_cut = units(title) >= MEDIA_UNITS - 1  # one less where the cut went through an emoji
    if stated_suffix.casefold() == suffix.casefold():
        return _begins(stated_stem, stem, is_cut)
    return bool(suffix) and _begins(whole, stem, is_cut and not stated_suffix)


def _begins(stated: str, shown: str, is_cut: bool) -> bool:
    if len(stated) < len(shown) or (len(stated) > len(shown) and not is_cut):
        return False
    return all(here in (there, "_") for here, there in zip(shown, stated, strict=False))


def _length_without_gap(counted: Container[int]) -> int:
    return next(number for number in itertools.count() if number not in counted)


# The rules, most exact first: title -> stems that its JSON may have.


def _cut_as_google_does(title: str) -> Iterator[str]:
    yield cut(title + SUPPLEMENT, SIDECAR_UNITS)
    if units(title) < SIDECAR_UNITS:
        yield title


def _not_cut(title: str) -> Iterator[str]:
    yield title + SUPPLEMENT
    yield title


def _cut_anywhere(title: str) -> Iterator[str]:
    for length in range(len(SUPPLEMENT) - 1, 0, -1):
        yield title + SUPPLEMENT[:length]


def _without_suffix(title: str) -> Iterator[str]:
    """Google gives a photo without suffix one, but not its JSON."""
    stem, suffix = split_suffix(title)
    if suffix:
        yield from _cut_as_google_does(stem)
        yield from _not_cut(stem)
        yield from _cut_anywhere(stem)
