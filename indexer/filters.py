"""Filters on what is known of a photo -> one parameterised SQL condition on `photo`, and the contents it keeps.

Each filter is typed as text and read when the Filters are made, so that a mistake is one clear line before any work.
"""

from __future__ import annotations

import math
import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import QueryError
from indexer.spellings import paths_of
from indexer.tags import ALBUM, KEYWORD, KEYWORD_PATH, LABEL, MEDIA, PERSON, STEP, fold

_DATE = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d))?)?)?)?")
_AGO = re.compile(r"(\d{1,4}) ?(d|w|m|y)(?:ays?|eeks?|onths?|ears?)?(?: ago)?", re.IGNORECASE)
_FORMATS = {
    "jpg": "JPEG",
    "jpe": "JPEG",
    "tif": "TIFF",
    "heif": "HEIC",
    "hif": "HEIC",
    "jp2": "JPEG 2000",
    "ppm": "PNM",
}
_RAW = {"raw", "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "raf", "orf", "rw2", "pef", "srw"}
_EARTH_RADIUS_KM = 6371.0088
_KM_PER_DEGREE = math.pi * _EARTH_RADIUS_KM / 180

Condition = tuple[str, list[object]]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which photos may answer; conditions are joined by "and", the values of one by "or".

    Attributes:
        since: The first moment that counts: 2019, 2019-07, 2019-07-04, 2019-07-04T18:30, or an age: 30d, 2w, 6m, 1y.
        until: The last moment that counts, the whole of it: until 2019 takes in all of 2019.
        source: Kinds of source: "folder", "lightroom".
        folder: Folders and places: a path, or the bare name of a folder anywhere on a photo's path, in any case.
        camera: Words that the camera's name holds, in any case and order: "canon 5d".
        near: LAT,LON,KM in degrees and kilometres.
        place: Words that the name of the place holds, in any case and order: "reykjavik".
        text: Words that the title and the caption hold between them, likewise.
        format: File formats: "jpeg", "heic", "raw".
        person: Names of people, whole, in any case.
        album: Albums or collections, by name or with the folders they lie in: "Travel/Iceland".
        keyword: Keywords, likewise: "bee", "Animals/Insects"; what lies under a keyword counts as it.
        label: What the library's own recognition sees: "Beach".
        media: Kinds of picture: "video", "live", "panorama", "screenshot"...
        favorite: Only favourites.
        rating: Stars at least.
        now: What ages are counted from; by the clock where absent.
    """

    since: str | None = None
    until: str | None = None
    source: Sequence[str] = ()
    folder: Sequence[str] = ()
    camera: Sequence[str] = ()
    near: str | None = None
    place: Sequence[str] = ()
    text: Sequence[str] = ()
    format: Sequence[str] = ()
    person: Sequence[str] = ()
    album: Sequence[str] = ()
    keyword: Sequence[str] = ()
    label: Sequence[str] = ()
    media: Sequence[str] = ()
    favorite: bool = False
    rating: int | None = None
    now: datetime | None = None
    _conditions: tuple[Condition, ...] = field(init=False, repr=False, default=())
    _dates: tuple[str | None, str | None] = field(init=False, repr=False, default=(None, None))
    _plain: int = field(init=False, repr=False, default=0)  # conditions of dates and sources, which come first

    def __post_init__(self) -> None:
        """Read every filter.

        Raises:
            QueryError: One cannot be understood.
        """
        now = self.now or datetime.now()
        conditions: list[Condition] = []
        first = None if self.since is None else _span(self.since, now, "--since")[0]
        end = None if self.until is None else _span(self.until, now, "--until")[1]
        object.__setattr__(self, "_dates", (first, end))
        if first is not None:
            conditions.append(("photo.taken_at >= ?", [first]))
        if end is not None:
            conditions.append(("photo.taken_at < ?", [end]))
        if self.source:
            names = _source_names(self.source)
            conditions.append((f"photo.root_id IN (SELECT id FROM root WHERE source IN ({_marks(names)}))", [*names]))
        elif conditions:
            # Names every root, so that SQLite seeks in the index on (root_id, taken_at) in place of scanning it.
            conditions.append(("photo.root_id IN (SELECT id FROM root)", []))
        object.__setattr__(self, "_plain", len(conditions))
        conditions += [_any([_folder(name) for name in self.folder])] if self.folder else []
        conditions += [_any([_camera(words) for words in self.camera])] if self.camera else []
        conditions += [_near(self.near)] if self.near is not None else []
        for option, column, names in (("--place", _PLACE, self.place), ("--text", _TEXT, self.text)):
            conditions += [_any([_says(option, column, words) for words in names])] if names else []
        conditions += [_format(self.format)] if self.format else []
        for option, kinds, names in (
            ("--person", (PERSON,), self.person),
            ("--album", (ALBUM,), self.album),
            ("--keyword", (KEYWORD, KEYWORD_PATH), self.keyword),
            ("--label", (LABEL,), self.label),
            ("--media", (MEDIA,), self.media),
        ):
            conditions += [_any([_tag(option, kinds, name) for name in names])] if names else []
        conditions += [("photo.favorite = 1", [])] if self.favorite else []
        if self.rating is not None:
            conditions.append(("photo.rating >= ?", [self.rating]))
        object.__setattr__(self, "_conditions", tuple(conditions))

    def __bool__(self) -> bool:
        return bool(self._conditions)

    @property
    def are_dates_and_sources(self) -> bool:
        """Whether dates and sources are asked for and nothing else, so that Columns can answer, too."""
        return 0 < len(self._conditions) == self._plain

    @property
    def dates_and_sources(self) -> tuple[str | None, str | None, list[str]]:
        """The first moment that counts, the first after, as the catalog writes times, and the names of sources."""
        return *self._dates, _source_names(self.source)

    def where(self) -> Condition:
        """Return an SQL condition on `photo` and its parameters; "1" where everything passes.

        The connection must have been prepared; see prepare().
        """
        if not self._conditions:
            return "1", []
        return " AND ".join(sql for sql, _ in self._conditions), [p for _, params in self._conditions for p in params]


def prepare(db: sqlite3.Connection) -> None:
    """Teach a connection the functions that --near, names of folders and tags, and texts need."""
    db.create_function("distance_km", 4, distance_km, deterministic=True)
    db.create_function("leads_through", 2, _leads_through, deterministic=True)
    db.create_function("fold_path", 1, _fold_path, deterministic=True)
    db.create_function("fold", 1, fold, deterministic=True)


def kept_contents(db: sqlite3.Connection, filters: Filters) -> NDArray[np.int64]:
    """Return the ids of the contents that some photo passing the filters shows: int64 (K,), unordered, maybe repeated.

    300,000 photos, (source, date): 4-14 ms through the index photo_time; the others scan the table, 35-60 ms, or 200 ms
    for the bare name of a folder. SQLite joins the ids to one text, as 150,000 rows as Python objects cost 100 ms more.
    """
    where, params = filters.where()
    sql = f"SELECT group_concat(photo.content_id) FROM photo WHERE photo.content_id IS NOT NULL AND {where}"
    (text,) = db.execute(sql, params).fetchone()
    return np.fromstring(text or "", np.int64, sep=",")


def distance_km(
    latitude_a: float, longitude_a: float, latitude_b: float | None, longitude_b: float | None
) -> float | None:
    """Measure along the great circle between two points in degrees (haversine, mean Earth radius).

    None where the second is nowhere: SQLite asks that, too, of photos that the box before has not ruled out for sure.
    """
    if latitude_b is None or longitude_b is None:
        return None
    phi_a, phi_b = math.radians(latitude_a), math.radians(latitude_b)
    half_chord = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(longitude_b - longitude_a) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half_chord)))


def _span(text: str, now: datetime, option: str) -> tuple[str, str]:
    """Read a date or an age (which names a day) as [first second, first second after), as the catalog writes times."""
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            day = _before(now, int(ago[1]), ago[2].lower()).replace(hour=0, minute=0, second=0, microsecond=0)
            return day.isoformat(), _next(day, 3).isoformat()
        if found := _DATE.fullmatch(text):
            given = [int(part) for part in found.groups() if part is not None]
            first = datetime(*(given + [1, 1][len(given) - 1 :])[:6])  # type: ignore[arg-type]
            return first.isoformat(), _next(first, len(given)).isoformat()
    except (ValueError, OverflowError):
        pass
    raise QueryError(
        f'{option} "{text}" is no date; write 2019, 2019-07, 2019-07-04, 2019-07-04T18:30 or an age: 30d 2w 6m 1y'
    )


def _source_names(names: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def _next(first: datetime, parts: int) -> datetime:
    """Return the first moment after the year, month, day, minute or second that `first` opens."""
    if parts == 1:
        return first.replace(year=first.year + 1)
    if parts == 2:
        return (first + timedelta(days=31)).replace(day=1)
    return first + {3: timedelta(days=1), 5: timedelta(minutes=1), 6: timedelta(seconds=1)}[parts]


def _before(now: datetime, count: int, unit: str) -> datetime:
    if unit in "dw":
        return now - timedelta(days=count * (7 if unit == "w" else 1))
    months = now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1)
    for day in (now.day, 30, 29, 28):  # 31 March less a month is the last of February
        try:
            return now.replace(year=months // 12, month=months % 12 + 1, day=min(now.day, day))
        except ValueError:
            continue
    raise ValueError("before the year 1")


def _folder(name: str) -> Condition:
    """A path holds all below it; a bare name, in any case, matches that folder anywhere.

    Accents may be encoded either way. A photo lies where its file does, where the library or folder lies that knows it,
    and where an original lay that is not on this machine.
    """
    if "/" in name or os.sep in name or name in (".", "..", "~"):
        paths = paths_of(Path(name).expanduser())
        # As it was typed, too: a catalog that comes from Windows has D:/Photos.
        known = {path.decode("utf-8", "replace") for path in (os.fsencode(name), *paths)}
        return _any([*map(_below, paths), *map(_away_below, sorted(known))])
    if not name:
        raise QueryError("--folder is empty; give a path, or the name of a folder")
    return _called(name)


def _below(path: bytes) -> Condition:
    """A file below a path, or anything of a place that lies there."""
    path = path.rstrip(b"/")
    below = [path + b"/", path + b"0"]  # b"/" + 1 == b"0": every path below, as a range
    places = "SELECT id FROM root WHERE path = ? OR (path >= ? AND path < ?)"
    return f"photo.path >= ? AND photo.path < ? OR photo.root_id IN ({places})", [*below, path, *below]


def _away_below(path: str) -> Condition:
    path = path.rstrip("/")
    return f"photo.path IS NULL AND EXISTS ({_AWAY} AND name >= ? AND name < ?)", [path + "/", path + "0"]


def _called(name: str) -> Condition:
    places = "SELECT id FROM root WHERE leads_through(CAST(path || '/' AS BLOB), ?)"
    away = f"photo.path IS NULL AND EXISTS ({_AWAY} AND leads_through(name, ?))"
    return f"leads_through(photo.path, ?) OR photo.root_id IN ({places}) OR {away}", [_folded(os.fsencode(name))] * 3


def _leads_through(path: bytes | str | None, within: bytes) -> bool | None:
    """Tell whether a folder of this name is among those on a path; None where there is no path."""
    if path is None:
        return None
    folder = (path if isinstance(path, bytes) else os.fsencode(path)).rpartition(b"/")[0]
    return within in _folded(folder)


@lru_cache(maxsize=1024)  # photos come folder by folder, so that few names are folded twice
def _folded(folder: bytes) -> bytes:
    """Fold names of folders, with a slash at both ends, so that whole names can be looked for."""
    return os.fsencode(fold(f"/{os.fsdecode(folder)}/"))


_AWAY = "SELECT 1 FROM part WHERE photo_id = photo.id AND role = 'missing original'"
"""The path that a library has of an original which is not on this machine: part.name; see importers.base.Part."""


def _camera(words: str) -> Condition:
    if not words.split():
        raise QueryError('--camera is empty; give a part of its name, for example "canon 5d"')
    likes = ["%" + re.sub(r"([%_\\])", r"\\\1", word) + "%" for word in words.split()]
    return " AND ".join([r"photo.camera LIKE ? ESCAPE '\'"] * len(likes)), [*likes]


_PLACE = "photo.place"
_TEXT = "(coalesce(photo.title, '') || char(10) || coalesce(photo.caption, ''))"


def _says(option: str, column: str, words: str) -> Condition:
    """Match texts that hold every word, in any case and however their accents are encoded."""
    wanted = fold(words).split()
    if not wanted:
        raise QueryError(f'{option} is empty; give a word of it, for example {option} "iceland"')
    return " AND ".join([f"instr(fold(coalesce({column}, '')), ?) > 0"] * len(wanted)), [*wanted]


def _near(text: str) -> Condition:
    """A bounding box that the database can check fast, then the true distance."""
    try:
        latitude, longitude, km = (float(part) for part in text.split(","))
        if not (abs(latitude) <= 90 and abs(longitude) <= 180 and 0 < km < math.inf):
            raise ValueError
    except ValueError:
        raise QueryError(f'--near "{text}" is no place; write LAT,LON,KM in degrees and km: 64.15,-21.94,10') from None
    # The box reaches a little further than the circle, so that rounding drops nobody.
    reach = km / _KM_PER_DEGREE * 1.001 + 1e-6
    box: list[Condition] = [("photo.latitude BETWEEN ? AND ?", [latitude - reach, latitude + reach])]
    if abs(latitude) + reach < 90:  # else a pole lies inside, and with it every longitude
        angle = math.sin(math.radians(min(reach, 90))) / math.cos(math.radians(latitude))
        width = math.degrees(math.asin(min(1.0, angle))) * 1.001 + 1e-6
        spans = [
            ("photo.longitude BETWEEN ? AND ?", [longitude + turn - width, longitude + turn + width])
            for turn in (-360, 0, 360)
        ]
        box.append(_any([(sql, [*params]) for sql, params in spans]))  # +-360: over the date line
    box.append(("distance_km(?, ?, photo.latitude, photo.longitude) <= ?", [latitude, longitude, km]))
    return " AND ".join(sql for sql, _ in box), [p for _, params in box for p in params]


def _format(names: Sequence[str]) -> Condition:
    wanted = [_format_name(name.strip().lstrip(".").lower()) for name in names]
    return f"photo.content_id IN (SELECT id FROM content WHERE format COLLATE NOCASE IN ({_marks(wanted)}))", [*wanted]


def _format_name(name: str) -> str:
    return "RAW" if name in _RAW else _FORMATS.get(name, name)


def _tag(option: str, kinds: Sequence[str], name: str) -> Condition:
    """Match a tag by its last step, and by those before it where they are named; a keyword also by any step."""
    steps = [fold(step) for step in re.split(r"[/|]", name) if step.strip()]
    if not steps:
        raise QueryError(f"{option} is empty; give a name")
    sql, params = f"tag.kind IN ({_marks(kinds)}) AND tag.folded = ?", [*kinds, steps[-1]]
    if len(steps) > 1:
        sql += " AND instr(fold_path(tag.path), ?) > 0"
        params.append(STEP + STEP.join(steps) + STEP)
    whole = f"photo.id IN (SELECT photo_id FROM tag WHERE {sql})"
    alone: Condition = (whole, [*params])
    if KEYWORD_PATH not in kinds:
        return alone
    above = "photo.id IN (SELECT photo_id FROM tag WHERE tag.kind = ? AND instr(fold_path(tag.path), ?) > 0)"
    return _any([alone, (above, [KEYWORD_PATH, STEP + STEP.join(steps) + STEP])])


def _fold_path(path: str) -> str:
    """Return a tag's path with every step folded, and a mark at both ends, so that whole steps can be looked for."""
    return STEP + STEP.join(fold(step) for step in path.split(STEP)) + STEP


def _any(conditions: Sequence[Condition]) -> Condition:
    return "(" + " OR ".join(f"({sql})" for sql, _ in conditions) + ")", [p for _, params in conditions for p in params]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
