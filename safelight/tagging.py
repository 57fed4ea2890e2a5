"""From groups of duplicates to a plan of keywords; nothing is written here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from indexer.catalog import Catalog
from indexer.tags import KEYWORD_PATH, STEP
from safelight.duplicates import SERIES, Group
from safelight.service import Library
from safelight.writeback import Group as TagGroup
from safelight.writeback import Member, Plan, Target, Wish, plan_xmp, wishes
from safelight.writeback.duplicates import ROOT
from safelight.writeback.plan import plan_library

PURPOSE = "tag duplicates"


def plan_tags(library: Library, groups: Iterable[Group], target: Target, *, everywhere: bool = False) -> Plan:
    """Plan the keywords that say which photo is the keeper of a group, and what the others are duplicates of.

    Series are no duplicates and get none; what was tagged before and is none any more loses its tags, once an index run
    has seen them.

    Args:
        library: Knows what other programs call its photos, and what was written for them before.
        groups: As find_duplicates yields them.
        target: Where the keywords are to go.
        everywhere: XMP: make sidecars for all kinds of pictures, not only for proprietary RAW files.
    """
    catalog = library.catalog
    tagged = wishes(_tag_groups(catalog, groups, target))
    tagged += tuple(_no_longer(catalog, {wish.photo_id for wish in tagged}, target))
    if target is Target.XMP:
        return plan_xmp(PURPOSE, tagged, library.home, everywhere=everywhere)
    return plan_library(PURPOSE, target, tagged)


def _tag_groups(catalog: Catalog, groups: Iterable[Group], target: Target) -> Iterator[TagGroup]:
    for group in groups:
        if group.kind != SERIES:
            keeper, *others = (_member(catalog, m.photo_id, m.name, m.path, target) for m in group.members)
            yield TagGroup(keeper, tuple(others))


def _no_longer(catalog: Catalog, still: set[str], target: Target) -> Iterator[Wish]:
    """Yield what carries tags of ours, and is in no group."""
    rows = catalog.db.execute(
        "SELECT DISTINCT p.public_id, p.name, p.path FROM photo p JOIN tag t ON t.photo_id = p.id"
        " WHERE t.kind = ? AND t.path >= ? AND t.path < ? AND p.state = 'indexed' ORDER BY p.path",
        (KEYWORD_PATH, STEP.join(ROOT) + STEP, STEP.join(ROOT) + chr(ord(STEP) + 1)),
    ).fetchall()
    for photo_id, name, path in rows:
        if photo_id not in still:
            member = _member(catalog, photo_id, name, path and os.fsdecode(path), target)
            yield Wish(photo_id, name, member.path, member.ref, (), ROOT)


def _member(catalog: Catalog, photo_id: str, name: str, path: str | None, target: Target) -> Member:
    (source, key) = catalog.db.execute(
        "SELECT r.source, p.key FROM photo p JOIN root r ON r.id = p.root_id WHERE p.public_id = ?", (photo_id,)
    ).fetchone()
    return Member(photo_id, name, path, key.decode() if source == target.value else None)
