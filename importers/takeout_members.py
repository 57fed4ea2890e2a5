"""Where the files of an export belong by their paths: to Google Photos, to another of Google's products, or nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import dropwhile
from typing import NamedTuple

from importers.takeout_folders import has_googles_name, is_google_photos
from importers.takeout_names import describes_a_picture, normal


class Member(NamedTuple):
    """Where an archive's file belongs by its name.

    Attributes:
        folder: As in Entry; None where it belongs to another of Google's products.
    """

    folder: str | None
    name: str
    problem: str | None = None


def sort_members(names: list[str]) -> list[Member]:
    """Tell of an archive's names which may lie in a Google Photos folder, under whatever name, and which are hostile.

    A folder that has Google's name is let through: what it is may show in another part of the export.
    """
    members = [_member(name) for name in names]
    products = {_product_of(member.folder or "") for member in members}
    ours = google_photos_among((member.folder or "", member.name) for member in members)
    ours |= {product for product in products if has_googles_name(product)}
    return [
        member if member.problem or _product_of(member.folder or "") in ours else member._replace(folder=None)
        for member in members
    ]


def hold_an_export(names: list[str]) -> bool:
    """Tell by the names in an archive that is not called as Google calls them whether it is a part of an export."""
    members = sort_members(names)
    ours = google_photos_among((member.folder or "", member.name) for member in members)
    is_whole = any(name.removeprefix("./").casefold().startswith("takeout/") for name in names)
    return any(is_whole or has_googles_name(product) for product in ours)


def google_photos_among(files: Iterable[tuple[str, str]]) -> set[str]:
    """Return which folders of an export hold Google Photos, by all that is known to lie in them.

    Args:
        files: (folder, name) of each, as in Entry.
    """
    inner: dict[str, set[str]] = defaultdict(set)
    describing: dict[str, str] = {}
    for folder, name in files:
        product, _, rest = folder.partition("/")
        inner[product].add(rest.partition("/")[0])
        if rest and product not in describing and describes_a_picture(name):
            describing[product] = name
    return {
        product
        for product, folders in inner.items()
        if product and is_google_photos(product, folders, (name for name in (describing.get(product),) if name))
    }


def _product_of(folder: str) -> str:
    return folder.partition("/")[0]


def _member(name: str) -> Member:
    # tar writes "./" before names where it is told to pack ".".
    parts = list(dropwhile(lambda part: part == ".", normal(name).split("/")))
    if parts and parts[0].casefold() == "takeout":
        parts.pop(0)
    is_hostile = not parts or any(part in ("", ".", "..") for part in parts) or "\\" in name or "\0" in name
    if is_hostile:
        return Member("", normal(name), "its name leads out of the export, which no name of Google's does")
    return Member("/".join(parts[:-1]), parts[-1])
