"""Which photos of a Lightroom catalog have lost their original, and what is left of each. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from importers.lightroom import CatalogPhoto, open_catalog
from importers.lightroom_facts import name_of
from importers.lightroom_photo import ORIENTATIONS
from importers.lightroom_previews import Previews
from importers.lightroom_renditions import upright
from lrprev import LrprevError, Preview
from lrprev.errors import said
from safelight.errors import SafelightError
from safelight.recover.ledger import THUMBNAIL_EDGE

_SUFFIX = ".lrcat"


def catalog_at(path: Path) -> Path:
    """Return the catalog that a person means: the file itself, or the only one in a folder.

    Raises:
        SafelightError: There is nothing, or what is there is none; or the folder holds none, or several.
    """
    if not path.exists():
        raise SafelightError(f"{path} does not exist; check the spelling, or plug in the drive that holds it")
    if not path.is_dir():
        if path.suffix.lower() != _SUFFIX:
            raise SafelightError(f"{path} is no Lightroom catalog (.lrcat); name one, or the folder that holds it")
        return path
    try:
        found = sorted(file for file in path.glob("[!.]*") if file.suffix.lower() == _SUFFIX and file.is_file())
    except OSError as error:
        raise SafelightError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if not found:
        raise SafelightError(f"there is no Lightroom catalog (.lrcat) in {path}; name one, or the folder that holds it")
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise SafelightError(f"there are {len(found)} Lightroom catalogs in {path}; name one of them: {names}")
    return found[0]


@dataclass(frozen=True, slots=True)
class BestPreview:
    """The best picture that a photo's previews hold.

    Attributes:
        is_current: Whether it shows the photo as it was last edited.
        width: Pixels, upright.
        height: Pixels, upright.
        coverage: Its long edge as a part of the whole photo's, 1.0 being full size; None where that is not known.
        quality: "final" (1:1), "standard" or "smallRender"; None where Lightroom did not note it.
    """

    is_current: bool
    width: int
    height: int
    coverage: float | None
    quality: str | None

    @property
    def is_thumbnail(self) -> bool:
        """Whether it is too small to be of much use, as `recover` counts it."""
        return max(self.width, self.height) < THUMBNAIL_EDGE and (self.coverage is None or self.coverage < 1)


@dataclass(frozen=True, slots=True)
class LostPhoto:
    """A photo whose original is not on this machine.

    Attributes:
        stored_path: Where the catalog has the original.
        width: Pixels of the whole photo after its crop, upright; None where unknown.
        height: Likewise.
        preview: None where there is none that can be read.
        smart_preview: Its Smart Preview (DNG, 2560 pixels, unedited).
        damage: Why a preview that is there could not be read.
    """

    image_id: int
    uuid: str
    name: str
    stored_path: str
    width: int | None
    height: int | None
    preview: BestPreview | None
    smart_preview: Path | None
    damage: str | None

    @property
    def is_beyond_rescue(self) -> bool:
        """Whether no picture of it is left."""
        return self.preview is None and self.smart_preview is None


@dataclass(slots=True)
class Rescue:
    """A look through one catalog.

    Attributes:
        path: The .lrcat file.
        moved: (old, new) beginnings of paths: where folders lie now that the catalog knows at another place.
        photos: How many photos were looked at so far.
        remarks: After lost(): what people should know, a line each.
    """

    path: Path
    moved: Sequence[tuple[str, str]] = ()
    photos: int = 0
    remarks: list[str] = field(default_factory=list[str])

    def lost(self) -> Iterator[LostPhoto]:
        """Yield every photo and virtual copy whose original is missing, in the order of the catalog.

        Raises:
            ImporterError: The catalog cannot be read.
        """
        with open_catalog(self.path, self.moved) as catalog, Previews(catalog, thumbnails=True) as previews:
            for photo in catalog.photos():
                self.photos += 1
                if photo.original is None:
                    yield _lost(photo, previews)
            self.remarks += catalog.warnings
            self.remarks += previews.problems
            if previews.folder is None:
                self.remarks.append(f"There are no previews beside {self.path.name}.")


def _lost(photo: CatalogPhoto, previews: Previews) -> LostPhoto:
    best, damage = None, None
    for found in previews.find(photo):
        try:
            best = _best(photo, *previews.read(photo, found), is_current=found.is_current)
            break
        except (LrprevError, OSError) as error:
            damage = damage or said(error)
    if best is None:
        with suppress(LrprevError):
            thumbnail = previews.thumbnail(photo)
            best = _best(photo, *thumbnail, is_current=True) if thumbnail else None
    size = upright(photo.cropped_width or 0, photo.cropped_height or 0, ORIENTATIONS.get(photo.orientation or ""))
    return LostPhoto(
        photo.image_id,
        photo.uuid,
        name_of(photo),
        photo.stored_path,
        size[0] or None,
        size[1] or None,
        best,
        None if photo.is_video else previews.smart(photo),
        damage,
    )


def _best(photo: CatalogPhoto, preview: Preview, orientation: int | None, *, is_current: bool) -> BestPreview:
    largest = preview.levels[-1]
    full = max(photo.cropped_width or 0, photo.cropped_height or 0)
    coverage = preview.coverage or (max(largest.width, largest.height) / full if full else None)
    width, height = upright(largest.width, largest.height, orientation)
    return BestPreview(is_current, width, height, coverage, preview.pyramid and preview.pyramid.quality)
