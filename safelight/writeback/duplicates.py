"""Groups of duplicates -> which photo is to carry which keyword; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from importers.base import Steps
from safelight.writeback.plan import Wish

ROOT: Steps = ("Safelight", "Duplicates")
KEEPER: Steps = (*ROOT, "keeper")
_DUPLICATE_OF = "duplicate of "

# "|" and "/" part the steps of a keyword, Lightroom allows no comma or semicolon, XML no control characters.
_NOT_IN_KEYWORDS = re.compile("[|/\\\\,;\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")


@dataclass(frozen=True, slots=True)
class Member:
    """A photo in a group.

    Attributes:
        photo_id: Ours.
        name: What to show people: "IMG_1.CR2".
        path: The original, as os.fsdecode gives it; None where it is not on this machine.
        ref: What its library calls it; None for plain folders.
    """

    photo_id: str
    name: str
    path: str | None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that show the same: the one to keep, and the others."""

    keeper: Member
    others: tuple[Member, ...]


def wishes(groups: Iterable[Group]) -> tuple[Wish, ...]:
    """Say what each photo is to carry: `Safelight|Duplicates|keeper`, or `Safelight|Duplicates|duplicate of NAME`.

    Args:
        groups: A photo may be in several.

    Returns:
        One wish a photo, in the order in which they are met.
    """
    found: dict[str, tuple[Member, dict[Steps, None]]] = {}
    for group in groups:
        duplicate_of: Steps = (*ROOT, _DUPLICATE_OF + _as_keyword(group.keeper.name))
        for member, keyword in ((group.keeper, KEEPER), *((other, duplicate_of) for other in group.others)):
            found.setdefault(member.photo_id, (member, {}))[1][keyword] = None
    return tuple(
        Wish(member.photo_id, member.name, member.path, member.ref, tuple(keywords), ROOT)
        for member, keywords in found.values()
    )


def is_ours(word: str) -> bool:
    """Tell whether a single word says by itself that it comes from us: no photographer writes it."""
    return word.startswith(_DUPLICATE_OF)


def _as_keyword(name: str) -> str:
    return _NOT_IN_KEYWORDS.sub("_", name).strip()
