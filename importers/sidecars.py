"""Which XMP sidecar belongs to which picture, by the names in one folder; nothing is opened.

Adobe, Capture One and others call it IMG.xmp, darktable and digiKam IMG.CR2.xmp. A name is bytes, as it is on disk.

Source: Adobe's "Metadata basics" (sidecars of RAW files only); darktable's and digiKam's manuals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from importers.formats import PROPRIETARY_RAW, worth_a_look

SUFFIX = b".xmp"


def sidecars(names: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """Find the sidecars of the pictures in a folder.

    A sidecar that is named after the whole name of a picture, IMG.CR2.xmp, belongs to that one. IMG.xmp belongs to the
    IMG that is a RAW file of a maker's own kind; if there is none, to every picture of that name. Case does not matter,
    but where two names differ by nothing else each keeps its own.

    Args:
        names: All names in one folder, in any order.

    Returns:
        Picture -> its sidecars, the one to read first: IMG.CR2.xmp before IMG.xmp, as it can mean nothing else.
        Pictures without any are left out.
    """
    all_names = sorted(names)
    pictures = [name for name in all_names if worth_a_look(_suffix(name).decode("latin-1"))]
    found: dict[bytes, list[bytes]] = {}
    by_name, by_stem = _grouped(pictures, whole=True), _grouped(pictures, whole=False)
    stems: dict[bytes, list[bytes]] = {}
    for sidecar in (name for name in all_names if _suffix(name) == SUFFIX):
        base = sidecar[: -len(SUFFIX)]
        for picture in _same_case_first(by_name.get(base.lower(), ()), base, whole=True):
            found.setdefault(picture, []).append(sidecar)
        for picture in _owners(_same_case_first(by_stem.get(base.lower(), ()), base, whole=False)):
            stems.setdefault(picture, []).append(sidecar)
    for picture, more in stems.items():
        found.setdefault(picture, []).extend(sorted(more, key=lambda name: name[: -len(SUFFIX)] != _stem(picture)))
    return {picture: tuple(found[picture]) for picture in sorted(found)}


def _grouped(pictures: Iterable[bytes], *, whole: bool) -> Mapping[bytes, list[bytes]]:
    groups: dict[bytes, list[bytes]] = {}
    for picture in pictures:
        groups.setdefault((picture if whole else _stem(picture)).lower(), []).append(picture)
    return groups


def _same_case_first(pictures: Iterable[bytes], base: bytes, *, whole: bool) -> list[bytes]:
    """Keep the pictures that a sidecar is named after to the letter; those in another case only if there is none."""
    alike = list(pictures)
    return [picture for picture in alike if (picture if whole else _stem(picture)) == base] or alike


def _owners(pictures: list[bytes]) -> list[bytes]:
    """Keep the RAW files that need a sidecar, if any."""
    return [picture for picture in pictures if _suffix(picture).decode("latin-1") in PROPRIETARY_RAW] or pictures


def _stem(name: bytes) -> bytes:
    stem, dot, _ = name.rpartition(b".")
    return stem if dot and stem else name


def _suffix(name: bytes) -> bytes:
    """Return what is behind the last dot, with it, in lower case."""
    stem, dot, last = name.rpartition(b".")
    return b"." + last.lower() if dot and stem else b""
