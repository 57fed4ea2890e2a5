"""What is to be written back: values that can be printed, kept as JSON, and looked at before anything is done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from importers.base import Steps
from safelight.errors import SafelightError

_FORMAT = 1


class Target(StrEnum):
    """Where answers can be written."""

    XMP = "xmp"
    LIGHTROOM = "lightroom"
    PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class Wish:
    """What one photo is to carry.

    Attributes:
        photo_id: Ours.
        name: What to show people.
        picture: The original's path, as os.fsdecode gives it; None where it is not on this machine.
        ref: What its library calls it; None for plain folders.
        keywords: To have, outermost step first.
        instead_of: Keywords below this one that are not in `keywords` go: they are ours, from an earlier run.
    """

    photo_id: str
    name: str
    picture: str | None
    ref: str | None
    keywords: tuple[Steps, ...]
    instead_of: Steps


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do.

    Attributes:
        target: Where.
        photo_id: Ours.
        picture: The original's path; never written to. None where it is not on this machine.
        path: The file to write, as os.fsdecode gives it; None where the target is no file.
        ref: What its library calls the photo; None for files.
        before: SHA-256 of the file as it was when this was planned, hex; None where there was none, or it is no file.
        add: Keywords to add, outermost step first.
        remove: Keywords to take away.
        staying: Single words of these that stay, as the user has them, too.
    """

    target: Target
    photo_id: str
    picture: str | None
    path: str | None
    ref: str | None
    before: str | None
    add: tuple[Steps, ...]
    remove: tuple[Steps, ...] = ()
    staying: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photo that nothing is written for, and why, for people.

    Attributes:
        picture: Its original's path, as os.fsdecode gives it; None where it is not on this machine.
    """

    photo_id: str
    name: str
    reason: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one command would do.

    Attributes:
        purpose: For people: "tag duplicates".
        changes: In the order in which they are made.
        left_out: What the target has no place for.
        unchanged: How many photos carry already what they should.
    """

    purpose: str
    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...] = ()
    unchanged: int = 0

    def to_json(self) -> str:
        """Write the plan; names that are no text survive as JSON's lone surrogates."""
        return json.dumps({"format": _FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan.

        Raises:
            SafelightError: It is none, or of a later version.
        """
        try:
            stored: dict[str, Any] = json.loads(text)
            if stored["format"] != _FORMAT:
                raise SafelightError(f"this plan is of format {stored['format']}; update Safelight, or plan anew")
            return cls(
                purpose=str(stored["purpose"]),
                changes=tuple(_change(change) for change in stored["changes"]),
                left_out=tuple(LeftOut(**one) for one in stored["left_out"]),
                unchanged=int(stored["unchanged"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SafelightError(f"this is no plan of Safelight ({error}); plan anew") from error


_NOT_FROM_HERE = {
    Target.LIGHTROOM: (
        "only Lightroom itself writes into its catalogs: there the plug-in tags duplicates, with"
        " Library > Plug-in Extras > Find Near-Duplicates (`safelight lightroom install` puts it there);"
        " `--to xmp` writes sidecars"
    ),
    Target.PHOTOS: (
        "Safelight does not write keywords into Apple Photos yet; without `--apply` you see which it would be, and"
        " `--to xmp` writes sidecars beside photos in folders"
    ),
}


def check_writable(target: Target) -> None:
    """Check that plans for a target can be carried out by this version.

    Raises:
        SafelightError: They can only be looked at; says what can be done instead.
    """
    if target in _NOT_FROM_HERE:
        raise SafelightError(_NOT_FROM_HERE[target])


def plan_library(purpose: str, target: Target, wishes: tuple[Wish, ...]) -> Plan:
    """Plan keywords in a library of another program; what it holds already is seen when they are written."""
    changes: list[Change] = []
    left_out: list[LeftOut] = []
    for wish in wishes:
        if wish.ref is None:
            left_out.append(LeftOut(wish.photo_id, wish.name, f"in no {_NAMES[target]} library", wish.picture))
        else:
            changes.append(Change(target, wish.photo_id, wish.picture, None, wish.ref, None, wish.keywords))
    return Plan(purpose, tuple(changes), tuple(left_out))


_NAMES = {Target.LIGHTROOM: "Lightroom", Target.PHOTOS: "Apple Photos", Target.XMP: "XMP"}


def _change(stored: dict[str, Any]) -> Change:
    change = Change(**stored)
    return replace(
        change,
        target=Target(change.target),
        add=tuple(tuple(map(str, steps)) for steps in change.add),
        remove=tuple(tuple(map(str, steps)) for steps in change.remove),
        staying=tuple(map(str, change.staying)),
    )
