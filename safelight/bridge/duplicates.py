"""Groups of near-duplicates, as the plug-in writes them onto the photos of one catalog."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from safelight.bridge.known import SOURCE, Known, RefSet
from safelight.bridge.matching import named
from safelight.bridge.paths import Comparison, nfc
from safelight.bridge.phrases import coded
from safelight.bridge.question import Ref
from safelight.service import Library

_NOWHERE = (Ref(None, None), "")


class Member(Protocol):
    """A photo in a group; the keeper's relation is "keeper"."""

    @property
    def photo_id(self) -> str:
        """Our id."""
        ...

    @property
    def relation(self) -> str:
        """What it is to the keeper."""
        ...

    @property
    def reason(self) -> str:
        """The same in words."""
        ...


class Group(Protocol):
    """Photos that are one, or, where the kind is "series", that belong together; the keeper first."""

    @property
    def kind(self) -> str:
        """What is least alike in it."""
        ...

    @property
    def members(self) -> Sequence[Member]:
        """Its photos."""
        ...


def for_catalog(
    library: Library, groups: Iterable[Group], catalog: str, within: Sequence[Ref] | None = None
) -> list[dict[str, Any]]:
    """Write groups for JSON: those with two photos or more that the catalog at path `catalog` may have.

    A file that was indexed both as a photo of the catalog and as one of a folder is one photo there.
    """
    groups = list(groups)
    places = _places(library, [member.photo_id for group in groups for member in group.members], catalog)
    known, scope = Known(library, catalog), None
    if within is not None:
        paths = Comparison((ref.path for ref in within), (ref.path for ref, _ in places.values()))
        scope = RefSet(within, paths)
    written: list[dict[str, Any]] = []
    for group in groups:
        members: list[dict[str, Any]] = []
        met: set[str] = set()
        for member in sorted(group.members, key=lambda m: places.get(m.photo_id, _NOWHERE)[0].uuid is None):
            ref, name = places.get(member.photo_id, _NOWHERE)
            path = None if ref.path is None else nfc(ref.path)
            if (ref.uuid is None and (path is None or path in met)) or (scope is not None and not scope.has(ref)):
                continue
            met |= {path} if path is not None else set()
            role = "series" if group.kind == "series" else "keeper" if member.relation == "keeper" else "duplicate"
            any_case = ref.uuid is None and ref.path is not None and known.any_case(ref.path)
            said = {"reason": member.reason, "phrases": coded(member.reason)}
            members.append({**named(ref, any_case=any_case), "name": name, "role": role, **said})
        if len(members) > 1:
            first = group.members[0].photo_id
            written.append({"id": group_id(first), "name": members[0]["name"], "kind": group.kind, "members": members})
    return written


def group_id(photo_id: str) -> str:
    """Name a group by its keeper: "dg" and eight letters or digits, so that one run names it as the last one did."""
    return "dg" + hashlib.blake2s(photo_id.encode(), digest_size=4).hexdigest()


def _places(library: Library, photo_ids: Sequence[str], catalog: str) -> dict[str, tuple[Ref, str]]:
    rows = library.catalog.db.execute(
        "SELECT photo.public_id, photo.key, photo.path, photo.name, root.source, root.path FROM photo"
        " JOIN root ON root.id = photo.root_id WHERE photo.public_id IN (SELECT value FROM json_each(?))",
        (json.dumps(photo_ids),),
    )
    places: dict[str, tuple[Ref, str]] = {}
    for photo_id, key, path, name, source, root in rows:
        uuid = key.decode("utf-8", "replace") if source == SOURCE and os.fsdecode(root) == catalog else None
        places[photo_id] = Ref(uuid, os.fsdecode(path) if path else None), name
    return places
