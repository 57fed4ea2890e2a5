"""What a Lightroom catalog says of one photo, as values: nothing here reads anything."""

from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

# Adobe_images.orientation: A is the screen's top-left corner, B top-right, C bottom-right, D bottom-left; the pair says
# where the stored picture's top-left and top-right corners end up. Every reader agrees on AB, BC, CD and DA. The
# mirrored ones follow from the geometry; some readers have 5 and 7 the other way round, and no sample shows them.
ORIENTATIONS = {"AB": 1, "BA": 2, "CD": 3, "DC": 4, "AD": 5, "BC": 6, "CB": 7, "DA": 8}
FIRST_LYING = 5
"""Orientations from here on exchange width and height."""


class Position(NamedTuple):
    """Where a photo was taken: degrees, north and east positive; metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


class Exposure(NamedTuple):
    """How a photo was exposed. None where unknown.

    Attributes:
        shutter_seconds: 1/30 stays 1/30.
        aperture: The f-number.
        iso: The sensitivity.
        focal_length_mm: Of the lens, not its 35 mm equivalent.
        flash_fired: Whether the flash fired.
    """

    shutter_seconds: Fraction | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_length_mm: float | None = None
    flash_fired: bool | None = None


class Stack(NamedTuple):
    """A pile of photos in one folder; position 1 lies on top."""

    stack_id: int
    position: int | None


class CatalogPhoto(NamedTuple):  # a tuple: its class is made in a moment, a dataclass of so many fields in several ms
    """One photo of a catalog, or one virtual copy of it. None and empty mean that the catalog does not say.

    Attributes:
        image_id: Adobe_images.id_local: what previews.db, stacks and collections point to.
        uuid: Adobe_images.id_global: names the image for ever; a virtual copy has its own.
        file_uuid: AgLibraryFile.id_global: names the file and its previews; virtual copies share it.
        root_path: The root folder as stored, "/" at the end: "C:/Users/me/Pictures/", "/Volumes/Photos/".
        folder_path: The folder below the root, "/" at the end or empty.
        base_name: The file's name without the extension.
        extension: Without the dot, as written on disk; may be empty.
        original: The file on this machine, or None where it is missing.
        sidecar_extensions: Files of the same base name that belong to this one: "xmp", or "JPG" of a RAW+JPEG pair.
        master_id: The image_id of the photo whose virtual copy this is.
        copy_name: What Lightroom shows for a virtual copy: "Copy 1".
        capture_time: As stored: ISO 8601, with or without a fraction and a zone; may be cut after any part.
        taken_at: The same as a time. The zone comes from the XMP where only that has one for the same wall clock.
        orientation: "AB" for upright and seven others; pixels are stored unturned. None for videos.
        develop_digest: Of the current develop settings, lower case: names the current preview together with file_uuid.
        width: Pixels of the original as stored in the file, before turning.
        height: Likewise.
        cropped_width: Pixels after the crop, before turning; the whole width where nothing is cropped.
        cropped_height: Likewise.
        is_edited: Whether the user changed how it looks, a crop included; None where the catalog cannot tell.
        file_format: "RAW", "DNG", "JPG", "TIFF", "PSD", "PNG", "HEIC", "VIDEO".
        rating: 1 to 5 stars.
        pick: 1 flagged, -1 rejected, 0 neither.
        label: The colour label as the user's label set calls it: "Red", "Rouge".
        keywords: As Lightroom would export them: with parents and synonyms where asked for, without private ones.
        keyword_paths: The keywords with the ones they lie under, outermost first; private ones left out.
        all_keywords: The same with the private ones: what the user finds the photo by in Lightroom.
        all_keyword_paths: Likewise.
        collections: Each with the sets it lies in, outermost first. Smart collections are rules and not listed.
        camera_make: Only the XMP has it.
        xmp: The XMP packet, unpacked; it may lag behind the other fields, which come from the tables where they can.
    """

    image_id: int
    uuid: str
    file_uuid: str
    root_path: str
    folder_path: str
    base_name: str
    extension: str
    original: Path | None = None
    sidecar_extensions: tuple[str, ...] = ()
    master_id: int | None = None
    copy_name: str | None = None
    capture_time: str | None = None
    taken_at: datetime | None = None
    orientation: str | None = None
    develop_digest: str | None = None
    width: int | None = None
    height: int | None = None
    cropped_width: int | None = None
    cropped_height: int | None = None
    is_edited: bool | None = None
    file_format: str | None = None
    rating: int | None = None
    pick: int = 0
    label: str | None = None
    title: str | None = None
    headline: str | None = None
    caption: str | None = None
    creator: str | None = None
    copyright: str | None = None
    location: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    keywords: tuple[str, ...] = ()
    keyword_paths: tuple[tuple[str, ...], ...] = ()
    all_keywords: tuple[str, ...] = ()
    all_keyword_paths: tuple[tuple[str, ...], ...] = ()
    collections: tuple[tuple[str, ...], ...] = ()
    stack: Stack | None = None
    position: Position | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    camera_serial: str | None = None
    lens: str | None = None
    exposure: Exposure = Exposure()
    xmp: bytes | None = None

    @property
    def file_name(self) -> str:
        """The original's name: "IMG_0001.CR2"."""
        return f"{self.base_name}.{self.extension}" if self.extension else self.base_name

    @property
    def stored_path(self) -> str:
        """The original's path as the catalog has it, with forward slashes; it may lie on another machine."""
        return f"{self.root_path}{self.folder_path}{self.file_name}"

    @property
    def is_virtual_copy(self) -> bool:
        """Whether this is a second set of edits of a file that the catalog has already."""
        return self.master_id is not None

    @property
    def is_raw(self) -> bool:
        """Whether the original is a camera's RAW file, be it as a DNG."""
        return self.file_format in ("RAW", "DNG")

    @property
    def is_video(self) -> bool:
        """Whether the original is a video."""
        return self.file_format == "VIDEO"
