"""What there is to recover: each photo of the catalog with its preview, then the previews that are left over."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, groupby
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from importers.errors import DamagedError, ImporterError
from importers.lightroom import Catalog, CatalogPhoto, open_catalog
from indexer.events import OnProgress, Progress
from lrprev import LrprevError, SmartPreview, State, Store, StoredPreview, read_files, smart_previews
from lrprev.folders import key_of_name
from lrprev.store import Found
from safelight.recover.names import (
    Layout,
    Name,
    as_text,
    name_of,
    name_of_developed,
    name_of_orphan,
    name_of_orphan_developed,
    name_of_orphan_smart_preview,
    name_of_smart_preview,
)
from safelight.recover.search import key_of_file
from safelight.recover.shelf import Shelf
from safelight.recover.sources import CatalogIs, Place

_T = TypeVar("_T")
_FIRST_ASKED, _ASKED_AT_ONCE = 16, 64
"""Photos of which the databases are asked in one go: a query for each takes five times as long. Few at first, and then
twice as many each time, so that there is soon something to write."""


class Job(NamedTuple):
    """One photo to recover.

    Attributes:
        key: Names it across runs.
        original: Where the original was, or the preview's own name.
        name: The name that it shall have.
        state: Of the preview; "missing" where none is stored.
        stored: The preview; None where none is stored.
        photo: What the catalog says; None for an orphan.
        orientation: Lightroom's code.
        thumbnail: What root-pixels.db has of the preview.
        note: What there is to say anyway.
        smart: The Smart Preview to copy, instead of a preview.
        is_developed: The Smart Preview is not copied but developed.
        if_lost: What there is to say where nothing in the preview is whole.
    """

    key: str
    original: str
    name: Name
    state: str
    stored: StoredPreview | None = None
    photo: CatalogPhoto | None = None
    orientation: str | None = None
    thumbnail: bytes | None = None
    note: str = ""
    smart: Path | None = None
    is_developed: bool = False
    if_lost: str = ""


MISSING = "missing"
SMART = "smart preview"
DEVELOPED = "developed"  # a JPEG of a Smart Preview
_OLDER_TOO = "an older render is stored, too: --stale recovers it"
_UNCLAIMED = "which photo it is of is not known"
_NO_JPEG_XL = "Smart Previews that hold JPEG XL, as recent versions of Lightroom write them, are copied as DNG alone"
_WITHOUT_RAW = "Smart Previews are copied as DNG; with the extra `raw` installed they are developed as JPEG, too"


class Plan:
    """Everything that one place holds, as jobs; a context manager, for one thread.

    Attributes:
        total: How many jobs there are, as far as is known.
        stale_left: After jobs(): older renders that were left where they are.
        has_lost_catalog: The catalog cannot be read, or not to its end.
    """

    def __init__(self, place: Place, layout: Layout, *, stale: bool, develops: bool = True) -> None:
        self.total = 0
        self.stale_left = 0
        self.has_lost_catalog = False
        self._problems: list[str] = []
        self._place = place
        self._layout = layout
        self._stale = stale or place.wants_stale
        self._develops = develops
        self._lacks_raw = self._has_jpeg_xl = False
        self._orphans_seen = 0
        self._open = ExitStack()
        self._store: Store | None = None
        self._catalog: Catalog | None = None

    def __enter__(self) -> Self:
        if self._place.previews:
            self._store = self._open.enter_context(Store(self._place.previews))
        if self._place.catalog:
            try:
                self._open_catalog(self._place.catalog)
            except ImporterError as error:
                self._lose_catalog(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _open_catalog(self, path: Path) -> None:
        rescues = self._place.catalog_is is not CatalogIs.GIVEN
        catalog = self._open.enter_context(open_catalog(path, rescues=rescues))
        self.total = catalog.count()
        self._catalog = catalog

    def _lose_catalog(self, error: ImporterError, named: int = 0) -> None:
        """Go on without a catalog that is damaged; after some of its photos, with what they have had of it."""
        how = self._place.catalog_is
        if how is CatalogIs.GIVEN or (how is CatalogIs.BESIDE and not isinstance(error, DamagedError)):
            raise error
        self._catalog = None
        self.has_lost_catalog = True
        whose = f"of all but {named:,} of its photos" if named else "of its photos"
        self._problems.append(
            f"{self._place.catalog} is damaged, or no catalog: names and metadata {whose} are not known, and what the "
            "previews hold of them goes to orphans; a backup of the catalog, given with --catalog, names them"
            if self._place.folder
            else str(error)
        )

    @property
    def remarks(self) -> list[str]:
        """What could not be read of the databases, a line each; grows while jobs are made."""
        problems = [*(self._store.problems if self._store else []), *(self._catalog.warnings if self._catalog else [])]
        undeveloped = {_WITHOUT_RAW: self._lacks_raw, _NO_JPEG_XL: self._has_jpeg_xl and not self._lacks_raw}
        return [*self._problems, *self._nameless(), *problems, *(line for line, true in undeveloped.items() if true)]

    def _nameless(self) -> Iterator[str]:
        if self._catalog and self._place.catalog_is is CatalogIs.BACKUP:
            yield f"the catalog of {self._place.folder} is gone; its backup {self._place.catalog} gives the names"
        if self._orphans_seen and not self._place.catalog:
            only = self._place.only
            where = only[0] if len(only) == 1 else self._place.folder
            yield (
                f"{where} has no catalog beside it, so names and metadata are not known, and what it holds goes to "
                "orphans; a catalog given with --catalog names it"
            )

    def jobs(self, on_progress: OnProgress) -> Iterator[Job]:
        """Yield every job: the catalog's photos, then older renders where asked for, then orphans, then Smart Previews.

        These are each photo's own as well, where the catalog knows it.

        Raises:
            ImporterError: The catalog turns out damaged, or is taken away.
            OSError: The previews folder cannot be listed.
        """
        with closing(Shelf()) as shelf:
            shelf.fill(self._previews(on_progress))
            shelf.fill_smart(self._smart_previews(on_progress))
            if self._catalog:
                self.total = 0 if self._place.is_part else self.total
                yield from self._named(self._catalog, shelf)
            self.total += shelf.count_unknown()
            yield from self._orphans(shelf)
            self.total += shelf.count_smart_left()
            yield from self._smart_orphans(shelf)

    def _previews(self, on_progress: OnProgress) -> Iterator[Found]:
        if not self._store:
            return
        only = self._place.only
        found = ((*key_of_file(path), (path,)) for path in only) if only else self._store.names()
        for count, preview in enumerate(found, start=1):
            yield preview
            on_progress(Progress("finding previews", count, count))

    def _smart_previews(self, on_progress: OnProgress) -> Iterator[SmartPreview]:
        found = chain.from_iterable(smart_previews(folder, self._tell_unlisted) for folder in self._place.smart)
        for count, smart in enumerate(found, start=1):
            yield smart
            on_progress(Progress("finding Smart Previews", count, count))

    def _tell_unlisted(self, error: OSError) -> None:
        self._problems.append(f"{error.filename} cannot be read: {error.strerror}")

    def _named(self, catalog: Catalog, shelf: Shelf) -> Iterator[Job]:
        """Yield what the catalog knows; where it turns out damaged on the way, the rest is left to be orphans."""
        named = 0
        try:
            for job in self._current(catalog, shelf):
                yield job
                named += 1
            if self._stale:
                yield from self._older(catalog, shelf)
            self.stale_left = shelf.count_known()
            self.has_lost_catalog |= catalog.is_damaged
        except ImporterError as error:
            if not isinstance(error, DamagedError):  # it could be read a moment ago: its drive has gone away
                raise
            self._lose_catalog(error, named)
            self.total = named
            shelf.forget()

    def _current(self, catalog: Catalog, shelf: Shelf) -> Iterator[Job]:
        for photos in _groups(catalog.photos()):
            uuids = {photo.file_uuid for photo in photos}
            previews = self._of(shelf, uuids)
            shelf.know(uuids)
            taken: list[StoredPreview] = []
            smart = self._smart_of(photos, shelf)
            for photo in photos:
                yield from self._jobs_of(photo, previews.get(photo.file_uuid, ()), smart.get(photo.uuid), taken)
            shelf.take(taken)

    def _jobs_of(
        self, photo: CatalogPhoto, previews: Sequence[StoredPreview], smart: Path | None, taken: list[StoredPreview]
    ) -> Iterator[Job]:
        """Yield the jobs of one photo, and note the preview that it takes."""
        found = _current(photo, previews)
        older = [preview for preview in previews if preview is not found and not preview.cache_entries]
        if not found and older and self._stale and not self._place.is_part:  # of which the current one is not known
            found = sorted(older, key=_modified)[-1]
        if found:
            self.total += self._place.is_part
            taken.append(found)
            job = self._job(photo, found, is_stale=found in older)
            yield job._replace(if_lost=_OLDER_TOO) if older and not self._stale else job
        if smart:
            self.total += bool(found or self._place.is_part)
            name = name_of_smart_preview(photo, self._layout)
            yield Job(f"smart:{photo.uuid}", photo.stored_path, name, SMART, photo=photo, smart=smart)
            if self._develops and self._is_largest(smart, [found] if found else []):
                self.total += 1
                name = name_of_developed(photo, self._layout)
                key = f"developed:{photo.uuid}"
                yield Job(key, photo.stored_path, name, DEVELOPED, photo=photo, smart=smart, is_developed=True)
        elif not found and not self._place.is_part:
            note = "only an older render is stored: --stale recovers it" if older else ""
            name = name_of(photo, self._layout)
            yield Job(f"image:{photo.uuid}", photo.stored_path, name, MISSING, photo=photo, note=note)

    def _smart_of(self, photos: Sequence[CatalogPhoto], shelf: Shelf) -> dict[str, Path]:
        """Return the Smart Previews of some photos, by the photo's UUID: virtual copies leave theirs to the master."""
        if not self._place.smart:
            return {}
        masters = {photo.file_uuid: photo.uuid for photo in photos if not photo.is_virtual_copy}
        found = shelf.smart_of(masters)
        shelf.take_smart(found)
        return {masters[uuid]: path for uuid, path in found.items()}

    def _is_largest(self, smart: Path, previews: Sequence[StoredPreview]) -> bool:
        """Tell whether a Smart Preview can be developed, and shows more than a photo's previews."""
        from importers import raw  # brings Pillow, which nothing else here needs
        from importers.dng import is_jpeg_xl

        self._lacks_raw |= not raw.is_available()
        if is_jpeg_xl(smart):
            self._has_jpeg_xl = True
            return False
        size = raw.size_of(smart)
        return bool(size) and max(size) > max(map(_edge, previews), default=0)

    def _older(self, catalog: Catalog, shelf: Shelf) -> Iterator[Job]:
        """Yield the renders that no image shows any more; the catalog is read again, for their names."""
        if not shelf.count_known():
            return
        self.total += shelf.count_known()
        for photos in _groups(catalog.photos()):
            masters = [photo for photo in photos if not photo.is_virtual_copy]
            previews = self._of(shelf, {photo.file_uuid for photo in masters}, left=True)
            for stored in previews.values():
                shelf.take(stored)
            for photo in masters:
                for stored in previews.pop(photo.file_uuid, ()):
                    yield self._job(photo, stored, is_stale=True)._replace(key=_key(stored))

    def _orphans(self, shelf: Shelf) -> Iterator[Job]:
        store = self._store
        if store is None:
            return
        for stored in chain.from_iterable(map(store.all_stored, _groups(shelf.unknown()))):
            if stored.state is State.STALE and not self._stale:
                self.stale_left += 1
                continue
            code = next((entry.orientation for entry in stored.cache_entries), None)
            state = State.ORPHAN if self._catalog else stored.state
            own_name = f"{stored.uuid}-{stored.digest}"
            original = own_name if key_of_name(own_name) else as_text(stored.files[0].name)
            thumbnail = store.thumbnail(stored)
            self._orphans_seen += 1
            yield Job(_key(stored), original, name_of_orphan(stored), state, stored, None, code, thumbnail)

    def _smart_orphans(self, shelf: Shelf) -> Iterator[Job]:
        """Yield the Smart Previews that no photo of the catalog has claimed."""
        for left in _groups(shelf.smart_left()):
            previews = self._of(shelf, [smart.uuid for smart in left])
            for uuid, path in left:
                self._orphans_seen += 1
                name = name_of_orphan_smart_preview(uuid)
                yield Job(f"smart-preview:{uuid}", path.name, name, SMART, note=_UNCLAIMED, smart=path)
                if self._develops and self._is_largest(path, previews.get(uuid, [])):
                    self.total += 1
                    name = name_of_orphan_developed(uuid)
                    yield Job(f"developed-preview:{uuid}", path.name, name, DEVELOPED, smart=path, is_developed=True)

    def _of(self, shelf: Shelf, uuids: Collection[str], *, left: bool = False) -> dict[str, list[StoredPreview]]:
        """Tell what is stored of some files."""
        if not self._store:
            return {}
        found = shelf.of(uuids, left=left)
        stored = self._store.all_stored([preview for previews in found.values() for preview in previews])
        return {uuid: list(previews) for uuid, previews in groupby(stored, lambda preview: preview.uuid)}

    def _job(self, photo: CatalogPhoto, stored: StoredPreview, *, is_stale: bool) -> Job:
        named = (entry.orientation for entry in stored.cache_entries if entry.image_id == photo.image_id)
        return Job(
            f"image:{photo.uuid}",
            photo.stored_path,
            name_of(photo, self._layout, stored.digest if is_stale else None),
            State.STALE if is_stale else State.CURRENT,
            stored,
            photo,
            next(named, None) or photo.orientation,
            self._store.thumbnail(stored) if self._store else None,
        )


