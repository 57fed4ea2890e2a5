"""Plain folders and single files: names and stamps only, nothing is opened but files whose name says nothing."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from importers.base import Facts, FileStamp, ImporterError, Known, Options, Part, Photo, Rendition
from importers.formats import HEAD_BYTES, Reader, sniff, worth_a_look
from importers.live import MOST_BYTES, MOVIE, moving_halves
from importers.opened import OpenedPlace
from importers.sidecars import SUFFIX, sidecars
from importers.takeout_layout import export_around

_FOREIGN_FOLDERS = frozenset(
    (
        b"@eadir",  # Synology thumbnails
        b"@recycle",
        b"@recently-snapshot",
        b"#recycle",
        b"#snapshot",
        b"$recycle.bin",
        b"recycler",
        b"system volume information",
        b"lost+found",
        b"__macosx",
        b"node_modules",
    )
)
_PACKAGE_SUFFIXES = frozenset(
    (
        b".photoslibrary",
        b".photolibrary",
        b".migratedphotolibrary",
        b".aplibrary",
        b".lrdata",
        b".lrcat-data",
        b".lrlibrary",
        b".cocatalog",
        b".imovielibrary",
        b".fcpbundle",
        b".app",
    )
)
"""Folders that one program owns: their pictures are copies, thumbnails, or read by a source of their own."""

_PHOTO_LIBRARY_SUFFIXES = frozenset(
    (b".photoslibrary", b".photolibrary", b".migratedphotolibrary", b".aplibrary", b".cocatalog")
)
"""Those among them that hold photos which people would miss; the others hold copies, or none."""

_PLAIN = Options()
_FIRST_OF_AN_EXPORT = re.compile(rb"takeout-\d{8}T\d{6}Z-(?:\d+-)?0*1\.(?:zip|tgz)", re.IGNORECASE)
"""The first part of a Google Takeout; the others are read with it."""

_LIKE_AN_EXPORT = re.compile(rb"takeout\b|.*google", re.IGNORECASE)
"""Names of folders that a Google Takeout, or a part of one, may be unpacked in."""

_DATALESS = 0x40000000  # SF_DATALESS, macOS <sys/stat.h>
_CONTROL_CHARACTERS = dict.fromkeys((*range(32), *range(127, 160)), "\ufffd")

_File = tuple[bytes, tuple[bytes, ...], bytes | None]
"""The keys of a file, of its sidecars, and of its moving half."""


class FolderSource(OpenedPlace):
    """A folder and all below it, or a single file.

    Attributes:
        root: Absolute, links resolved.
        folder: What keys are relative to: the root, or the folder that holds it where the root is a file.
        device: st_dev of the root; an empty folder on another device is a drive that was unplugged.
        mounts: During photos(): keys of the folders met by then that lie on another drive than the folder around them,
            or link to one -> st_dev.
        unreadable: After photos(): folder keys ("2024/trip", b"" for none) -> why they could not be listed. What was
            known below them is not missing.
        passed_over: After photos(): keys of the libraries and catalogs inside that belong to one program and are read
            on their own.
        remarks: After photos(): the Google Takeouts inside, of which only the pictures were read.
        ignored: After photos(): how many files were passed over as no pictures.
    """

    name: ClassVar[str] = "folder"
    keys_are_paths: ClassVar[bool] = True

    def __init__(self, path: Path, options: Options = _PLAIN) -> None:
        """Open a folder or file; none of the options mean anything here.

        Raises:
            ImporterError: There is nothing at `path`.
        """
        super().__init__(path)
        self.ignored = 0
        self._exports: set[Path] = set()

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is a folder that no program owns, or a file that looks like a picture."""
        if path.is_dir():
            return not is_package(os.fsencode(path.resolve().name))
        suffix = _suffix(os.fsencode(path.name))
        return path.is_file() and (worth_a_look(suffix) or (not suffix and _starts_like_a_picture(path)))

    def count(self) -> Iterator[int]:
        """Count the photos by the names in a second look at the folder, never at a file."""
        for total, _ in enumerate(type(self)(self.root)._files(), start=1):
            yield total

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every photo once, folder by folder, sorted by name in each.

        Linked folders come last, each folder once however many links lead to it, so that loops end.

        Args:
            known: Tells whether the caller has seen a key at this very stamp; such a file is not opened. Only files
                without a suffix are opened at all, for their first bytes.

        Raises:
            ImporterError: The root cannot be listed, or was unplugged on the way.
        """
        self.mounts, self.unreadable, self.passed_over, self.remarks, self.ignored = {}, {}, [], [], 0
        self._exports = set()
        for key, beside, movie in self._files():
            yield from self._photo(key, known, beside, movie)
        if self.root == self.folder:
            self.remarks += _remarks_on(self._exports)
            self._check_still_there()

    def _files(self) -> Iterator[_File]:
        """Yield each file that may be a photo by its name; count the others as no pictures."""
        for file in self._walk():
            suffix = _suffix(file[0])
            if not suffix or worth_a_look(suffix):
                yield file
            else:
                self.ignored += 1

    def _walk(self) -> Iterator[_File]:
        if self.root != self.folder:
            name = os.fsencode(self.root.name)
            there = [name, *self._beside(name)]
            yield name, sidecars(there).get(name, ()), moving_halves(there).get(name)
            return
        folders, links = [b""], deque[bytes]()
        entered: set[tuple[int, int]] = set()
        through_link = False
        while folders or links:
            if not folders:
                folders.append(links.popleft())
                through_link = True
            folder = folders.pop()
            try:
                identity = _identity(self._path(folder))
                if through_link and identity in entered:
                    continue
                entered.add(identity)
                self._note_mount(folder, identity[0])
                files, inner, linked = self._list(folder)
            except OSError as error:
                self.unreadable[folder] = _why(error)
                continue
            folders += reversed(inner)
            links += linked
            beside, movies = sidecars(files), moving_halves(files)
            for key in sorted(set(files).difference(movies.values())):
                yield key, beside.get(key, ()), movies.get(key)

    def _note_mount(self, folder: bytes, device: int) -> None:
        around = folder.rpartition(b"/")[0]
        while around and around not in self.mounts:
            around = around.rpartition(b"/")[0]
        if device != self.mounts.get(around, self.device):
            self.mounts[folder] = device

    def _list(self, folder: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """List the keys in one folder, sorted: files and the like, folders, links to folders."""
        files: list[bytes] = []
        inner: list[bytes] = []
        linked: list[bytes] = []
        with os.scandir(self._path(folder)) as entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                key = folder + b"/" + entry.name if folder else entry.name
                if not _is_folder(entry):
                    files.append(key)
                    if key.lower().endswith(b".lrcat") or _FIRST_OF_AN_EXPORT.fullmatch(entry.name):
                        self.passed_over.append(key)
                elif is_package(entry.name):
                    if os.path.splitext(key)[1].lower() in _PHOTO_LIBRARY_SUFFIXES:  # noqa: PTH122
                        self.passed_over.append(key)
                elif entry.name.lower() not in _FOREIGN_FOLDERS:
                    (linked if entry.is_symlink() else inner).append(key)
                    self._look_for_an_export(key, entry.name)
        return sorted(files), sorted(inner), sorted(linked)

    def _look_for_an_export(self, key: bytes, name: bytes) -> None:
        if _LIKE_AN_EXPORT.match(name):
            export = export_around(Path(os.fsdecode(self._path(key))), self.folder)
            self._exports |= {export} if export else set()

    def _beside(self, name: bytes) -> Iterator[bytes]:
        """Find what may belong to the only file that is asked for, without listing all that lies beside it."""
        stem = os.path.splitext(name)[0]  # noqa: PTH122
        for other in (name + SUFFIX, stem + SUFFIX, stem + MOVIE, stem + MOVIE.upper()):
            if os.path.isfile(self._path(other)):  # noqa: PTH113
                yield other

    def _photo(
        self, key: bytes, known: Known | None, beside: tuple[bytes, ...], movie: bytes | None
    ) -> Iterator[Photo]:
        """Yield the photo at `key` with what belongs to it, or count the file as no picture."""
        path = Path(os.fsdecode(self._path(key)))
        stamp, problem = _look(path)
        if not _suffix(key) and not (stamp and ((known and known(key, stamp)) or _starts_like_a_picture(path))):
            self.ignored += 1
            return
        paths = tuple(Path(os.fsdecode(self._path(sidecar))) for sidecar in beside)
        parts = [Part("sidecar", display_name(name), path) for name, path in zip(beside, paths, strict=True)]
        live = [Path(os.fsdecode(self._path(half))) for half in (movie,) if half and self._is_short(half)]
        parts += [Part("live video", display_name(os.fsencode(half.name)), half) for half in live]
        yield Photo(
            key,
            display_name(key),
            path,
            (Rendition(path),),
            stamp,
            problem=problem,
            facts=Facts(media=("photo", "live") if live else ()),
            facts_token=" ".join([*(_version(sidecar) for sidecar in paths), *("live" for _ in live)]),
            sidecars=paths,
            parts=tuple(parts),
        )

    def _is_short(self, movie: bytes) -> bool:
        """Tell the few seconds of a Live Photo from a film that has the picture's name."""
        stamp, _ = _look(Path(os.fsdecode(self._path(movie))))
        return stamp is not None and stamp.size_bytes <= MOST_BYTES

    def _path(self, key: bytes) -> bytes:
        return os.path.join(os.fsencode(self.folder), key)  # noqa: PTH118  # names are bytes: they need not be text

    def _check_still_there(self) -> None:
        """Tell a finished walk from one that saw an unplugged drive as empty folders."""
        if b"" in self.unreadable:
            raise ImporterError(f"{self.root} cannot be read: {self.unreadable[b'']}")
        try:
            device = self.root.stat().st_dev
        except OSError as error:
            raise ImporterError(f"{self.root} went away while it was being read: {_why(error)}") from error
        if device != self.device:
            raise ImporterError(f"{self.root} went away while it was being read; was its drive unplugged?")


