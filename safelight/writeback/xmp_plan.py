"""Wishes -> a plan for XMP sidecars: which file, found or to be made, and what changes in it. Only reads.

Where there are two sidecars, each program reads its own: both are changed. A new one is planned only where programs
look for one, beside a RAW file of a maker's own kind. The picture itself is never written to.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from importers.base import Steps
from importers.formats import PROPRIETARY_RAW
from importers.sidecars import SUFFIX, sidecars
from importers.xmp import facts_of_packet
from safelight.writeback import files
from safelight.writeback.own_words import OwnWords
from safelight.writeback.plan import Change, LeftOut, Plan, Target, Wish
from safelight.writeback.xmp_edit import edited, new_sidecar


def plan_xmp(purpose: str, wishes: Iterable[Wish], home: Path, *, everywhere: bool = False) -> Plan:
    """Plan keywords in sidecars.

    Args:
        purpose: For people: "tag duplicates".
        wishes: What each photo is to carry.
        home: The data folder; its journal tells which words are the user's own.
        everywhere: Make sidecars for all kinds of pictures, not only for proprietary RAW files.

    Returns:
        The plan; each wish is a change, left out with a reason, or counted as unchanged.
    """
    wishes = list(wishes)
    own_words = OwnWords(home, [wish.photo_id for wish in wishes])
    folders: dict[bytes, _Folder] = {}
    changes: list[Change] = []
    left_out: list[LeftOut] = []
    unchanged = 0
    for wish in wishes:
        try:
            planned = _planned(wish, folders, own_words, everywhere=everywhere)
        except _LeaveOutError as reason:
            left_out.append(LeftOut(wish.photo_id, wish.name, str(reason), wish.picture))
        else:
            changes += planned
            unchanged += not planned
    return Plan(purpose, tuple(changes), tuple(left_out), unchanged)


class _LeaveOutError(Exception):
    """Why nothing is written for a photo."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """The names in one folder, listed once for all photos in it.

    Attributes:
        own: Picture -> the sidecars that are its alone.
    """

    names: frozenset[bytes]
    own: Mapping[bytes, tuple[bytes, ...]]

    @classmethod
    def of(cls, path: bytes) -> _Folder:
        names = os.listdir(path)  # noqa: PTH208  # names are bytes: they need not be text
        found = sidecars(names)
        owners = Counter(name for more in found.values() for name in more)
        own = {picture: tuple(name for name in more if owners[name] == 1) for picture, more in found.items()}
        return cls(frozenset(names), own)

    def new_sidecar(self, picture: bytes) -> bytes:
        """Name a sidecar that can be meant for this picture alone: IMG.xmp for a RAW file, as Adobe does."""
        stem, _, suffix = picture.rpartition(b".")
        alike = [name for name in self.names if name.rpartition(b".")[0].lower() == stem.lower() and _is_raw(name)]
        return stem + SUFFIX if suffix and alike == [picture] else picture + SUFFIX


def _planned(wish: Wish, folders: dict[bytes, _Folder], own_words: OwnWords, *, everywhere: bool) -> list[Change]:
    """Plan one photo; nothing where it carries already what it should."""
    if wish.picture is None:
        raise _LeaveOutError("the original is not on this computer")
    folder_path, name = os.path.split(os.fsencode(wish.picture))
    try:
        folder = folders.get(folder_path) or folders.setdefault(folder_path, _Folder.of(folder_path))
    except OSError as error:
        raise _LeaveOutError(f"the folder cannot be read: {_why(error)}") from error
    if name not in folder.names:
        raise _LeaveOutError("the original is not there")
    found = folder.own.get(name, ())
    if not found and not wish.keywords:
        return []
    if not found and not (everywhere or _is_raw(name)):
        raise _LeaveOutError(
            "programs keep keywords inside this kind of file, not in a sidecar; --all makes one anyway"
        )
    wanted = [os.path.join(folder_path, one) for one in found or (folder.new_sidecar(name),)]  # noqa: PTH118
    changes = [_change(wish, sidecar, own_words) for sidecar in wanted]
    return [change for change in changes if change]


def _change(wish: Wish, sidecar: bytes, own_words: OwnWords) -> Change | None:
    path = os.fsdecode(sidecar)
    try:
        content = files.read(Path(path))
        there = facts_of_packet(content).keyword_paths if content is not None else ()
        remove = tuple(steps for steps in there if _is_below(steps, wish.instead_of) and steps not in wish.keywords)
        staying = own_words.staying(wish.photo_id, remove, wish.instead_of)
        if content is None:
            new_sidecar(wish.keywords)
        elif edited(content, wish.keywords, remove, staying) == content:
            return None
        else:
            files.check_unprotected(Path(path))
    except files.NotOursError as error:
        raise _LeaveOutError(f"its sidecar {os.path.basename(path)} is left alone: {error}") from error  # noqa: PTH119
    except OSError as error:
        raise _LeaveOutError(f"its sidecar cannot be read: {_why(error)}") from error
    before = None if content is None else files.digest(content)
    return Change(Target.XMP, wish.photo_id, wish.picture, path, None, before, wish.keywords, remove, staying)


def _is_below(steps: Steps, above: Steps) -> bool:
    return len(steps) > len(above) and steps[: len(above)] == above


def _is_raw(name: bytes) -> bool:
    return os.fsdecode(os.path.splitext(name)[1]).lower() in PROPRIETARY_RAW  # noqa: PTH122


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
