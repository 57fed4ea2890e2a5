"""A folder of previews, `<Catalog> Previews.lrdata`, of any Lightroom: every preview in it, and what each still is.

Up to Classic 13.2 a preview is one file; from 13.3 on it is several with one stem. Either way a preview is one
(uuid, digest): one photo file with one set of develop settings. Files are found by name or, where they have lost it, by
content; what a file is, only its content says.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, suppress
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias, TypeVar

from lrprev.databases import CacheEntry, PreviewsDatabase, RootPixels
from lrprev.errors import LrprevError, NoLevelsError, said
from lrprev.folders import Key, home_of, key_of_name, starts_with
from lrprev.layout import (
    PREVIEWS_DB,
    ROOT_PIXELS_DB,
    ROOT_PIXELS_DB_COLUMNS,
    SECTION_MAGIC,
)
from lrprev.preview import Level, Preview, by_size, read_preview
from lrprev.pyramid import Pyramid
from lrprev.readonly import open_readonly
from lrprev.salvage import header_of, read_or_salvage
from lrprev.source import Source, read_whole

Found: TypeAlias = tuple[str, str, tuple[str | Path, ...]]
"""UUID, digest and files of a preview, as a folder's names tell them; a Path of each would take as long as the rest."""

_MAX_PROBLEMS = 100
_Reader = TypeVar("_Reader", PreviewsDatabase, RootPixels)


class State(StrEnum):
    """What a preview still is to the catalog."""

    CURRENT = "current"  # named by previews.db, or by the develop digest of an image in the catalog
    STALE = "stale"  # the photo is known, but with other develop settings: an older render
    ORPHAN = "orphan"  # nothing knows the photo
    UNKNOWN = "unknown"  # neither a readable previews.db nor a catalog to ask


class StoredPreview(NamedTuple):
    """One preview of a store, found but not opened.

    Attributes:
        files: One file up to Classic 13.2, one a level or so after; none where only root-pixels.db has it.
        cache_entries: The images, by the catalog's id, whose current preview this is according to previews.db; several
            for virtual copies with equal settings.
        recorded: What previews.db says of it: sizes without opening a file.
    """

    uuid: str
    digest: str
    state: State
    files: tuple[Path, ...]
    cache_entries: tuple[CacheEntry, ...] = ()
    recorded: Pyramid | None = None