def is_package(name: bytes) -> bool:
    """Tell by a folder's name whether it is a library that one program owns."""
    return os.path.splitext(name)[1].lower() in _PACKAGE_SUFFIXES  # noqa: PTH122


def display_name(key: bytes) -> str:
    """Return a file's name for people: what is no text, and what would move the cursor, is replaced."""
    return key.rsplit(b"/", 1)[-1].decode("utf-8", "replace").translate(_CONTROL_CHARACTERS)


def _remarks_on(exports: set[Path]) -> Iterator[str]:
    """Say which folders are Google Takeouts; they are read here all the same, for they always were."""
    only = "only the pictures of a Google Takeout are read here, not its albums, people, dates and descriptions"
    for folder in sorted({export.parent for export in exports}):
        inside = [export for export in sorted(exports) if export.parent == folder]
        if len(inside) == 1:
            yield f'{inside[0]}: {only}; these are read by: safelight index "{inside[0]}"'
        else:
            named = ", ".join(export.name for export in inside)
            yield f"{folder} ({named}): {only}; move these parts into a folder of their own, and index that."


def _suffix(key: bytes) -> str:
    """Return what a name says of the file; a dot at its end says nothing."""
    suffix = os.fsdecode(os.path.splitext(key)[1])  # noqa: PTH122
    return "" if suffix == "." else suffix


