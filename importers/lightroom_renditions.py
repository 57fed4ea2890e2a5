"""Which pictures of a catalog's photo are decoded: the smallest that is large enough and shows its present look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from importers.base import FileStamp, Known, Options, Rendition, Smaller, Span
from importers.lightroom_photo import FIRST_LYING, CatalogPhoto
from importers.lightroom_previews import PreviewFiles, Previews
from lrprev import LrprevError
from lrprev.preview import Confidence, Level

LEAST_EDGE = 512
"""Pixels of the shorter side that no model here needs more of: the largest takes 384 or 512."""

_THUMBNAIL_EDGE = 224
"""Pixels of the shorter side that every model here needs, so that less is a thumbnail."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What there is to decode of a photo.

    Attributes:
        renditions: Best first.
        stamp: Of the first one's file.
        problem: Why there is none; None where there is one.
    """

    renditions: tuple[Rendition, ...]
    stamp: FileStamp | None
    problem: str | None = None


def pictures_of(
    photo: CatalogPhoto, previews: Previews, options: Options, key: bytes = b"", known: Known | None = None
) -> Pictures:
    """Find a photo's pictures: current preview, Smart Preview, original, a mere thumbnail, older preview.

    A preview's file has to be opened to find the level in it; one that the caller knows at its stamp is left alone, and
    so is every other picture of that photo.
    """
    # Files that a preview is likely to be in are asked for by name: to list a folder takes ten times as long.
    likely = () if _takes_original_first(photo, options) else previews.likely(photo)
    if known and (pictures := _known_pictures(likely, key, known)):
        return pictures
    places = list(_places(photo, previews, options))
    if places and known and (pictures := _known_pictures(_files(places[0]), key, known)):
        return pictures
    current: list[Rendition] = []
    older: list[Rendition] = []
    damage: str | None = None
    for place in places:
        try:
            if isinstance(place, PreviewFiles):
                (current if place.is_current else older).append(_rendition(photo, previews, place))
            else:
                current.append(place)
        except (LrprevError, OSError) as error:
            damage = damage or f"its preview is damaged ({_why(error)})"
    if renditions := sorted(current, key=lambda rendition: _is_poor(photo, rendition)) + older:
        return Pictures(tuple(renditions), stamp_of(renditions[0].path))
    return Pictures((), None, _nothing(photo, damage))


def _files(place: PreviewFiles | Rendition) -> tuple[Path, ...]:
    return place.files if isinstance(place, PreviewFiles) else (place.path,)


def _takes_original_first(photo: CatalogPhoto, options: Options) -> bool:
    return options.originals and not photo.is_edited


def _known_pictures(paths: Iterable[Path], key: bytes, known: Known) -> Pictures | None:
    """Return the one file of the best picture that the caller has read before, unopened."""
    for path in paths:
        stamp = stamp_of(path)
        if stamp and known(key, stamp):
            return Pictures((Rendition(path),), stamp)
    return None


def stamp_of(path: Path) -> FileStamp | None:
    """Return a file's stamp; None where it cannot be told."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _places(photo: CatalogPhoto, previews: Previews, options: Options) -> Iterator[PreviewFiles | Rendition]:
    """Yield where pictures are, best first, none of them opened."""
    original = Rendition(photo.original) if photo.original and not photo.is_video else None
    original_first = _takes_original_first(photo, options)
    found = previews.find(photo)
    if original and original_first:
        yield original
    yield from (preview for preview in found if preview.is_current)
    if not photo.is_video and (smart := previews.smart(photo)):
        yield Rendition(smart, kind="Smart Preview")
    if original and not original_first:
        yield original
    yield from [preview for preview in found if not preview.is_current][:1]


def _rendition(photo: CatalogPhoto, previews: Previews, found: PreviewFiles) -> Rendition:
    preview, orientation = previews.read(photo, found)
    level = large_enough(preview.levels)
    width, height = upright(level.width, level.height, orientation)
    return Rendition(
        level.source if isinstance(level.source, Path) else found.files[0],
        width,
        height,
        edited=bool(photo.is_edited),
        kind=f"{'preview' if found.is_current else 'older preview'} {width}x{height}",
        span=Span(level.offset_bytes, level.length_bytes),
        orientation=orientation,
        profile=preview.pyramid.color_profile if preview.pyramid else None,
        smaller=tuple(_smaller(preview.levels, level)),
    )


def _smaller(levels: tuple[Level, ...], chosen: Level) -> Iterator[Smaller]:
    """Yield the levels below the chosen one in its file that are more than thumbnails."""
    for level in levels[: levels.index(chosen)]:
        edge, is_sure = min(level.width, level.height), level.confidence is Confidence.SURE
        if edge >= _THUMBNAIL_EDGE and is_sure and level.source is chosen.source:  # paths compare slowly
            yield Smaller(edge, Span(level.offset_bytes, level.length_bytes))


def _is_poor(photo: CatalogPhoto, rendition: Rendition) -> bool:
    """Tell whether a preview is but a thumbnail of a photo that looks the same in its original.

    Lightroom keeps such where nobody has looked at the photo since it was imported.
    """
    edge, whole = min(rendition.width or 0, rendition.height or 0), min(photo.width or 0, photo.height or 0)
    return rendition.span is not None and photo.is_edited is False and edge < min(_THUMBNAIL_EDGE, whole)


def large_enough(levels: tuple[Level, ...]) -> Level:
    """Return the smallest level that is worth decoding, or the largest one."""
    return next((level for level in levels if min(level.width, level.height) >= LEAST_EDGE), levels[-1])


def upright(width: int, height: int, orientation: int | None) -> tuple[int, int]:
    """Return a picture's width and height once it is turned."""
    return (height, width) if (orientation or 1) >= FIRST_LYING else (width, height)


def _nothing(photo: CatalogPhoto, damage: str | None) -> str:
    if photo.is_video:
        return damage or "a video, of which Lightroom keeps no preview"
    return f"{damage or 'Lightroom keeps no preview of it'}, and its original is not at {photo.stored_path}"


def _why(error: LrprevError | OSError) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
