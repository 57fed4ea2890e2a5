"""All files of an export -> its photos: what belongs together, what is there twice, in which albums.

Google puts each photo into the folder of its year, and once more into that of each album. Files of different folders
with the same name but for its counter, the same length and the same checksum are one photo; the first, that of the
year's folder where there is one, stands for all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from importers.takeout_folders import Kind, is_year, kind_of
from importers.takeout_json import Album, Sidecar, read_json
from importers.takeout_layout import export_of
from importers.takeout_names import split_counter, split_suffix
from importers.takeout_pairs import Kinship, relate
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
    """The files of one folder, from whichever part.

    Attributes:
        media: By name; where two exports have other photos under one name, the second is called "IMG#2.jpg".
        json: By name, that of the younger export first.
        exports: Export -> name in it -> its JSON, or the entry in `media` that stands for its file.
        renamed: New name -> that in its export.
    """

    media: dict[str, Entry] = field(default_factory=dict[str, Entry])
    json: dict[str, Entry] = field(default_factory=dict[str, Entry])
    exports: dict[str, dict[str, Entry]] = field(default_factory=lambda: defaultdict[str, dict[str, Entry]](dict))
    renamed: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, entry: Entry, is_same: IsSame) -> None:
        """Add a file; a part that is there twice adds nothing, another export under the same names what differs."""
        own = self.exports[export_of(entry.part.path)]
        if entry.is_json:
            self.json.setdefault(entry.name, entry)
            own.setdefault(entry.name, entry)
            return
        standing = self._add_media(entry, is_same)
        own.setdefault(entry.name, standing)
        if standing.name != entry.name:
            self.renamed[standing.name] = entry.name

    def _add_media(self, entry: Entry, is_same: IsSame) -> Entry:
        stem, suffix = split_suffix(entry.name)
        number, new = 1, entry
        while (here := self.media.setdefault(new.name, new)) is not new:
            number += 1
            new = replace(entry, name=f"{stem}#{number}{suffix}")
            if here.size_bytes == entry.size_bytes and (here.problem or entry.problem or is_same(here, new)):
                break
        return here

    def of_export(self, entry: Entry) -> dict[str, Entry]:
        """Return what lies in this folder of the export that a file is of."""
        return self.exports[export_of(entry.part.path)]


def assemble(entries: Iterable[Entry], is_same: IsSame) -> Export:
    """Find the photos among the files of all parts."""
    export = Export()
    folders: dict[str, _Folder] = defaultdict(_Folder)
    for entry in entries:
        if entry.problem and not entry.folder:
            export.outside.setdefault(entry.key, entry)
        elif entry.is_json or entry.is_media:
            folders[entry.folder].add(entry, is_same)
    found: list[tuple[Kind, str, list[Item]]] = []
    with_years = {name.partition("/")[0] for name in folders if is_year(name)}
    for name, folder in folders.items():
        kind, items, alone = _Reading(folder).read(name, years_are_sure=name.partition("/")[0] in with_years)
        found.append((kind, name, items))
        export.alone += alone
    merger = _Merger(is_same)
    for kind, _, items in sorted(found, key=lambda of: (_ORDER[of[0]], of[1])):
        export.items += merger.merge(items, into_others=kind is not Kind.BIN)
    return export


class _Reading:
    """Relates the files of one folder."""

    def __init__(self, folder: _Folder) -> None:
        self._folder = folder
        self._contents: dict[Entry, Sidecar | Album | None] = {}
        self._kinships: dict[str, Kinship] = {}

    def read(self, name: str, *, years_are_sure: bool) -> tuple[Kind, list[Item], list[Entry]]:
        """Return the folder's kind, its photos, and the JSON of photos that are not there.

        Args:
            years_are_sure: Whether the folders of years have names that are known: then "Trip 2018" is an album. Its
                files stand for their photos in the order of the years all the same, for photos are known by them.
        """
        folder = self._folder
        kinship = self._relate(folder.media, folder.json)
        used = set(kinship.sidecars.values())
        others = {known: self._look(folder.json[known]) for known in sorted(folder.json) if known not in used}
        titles = [found.title for found in others.values() if isinstance(found, Album)]
        alone = [
            folder.json[known]
            for known, found in others.items()
            if isinstance(found, Sidecar) and not self._describes_in_its_export(known)
        ]
        kind = kind_of(name.partition("/")[2], has_album_json=bool(titles))

        is_album = kind is Kind.ALBUM or (kind is Kind.YEAR and years_are_sure and not is_year(name))

        items: dict[str, Item] = {}
        for known in sorted(folder.media):
            if known not in kinship.motion:
                entry = folder.media[known]
                items[known] = self._item(entry, kinship, kind)
                if is_album:
                    items[known].albums.append(titles[0] if titles else name.rpartition("/")[2])
        for video, still in kinship.motion.items():
            items[still].motion = folder.media[video]
        for copy, original in [*kinship.originals.items(), *self._originals_of_renamed()]:
            if {copy, original} <= items.keys():
                items[copy].original = folder.media[original]
                items[original].copies.append(folder.media[copy])
        return kind, list(items.values()), alone

    def _relate(self, media: Mapping[str, Entry], jsons: Mapping[str, Entry]) -> Kinship:
        def title_of(sidecar: str) -> str | None:
            found = self._look(jsons[sidecar])
            return found.title if isinstance(found, Sidecar) else None

        # "metadata.json" would be that of a "metadata.jpg"; only a look inside tells.
        albums = {known for known in jsons if "." not in known[:-5] and isinstance(self._look(jsons[known]), Album)}
        return relate(media, [known for known in jsons if known not in albums], title_of)

    def _look(self, entry: Entry) -> Sidecar | Album | None:
        if entry not in self._contents:
            self._contents[entry] = read_json(entry.part.read(entry))
        return self._contents[entry]

    def _in_export(self, export: str) -> Kinship:
        """Relate the files of one export alone."""
        if export not in self._kinships:
            files = self._folder.exports[export]
            jsons = {known: entry for known, entry in files.items() if entry.is_json}
            media = {known: entry for known, entry in files.items() if known not in jsons}
            self._kinships[export] = self._relate(media, jsons)
        return self._kinships[export]

    def _describes_in_its_export(self, sidecar: str) -> bool:
        exports = self._folder.exports
        having = [export for export in exports if sidecar in exports[export]] if len(exports) > 1 else []
        return any(sidecar in self._in_export(export).sidecars.values() for export in having)

    def _item(self, entry: Entry, kinship: Kinship, kind: Kind) -> Item:
        if name := self._folder.renamed.get(entry.name):
            own = self._in_export(export_of(entry.part.path))
            sidecar = own.sidecars.get(name)
            described_by = self._folder.of_export(entry)[sidecar] if sidecar else None
            return Item(entry, described_by, kind, is_copy=name in own.copies)
        sidecar = kinship.sidecars.get(entry.name)
        return Item(entry, self._json_of(entry, sidecar), kind, is_copy=entry.name in kinship.copies)

    def _json_of(self, entry: Entry, sidecar: str | None) -> Entry | None:
        """Return the JSON of that name for a file: its export's own, or else that of one where it is not another's."""
        files = self._folder.of_export(entry)
        if sidecar is None or sidecar in files:
            return files[sidecar] if sidecar else None
        others = (other for other in self._folder.exports.values() if other.get(entry.name) in (None, entry))
        if found := next((other[sidecar] for other in others if sidecar in other), None):
            return found
        own = self._in_export(export_of(entry.part.path)).sidecars.get(entry.name)
        return files[own] if own else None

    def _originals_of_renamed(self) -> Iterator[tuple[str, str]]:
        """Yield (copy, original) as they are called here."""
        for new, name in self._folder.renamed.items():
            entry = self._folder.media[new]
            original = self._in_export(export_of(entry.part.path)).originals.get(name)
            if original:
                yield new, self._folder.of_export(entry)[original].name


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