def _identity(path: bytes) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _look(path: Path) -> tuple[FileStamp | None, str | None]:
    """Return a file's stamp, and why it cannot be read where its status tells already."""
    try:
        status = path.stat()
    except OSError as error:
        return None, "the link leads nowhere" if path.is_symlink() else _why(error)
    if not stat.S_ISREG(status.st_mode):
        return None, "it is a pipe, a socket or a device, not a file"
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino), _cloud_problem(status)


def _version(path: Path) -> str:
    """Name the state of a sidecar, so that a change is seen without reading it."""
    stamp, _ = _look(path)
    return f"{stamp.size_bytes}-{stamp.mtime_ns}" if stamp else "gone"


def _cloud_problem(status: os.stat_result) -> str | None:
    """Tell a placeholder, which macOS would download if it were opened, from a file."""
    if getattr(status, "st_flags", 0) & _DATALESS:
        return "it is only in iCloud; download it in the Finder, then index again"
    return None


def _starts_like_a_picture(path: Path) -> bool:
    """Look at the first bytes of a file whose name does not say what it is."""
    try:
        # O_NONBLOCK: a pipe that took the file's place must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            kind = sniff(os.read(descriptor, HEAD_BYTES))
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return kind is not None and kind.reader is not Reader.NONE


def _why(error: BaseException) -> str:
    """Say why the system refuses, in its own words."""
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()
