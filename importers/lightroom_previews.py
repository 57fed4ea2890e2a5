"""Which stored pictures a catalog has of a photo: looked up one by one, for the folders may hold millions of files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from importers.lightroom_catalog import Catalog
from importers.lightroom_photo import ORIENTATIONS, CatalogPhoto
from lrprev import LrprevError, Preview, State, Store, StoredPreview, files_of, home_of, read_files
from lrprev.layout import DIGEST, UUID


@dataclass(frozen=True, slots=True)
class PreviewFiles:
    """A preview of a photo, found but not opened.

    Attributes:
        files: One up to Classic 13.2, one a level or so after.
        is_current: Whether it shows the photo as it is now, and not an older look.
    """

    digest: str
    files: tuple[Path, ...]
    is_current: bool


_LIKELY = (".lrprev", "_1024", "_2048")
"""Ends of the names of files that hold a level large enough to be looked at: up to Classic 13.2, and since."""


class Previews:
    """The previews and Smart Previews beside a catalog. A context manager, for one thread.

    Attributes:
        folder: The folder of previews; None where there is none.
    """

    def __init__(self, catalog: Catalog, *, thumbnails: bool = False) -> None:
        """Name the catalog, and whether thumbnails that only root-pixels.db has are asked for, too."""
        self.folder = catalog.previews_folder
        self._smart_folder = catalog.smart_previews_folder
        self._store = Store(self.folder, thumbnails=thumbnails) if self.folder else None
        self._open = ExitStack()

    def __enter__(self) -> Previews:
        if self._store:
            self._open.enter_context(self._store)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def problems(self) -> list[str]:
        """What could not be read, a line each."""
        return self._store.problems if self._store else []

    def find(self, photo: CatalogPhoto) -> list[PreviewFiles]:
        """Find the previews of a photo: the current one first, then the others of its file, the youngest first."""
        if not self._store or not UUID.fullmatch(photo.file_uuid):  # which becomes part of a path
            return []
        try:
            found = files_of(self._store.folder, photo.file_uuid)
        except OSError:  # a folder that cannot be entered is as good as none
            return []
        current = photo.develop_digest
        if found and current not in found:
            entry = self._store.entry(photo.file_uuid, photo.image_id)
            current = entry.digest if entry else None
        others = [digest for digest in found if digest != current]
        if len(others) > 1:
            others.sort(key=lambda digest: max(map(_modified_ns, found[digest])), reverse=True)
        digests = [current, *others] if current in found else others
        return [PreviewFiles(digest, found[digest], digest == current) for digest in digests if digest]

    def likely(self, photo: CatalogPhoto) -> Iterator[Path]:
        """Yield where a photo's current preview lies if it was made as Lightroom makes them; nothing is looked up."""
        uuid, digest = photo.file_uuid, photo.develop_digest or ""
        if self._store and UUID.fullmatch(uuid) and DIGEST.fullmatch(digest):  # which become part of a path
            stem = f"{home_of(self._store.folder, uuid)}/{uuid}-{digest}"
            yield from (Path(stem + suffix) for suffix in _LIKELY)

    def read(self, photo: CatalogPhoto, preview: PreviewFiles) -> tuple[Preview, int | None]:
        """Read a preview's headers.

        Returns:
            The preview, and how it is to be turned: pictures are stored unturned. EXIF's 1 to 8, or None.

        Raises:
            LrprevError: There is no picture in it.
            OSError: A file cannot be read.
        """
        if self._store is None:
            raise LrprevError(0, "a folder of previews", "none")
        found = read_files(StoredPreview(photo.file_uuid, preview.digest, State.UNKNOWN, preview.files))
        if found.pyramid is None:  # plain JPEGs alone: only previews.db knows their colours
            found = found._replace(pyramid=self._store.stored(photo.file_uuid, preview.digest, preview.files).recorded)
        entry = self._store.entry(photo.file_uuid, photo.image_id)
        return found, ORIENTATIONS.get((entry and entry.orientation) or photo.orientation or "")

    def thumbnail(self, photo: CatalogPhoto) -> tuple[Preview, int | None] | None:
        """Read what root-pixels.db has of a photo's current preview, as `read` returns it; None where that is nothing.

        Raises:
            LrprevError: There is no picture in it.
        """
        if self._store is None or not UUID.fullmatch(photo.file_uuid):
            return None
        entry = self._store.entry(photo.file_uuid, photo.image_id)
        for digest in filter(None, (photo.develop_digest, entry and entry.digest)):
            stored = self._store.stored(photo.file_uuid, digest, ())
            if jpeg := self._store.thumbnail(stored):
                turn = ORIENTATIONS.get((entry and entry.orientation) or photo.orientation or "")
                return read_files(stored, jpeg), turn
        return None

    def smart(self, photo: CatalogPhoto) -> Path | None:
        """Find a photo's Smart Preview."""
        if not self._smart_folder or not UUID.fullmatch(photo.file_uuid):
            return None
        path = home_of(self._smart_folder, photo.file_uuid) / f"{photo.file_uuid}.dng"
        with suppress(OSError):
            return path if path.is_file() else None
        return None


def _modified_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