class Store:
    """A previews folder, open for reading. A context manager, for one thread; nothing in the folder is ever written.

    Attributes:
        problems: What could not be read, a line each: a damaged database, a folder without permission.
    """

    def __init__(
        self, folder: Path, digests: Mapping[str, AbstractSet[str]] | None = None, *, thumbnails: bool = True
    ) -> None:
        """Name the folder and, where a catalog is at hand, what it says.

        Args:
            folder: The .lrdata folder, or any folder with previews in it.
            digests: The develop digests of a file's images (master and virtual copies), by the file's UUID
                (AgLibraryFile.id_global). A UUID that is not in it is not in the catalog.
            thumbnails: Whether root-pixels.db is read, too; where Lightroom is open, that takes a copy of it.
        """
        self.folder = folder
        self.problems: list[str] = []
        self._digests = digests
        self._with_thumbnails = thumbnails
        self._database: PreviewsDatabase | None = None
        self._root_pixels: RootPixels | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._database = self._open_database(PREVIEWS_DB, {}, PreviewsDatabase)
        if self._database and self._database.missing:
            lost = ", ".join(self._database.missing)
            self._note(f"{PREVIEWS_DB} lacks {lost}; what they would hold is left out")
        if self._with_thumbnails:
            self._root_pixels = self._open_database(ROOT_PIXELS_DB, ROOT_PIXELS_DB_COLUMNS, RootPixels)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()
        self._database = self._root_pixels = None

    def previews(self) -> Iterator[StoredPreview]:
        """Yield each preview once, folder by folder; no preview's file is opened.

        Raises:
            OSError: The folder itself cannot be listed.
        """
        return (self.stored(*found) for found in self.names())

    def names(self) -> Iterator[Found]:
        """Yield the UUID, digest and files of each preview, as `stored` asks for; no database is asked what it is.

        Raises:
            OSError: The folder itself cannot be listed.
        """
        elsewhere: set[Key] = set()
        top = os.fspath(self.folder)
        for folder, names in self._folders(top):
            files: dict[Key, list[str | Path]] = {}
            for name in names:
                path = f"{folder}{os.sep}{name}"
                if key := key_of_name(name) or self._key_inside(Path(path)):
                    files.setdefault(key, []).append(path)
            for key in sorted(files):
                if folder != f"{top}{os.sep}{key[0][0]}{os.sep}{key[0][:4]}":
                    elsewhere.add(key)
                yield *key, tuple(files[key])
        for key in self._keys_without_files(elsewhere):
            yield *key, ()

    def stored(self, uuid: str, digest: str, files: tuple[str | Path, ...]) -> StoredPreview:
        """Tell what is known of a preview whose files were found before, or by other means."""
        return self.all_stored([(uuid, digest, files)])[0]

    def all_stored(self, found: Sequence[Found]) -> list[StoredPreview]:
        """Tell what is known of some previews, at most as many as a query may have values (hundreds)."""
        uuids = {uuid for uuid, _, _ in found}
        entries, recorded = self._cache_entries(uuids), self._recorded(uuids)
        return [
            StoredPreview(
                uuid,
                digest,
                self._state((uuid, digest), entries.get(uuid, ())),
                tuple(map(Path, files)),
                tuple(entry for entry in entries.get(uuid, ()) if entry.digest == digest),
                recorded.get((uuid, digest)),
            )
            for uuid, digest, files in found
        ]

    def read(self, stored: StoredPreview) -> Preview:
        """Read one preview's headers from all its files and from root-pixels.db.

        Raises:
            LrprevError: None of them holds a level.
            OSError: A file cannot be read.
        """
        return read_files(stored, self.thumbnail(stored))

    def thumbnail(self, stored: StoredPreview) -> bytes | None:
        """Read the smallest level's JPEG from root-pixels.db; None where it is not there."""
        try:
            return self._root_pixels.jpeg(stored.uuid, stored.digest) if self._root_pixels else None
        except LrprevError as error:
            self._note(f"{ROOT_PIXELS_DB}: {error}")
            return None

    def state(self, uuid: str, digest: str) -> State:
        """Tell what a preview is to previews.db and the catalog."""
        return self._state((uuid, digest), self._cache_entries([uuid]).get(uuid, ()))

    def entry(self, uuid: str, image_id: int) -> CacheEntry | None:
        """Tell which preview of a photo file previews.db has as the current one of an image; None where it has none."""
        entries = self._cache_entries([uuid]).get(uuid, ())
        return next((entry for entry in entries if entry.image_id == image_id), None)

    def _note(self, problem: str) -> None:
        """Keep a problem: each once, and no more of them than anybody reads; a damaged page troubles every photo."""
        if problem in self.problems or len(self.problems) > _MAX_PROBLEMS:
            return
        self.problems.append(
            problem if len(self.problems) < _MAX_PROBLEMS else f"{self.folder} has more of such problems"
        )

    def _open_database(
        self, name: str, columns: Mapping[str, Collection[str]], reader: Callable[[Connection, Path], _Reader]
    ) -> _Reader | None:
        path = self.folder / name
        if not path.is_file():
            return None
        # A lock file stays behind after a crash: it says that Lightroom may be writing, no more.
        in_use = any(self.folder.absolute().parent.glob("*.lrcat.lock"))
        try:
            return reader(self._open.enter_context(open_readonly(path, columns, in_use=in_use)), path)
        except (LrprevError, OSError) as error:
            self._note(f"{name} is left aside: {said(error)}")
            return None

    def _state(self, key: Key, entries: tuple[CacheEntry, ...]) -> State:
        uuid, digest = key
        if self._digests is not None:
            if uuid not in self._digests:
                return State.ORPHAN
            if digest in self._digests[uuid]:
                return State.CURRENT
        if any(entry.digest == digest for entry in entries):
            return State.CURRENT
        if entries or self._digests is not None:
            return State.STALE
        return State.ORPHAN if self._database and self._database.tells_current else State.UNKNOWN

    def _cache_entries(self, uuids: Collection[str]) -> dict[str, tuple[CacheEntry, ...]]:
        try:
            return self._database.cache_entries(uuids) if self._database else {}
        except LrprevError as error:
            self._lose_database(error)
            return {}

    def _recorded(self, uuids: Collection[str]) -> dict[Key, Pyramid]:
        try:
            return self._database.pyramids(uuids) if self._database else {}
        except LrprevError as error:
            self._lose_database(error)
            return {}

    def _lose_database(self, error: LrprevError) -> None:
        """Go on without previews.db, once a page of it turns out damaged."""
        self._database = None
        self._note(str(error))

    def _keys_without_files(self, elsewhere: set[Key]) -> Iterator[Key]:
        """Yield what only root-pixels.db holds, with no more than one folder's names in memory."""
        keys = self._root_pixels.keys() if self._root_pixels else ()
        try:
            for home, group in groupby(keys, lambda key: self._home(key[0])):
                present = {key_of_name(path.name) for path in home.glob("*")}
                yield from (key for key in group if key not in present and key not in elsewhere)
        except LrprevError as error:
            self._note(str(error))

    def _home(self, uuid: str) -> Path:
        return home_of(self.folder, uuid)

    def _folders(self, top: str) -> Iterator[tuple[str, list[str]]]:
        """Yield every folder with the names of its files, sorted; links to folders are not followed."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            folders: list[str] = []
            names: list[str] = []
            try:
                with os.scandir(folder) as entries:  # os.walk takes twice as long, and every preview has a folder
                    for entry in entries:
                        if not _is_folder(entry):
                            names.append(entry.name)
                        elif not entry.is_symlink():
                            folders.append(entry.path)
            except OSError as error:
                if folder == top:
                    raise
                self._note(f"{error.filename}: {error.strerror}")
                continue
            yield folder, sorted(names)
            waiting += sorted(folders, reverse=True)

    def _key_inside(self, path: Path) -> Key | None:
        """Tell by its header which preview a container belongs to whose name does not say it."""
        try:
            if starts_with(path, (SECTION_MAGIC,)):
                pyramid = read_or_salvage(path).pyramid
                if pyramid and pyramid.uuid and pyramid.digest:
                    return pyramid.uuid, pyramid.digest
                self._note(f"{path}: a preview, but its header does not say of which photo")
        except (LrprevError, OSError) as error:
            self._note(f"{path}: {said(error)}")
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to where nobody may look
        return False


def read_files(stored: StoredPreview, thumbnail: bytes | None = None, *, whole: bool = False) -> Preview:
    """Read one preview's headers from all its files; needs no open store, so any thread may do it.

    Args:
        stored: The preview.
        thumbnail: What Store.thumbnail says, for a level that no file has.
        whole: Read each file at once and keep it in memory with its levels: for those who want a large level anyway,
            and drives where every seek is slow. Otherwise only headers are read.

    Raises:
        LrprevError: There is no level anywhere.
        OSError: A file cannot be read.
    """
    pyramid: Pyramid | None = None
    levels: list[Level] = []
    problems: list[str] = []
    for path in stored.files:
        try:
            part = _part(read_whole(path) if whole else path)
        except LrprevError as error:
            problems.append(f"{path.name}: {error}")
            continue
        pyramid = pyramid.completed(part.pyramid) if pyramid else part.pyramid
        levels += part.levels
        problems += (f"{path.name}: {problem}" for problem in part.problems)
    if thumbnail:
        sizes = {(level.width, level.height) for level in levels}
        with suppress(LrprevError):  # it is none
            levels += (level for level in read_preview(thumbnail).levels if (level.width, level.height) not in sizes)
    if not levels:
        raise LrprevError(0, f"a level of {stored.uuid}-{stored.digest}", "; ".join(problems) or "none")
    if pyramid and (pyramid.problems or not pyramid.color_profile or not pyramid.cropped_width):
        pyramid = pyramid.completed(stored.recorded)
    return Preview(pyramid or stored.recorded, by_size(levels), tuple(problems))


def _part(source: Source) -> Preview:
    """Read one of a preview's files; of one without a level its header, which may be all that tells the colours.

    Raises:
        LrprevError: There is neither.
        OSError: The file cannot be read.
    """
    try:
        return read_or_salvage(source)
    except LrprevError as error:
        header = header_of(source)
        if header is None:
            raise
        return Preview(header, (), () if isinstance(error, NoLevelsError) else (str(error),))
