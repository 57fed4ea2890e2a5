"""What people and programs see of photos: found, shown whole, compared, grouped as duplicates, not readable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from safelight.draw import emit, emit_path, home_short, printable, remark, say, table

if TYPE_CHECKING:
    from indexer.search import Found
    from safelight.comparing import Compared
    from safelight.duplicates import Group
    from safelight.status import Problem


def photo_label(path: str | None, name: str, root: str | None = None) -> str:
    """Name a photo for people: by its path, where that tells its name.

    In a library files have names of their own ("originals/A/A1B2....heic"), and an original may be elsewhere: such a
    photo goes by its name and the library.

    Args:
        path: The original's.
        root: The library or folder that knows it.
    """
    if path:
        named, file = _plain(name), _plain(os.path.basename(path))  # noqa: PTH119 - display only, as above
        if named == file:
            return path
        if named.startswith(f"{file} ("):  # a virtual copy: "IMG_1.CR2 (Copy 1)"
            return path + name[len(file) :]
    return f"{name} in {root}" if root else name


def _plain(name: str) -> str:
    """Replace what names for people have replaced: a file's name need not be text."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def found_record(found: Found) -> dict[str, Any]:
    """Return a photo that was found as programs get it; without a score where nothing was compared."""
    place, score = found.place, _score(found)
    return {
        "id": place.photo_id,
        "path": str(place.path) if place.path else None,
        "name": place.name,
        **({} if score is None else {"score": round(score, 4)}),
        "source": place.source,
        "state": place.state,
        "taken_at": found.taken_at,
        "also_at": [str(other.path) if other.path else other.name for other in found.others],
    }


def found(photos: Sequence[Found]) -> None:
    """Print what was found, best first."""
    if not photos:
        return
    rows: list[list[str]] = []
    for one in photos:
        path = one.place.path and str(one.place.path)
        root = home_short(str(one.place.root)) if one.place.root.parts else None  # the helper does not tell
        where = home_short(photo_label(path, one.place.name, root))
        notes = [] if one.place.state == "here" else [one.place.state]
        notes += [f"and {len(one.others)} more"] if one.others else []
        score = _score(one)
        scores = [] if score is None else [f"{score:.3f}"]
        rows.append([*scores, where, (one.taken_at or "")[:10], one.place.photo_id, ", ".join(notes)])
    columns = [("photo", "left"), ("taken", "left"), ("id", "left"), ("", "left")]
    table(columns if _score(photos[0]) is None else [("score", "right"), *columns], rows)


def _score(found: Found) -> float | None:
    from indexer.search import Hit

    return found.score if isinstance(found, Hit) else None


def record(photo: dict[str, Any]) -> None:
    """Print what is known of a photo: one fact a line, then what belongs to it, then its places."""
    for name, value in photo.items():
        if name not in ("parts", "places") and (text := _in_words(name, value)):
            say(f"{name.replace('_', ' '):20}{printable(text)}")
    for part in photo["parts"]:
        say(f"{part['role']:20}{printable(part['path'] or part['name'])}")
    for place in photo["places"]:
        why = f": {printable(place['reason'])}" if place["state"] in ("skipped", "failed") else ""
        note = "" if place["state"] == "indexed" else f"  ({place['state']}{why})"
        path, name = place["path"], place["name"]
        where = photo_label(path, name, place["root"])
        if path and not where.startswith(path):
            where = f"{name}: {path}"
        say(f"{'in ' + place['source']:20}{printable(where)}{note}")


_WORDS: dict[str, dict[Any, str]] = {
    "taken_from": {"file": ""},  # file_date says it
    "favorite": {0: "", 1: "yes"},
    "edited": {0: "no", 1: "yes"},
    "flag": {-1: "rejected", 0: "", 1: "picked"},
}


def _in_words(name: str, value: Any) -> str:
    """Write a fact as people do; empty where there is nothing to say."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[Any]", value)))
    if name == "exposure_seconds" and 0 < value < 0.4:
        return f"1/{round(1 / value)}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _WORDS.get(name, {}).get(value, str(value))


def compared_record(photo: Compared) -> dict[str, Any]:
    """Return a compared photo as programs get it."""
    return {
        "id": photo.photo_id,
        "path": photo.path,
        "name": photo.name,
        "source": photo.source,
        "in": photo.side.name.removeprefix("ONLY_").lower(),
    }


def compared(photo: Compared, *, paths: bool, zero: bool) -> None:
    """Print a compared photo: its path, and its id beside it unless only paths are wanted."""
    if paths or zero:
        if photo.path:
            emit_path(photo.path, "\0" if zero else "\n")
    else:
        say(f"{photo.photo_id}\t{printable(photo_label(photo.path, photo.name))}")


def duplicates_record(group: Group) -> dict[str, Any]:
    """Return a group of duplicates, or a series, as programs get it."""
    return {
        "kind": group.kind,
        "what": group.what,
        "keeper": group.members[0].photo_id,
        "members": [
            {
                "id": member.photo_id,
                "path": member.path,
                "name": member.name,
                "relation": member.relation,
                "reason": member.reason,
                "made_from": member.source,
                "width": member.width,
                "height": member.height,
                "size_bytes": member.size_bytes,
                "part": member.part,
            }
            for member in group.members
        ],
    }


def duplicates(group: Group) -> None:
    """Print a group: what it is, then its photos, the one to keep first."""
    is_one = any(member.part for member in group.members)
    say(f"{group.what or group.kind}, {'1 photo' if is_one else f'{len(group.members)} photos'}")
    for member in group.members:
        mark = "keep" if member.relation == "keeper" else ""
        relation = "" if member.relation in ("keeper", "series") else f"{member.relation}: "
        reason = relation + ("" if member.relation == "series" and not member.part else member.reason)
        label = printable(home_short(photo_label(member.path, member.name)))
        say(f"  {mark:5}{member.photo_id}\t{label}\t{reason}")
    say()


def problems(found: Iterable[Problem], as_json: bool) -> None:
    """Print photos that could not be read; streams, so that a million fit."""
    problem = None
    for problem in found:
        if as_json:
            emit(asdict(problem))
        else:
            label = photo_label(problem.path, problem.name, problem.root)
            say(f"{problem.state}\t{printable(label)}\t{printable(problem.reason)}")
    if problem is None and not as_json:
        remark("No problems: all photos that were met could be read, and are there.")
