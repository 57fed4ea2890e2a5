"""All files of an export -> its photos: what belongs together, what is there twice, in which albums.

Google puts each photo into the folder of its year, and once more into that of each album. Files of different folders
with the same name but for its counter, the same length and the same checksum are one photo; the first, that of the
year's folder where there is one, stands for all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from importers.takeout_folders import Kind, kind_of
from importers.takeout_json import Album, Sidecar, read_json
from importers.takeout_names import split_counter, split_suffix
from importers.takeout_pairs import relate
from importers.takeout_parts import Entry

IsSame = Callable[[Entry, Entry], bool]
"""Tells whether two files of equal length have the same bytes."""

_ORDER = {Kind.YEAR: 0, Kind.OTHER: 1, Kind.BIN: 2, Kind.ALBUM: 3}
_ANIMATION = re.compile(r"-animation$", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Item:
    """A photo, or a video that is no photo's moving half.

    Attributes:
        entry: The file that stands for it.
        sidecar: Its JSON.
        kind: Of the folder.
        is_copy: Whether it shows edits or effects.
        original: What it is an edited copy of, where that is there.
        copies: What was made from it.
        motion: Its moving half.
        albums: By their titles.
        places: The same file in other folders.
    """

    entry: Entry
    sidecar: Entry | None
    kind: Kind
    is_copy: bool = False
    original: Entry | None = None
    copies: list[Entry] = field(default_factory=list[Entry])
    motion: Entry | None = None
    albums: list[str] = field(default_factory=list[str])
    places: list[Entry] = field(default_factory=list[Entry])

    @property
    def is_animation(self) -> bool:
        """Tell whether Google made it of several photos, to move."""
        return _ANIMATION.search(split_suffix(split_counter(self.entry.name).title)[0]) is not None


@dataclass(slots=True)
class Export:
    """What was found.

    Attributes:
        items: In the order of folders and names, years first.
        alone: JSON whose photo is not there.
        outside: Key -> file whose name leads out of the export.
    """

    items: list[Item] = field(default_factory=list[Item])
    alone: list[Entry] = field(default_factory=list[Entry])
    outside: dict[str, Entry] = field(default_factory=dict[str, Entry])


@dataclass(slots=True)
class _Folder:
    """The files of one folder, from whichever part."""

    media: dict[str, Entry] = field(default_factory=dict[str, Entry])
    json: dict[str, Entry] = field(default_factory=dict[str, Entry])


def assemble(entries: Iterable[Entry], is_same: IsSame) -> Export:
    """Find the photos among the files of all parts."""
    export = Export()
    folders: dict[str, _Folder] = defaultdict(_Folder)
    for entry in entries:
        if entry.problem and not entry.folder:
            export.outside.setdefault(entry.key, entry)
        elif entry.is_json:
            folders[entry.folder].json.setdefault(entry.name, entry)
        elif entry.is_media:
            _add(folders[entry.folder].media, entry)
    found: list[tuple[Kind, str, list[Item]]] = []
    for name, folder in folders.items():
        kind, items, alone = _read_folder(name, folder)
        found.append((kind, name, items))
        export.alone += alone
    merger = _Merger(is_same)
    for kind, _, items in sorted(found, key=lambda of: (_ORDER[of[0]], of[1])):
        export.items += merger.merge(items, into_others=kind is not Kind.BIN)
    return export


def _add(media: dict[str, Entry], entry: Entry) -> None:
    """Add a file; a part that is there twice adds nothing, another export under the same names adds what differs."""
    stem, suffix = split_suffix(entry.name)
    number = 1
    while (here := media.setdefault(entry.name, entry)) is not entry and here.size_bytes != entry.size_bytes:
        number += 1
        entry = replace(entry, name=f"{stem}#{number}{suffix}")


def _read_folder(name: str, folder: _Folder) -> tuple[Kind, list[Item], list[Entry]]:
    """Relate the files of one folder: its kind, its photos, and the JSON of photos that are not there."""
    read: dict[str, Sidecar | Album | None] = {}

    def contents(sidecar: str) -> Sidecar | Album | None:
        if sidecar not in read:
            entry = folder.json[sidecar]
            read[sidecar] = read_json(entry.part.read(entry))
        return read[sidecar]

    def title_of(sidecar: str) -> str | None:
        found = contents(sidecar)
        return found.title if isinstance(found, Sidecar) else None

    # "metadata.json" would be that of a "metadata.jpg"; only a look inside tells.
    albums = [known for known in folder.json if "." not in known[:-5] and isinstance(contents(known), Album)]
    kinship = relate(folder.media, [known for known in folder.json if known not in albums], title_of)
    used = set(kinship.sidecars.values())
    others = {known: contents(known) for known in sorted(folder.json) if known not in used}
    titles = [found.title for found in others.values() if isinstance(found, Album)]
    alone = [folder.json[known] for known, found in others.items() if isinstance(found, Sidecar)]
    kind = kind_of(name.partition("/")[2], has_album_json=bool(titles))

    items: dict[str, Item] = {}
    for known in sorted(folder.media):
        if known not in kinship.motion:
            sidecar = kinship.sidecars.get(known)
            entry, described = folder.media[known], folder.json[sidecar] if sidecar else None
            items[known] = Item(entry, described, kind, is_copy=known in kinship.copies)
            if kind is Kind.ALBUM:
                items[known].albums.append(titles[0] if titles else name.rpartition("/")[2])
    for video, still in kinship.motion.items():
        items[still].motion = folder.media[video]
    for copy, original in kinship.originals.items():
        items[copy].original = folder.media[original]
        items[original].copies.append(folder.media[copy])
    return kind, list(items.values()), alone


class _Merger:
    """Keeps what was met, by name and length, to find it again in other folders."""

    def __init__(self, is_same: IsSame) -> None:
        self._is_same = is_same
        self._met: dict[tuple[str, int], list[Item]] = defaultdict(list)

    def merge(self, items: Iterable[Item], *, into_others: bool) -> Iterator[Item]:
        """Yield those items of one folder that were not met in another; the others' albums go to those that were."""
        new: list[Item] = []
        for item in items:
            if into_others and not item.entry.problem and (known := self._find(item)) is not None:
                known.albums += [album for album in item.albums if album not in known.albums]
                known.places.append(item.entry)
                known.sidecar = known.sidecar or item.sidecar
                known.motion = known.motion or item.motion
                known.original = known.original or item.original
            else:
                new.append(item)
        if into_others:
            for item in (item for item in new if not item.entry.problem):
                self._met[_likeness(item.entry)].append(item)
        yield from new

    def _find(self, item: Item) -> Item | None:
        likely = self._met.get(_likeness(item.entry), ())
        # Two uploads of the same bytes stay two: each is found again once in a folder.
        free = (known for known in likely if all(place.folder != item.entry.folder for place in known.places))
        same = [known for known in free if self._is_same(known.entry, item.entry)]
        if len(same) > 1:
            told = _told(item)
            same.sort(key=lambda known: _told(known) != told)
        return same[0] if same else None


def _told(item: Item) -> object:
    """Read what sets two uploads of the same bytes apart."""
    found = read_json(item.sidecar.part.read(item.sidecar)) if item.sidecar else None
    return found.facts if isinstance(found, Sidecar) else None


def _likeness(entry: Entry) -> tuple[str, int]:
    return split_counter(entry.name).title.casefold(), entry.size_bytes