def _groups(items: Iterator[_T]) -> Iterator[list[_T]]:
    """Yield items some dozens at a time; where they end in an error, those before it first."""
    group, most = list[_T](), _FIRST_ASKED
    try:
        for item in items:
            group.append(item)
            if len(group) == most:
                yield group
                group, most = [], min(2 * most, _ASKED_AT_ONCE)
    except ImporterError:
        if group:
            yield group
        raise
    if group:
        yield group


def _current(photo: CatalogPhoto, previews: Sequence[StoredPreview]) -> StoredPreview | None:
    """Choose the preview of a photo's present look: by the catalog's develop settings, else as previews.db has it."""
    for stored in previews:
        if stored.digest == photo.develop_digest:
            return stored
    for stored in previews:
        if any(entry.image_id == photo.image_id for entry in stored.cache_entries):
            return stored
    if photo.develop_digest is None and not photo.is_virtual_copy:  # nothing tells which one: the youngest, then
        return max((stored for stored in previews if not stored.cache_entries), key=_modified, default=None)
    return None


def _edge(stored: StoredPreview) -> int:
    """Return the long edge of the largest stored picture; 0 where none can be read."""
    try:
        level = read_files(stored).levels[-1]
    except (LrprevError, OSError):
        return 0
    return max(level.width, level.height)


def _modified(stored: StoredPreview) -> float:
    try:
        return max((path.stat().st_mtime for path in stored.files), default=0)
    except OSError:
        return 0


def _key(stored: StoredPreview) -> str:
    return f"preview:{stored.uuid}-{stored.digest}"
