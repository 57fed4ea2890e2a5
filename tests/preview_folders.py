"""Generated previews folders: containers, previews.db and 13.3+ files, from the layout in lrprev/layout.py."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

from lightroom_catalogs import CatalogWriter
from PIL import Image

DIGEST = "0123456789abcdef0123456789abcdef"
Level = tuple[bytes, int, int]  # JPEG, width, height


def levels_of(picture: Image.Image, smallest: int = 60, **options: object) -> list[Level]:
    """Make the levels of a picture, smallest first, each half of the next, encoded as Lightroom does."""
    levels = [_level(picture, options)]
    while max(levels[0][1:]) >= 2 * smallest:
        _, width, height = levels[0]
        levels.insert(0, _level(picture.resize((-(-width // 2), -(-height // 2))), options))
    return levels


def _level(picture: Image.Image, options: dict[str, object]) -> Level:
    stream = BytesIO()
    picture.save(stream, "JPEG", **{"subsampling": 0, "restart_marker_rows": 1, **options})
    return stream.getvalue(), *picture.size


def container(levels: Sequence[Level], uuid: str, digest: str = DIGEST, **header: object) -> bytes:
    """Build a container; `header` overrides fields of its Lua table."""
    sizes = "".join(f"\t\t{{\n\t\t\theight = {h},\n\t\t\twidth = {w},\n\t\t}},\n" for _, w, h in levels)
    fields: dict[str, object] = {
        "colorProfile": '"AdobeRGB"',
        "croppedHeight": levels[-1][2],
        "croppedWidth": levels[-1][1],
        "digest": f'"{digest}"',
        "fileTimeStamp": 411156515,
        "formatVersion": 3,
        "levels": f"{{\n{sizes}\t}}",
        "quality": '"final"',
        "uuid": f'"{uuid}"',
        **header,
    }
    text = "\npyramid = {\n" + "".join(f"\t{key} = {value},\n" for key, value in fields.items()) + "}\n"
    sections = [_section(f"level_{number}", jpeg) for number, (jpeg, _, _) in enumerate(levels, start=1)]
    return _section("header", text.encode(), version=0) + b"".join(sections)


def _section(name: str, data: bytes, version: int = 1) -> bytes:
    padding = -(32 + len(data)) % 16
    head = struct.pack(">4sHBBQQ", b"AgHg", 32, version, 0, len(data), padding)
    return head + name.encode().ljust(8, b"\0") + data + bytes(padding)


def place(folder: Path, content: bytes, uuid: str, digest: str = DIGEST, suffix: str = ".lrprev") -> Path:
    """Write a file where Lightroom keeps previews: U/UUUU/UUID-digest and a suffix."""
    path = folder / uuid[0] / uuid[:4] / f"{uuid}-{digest}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_previews_db(folder: Path, current: Iterable[tuple[int, str, str, str | None]]) -> None:
    """Write a previews.db whose current previews are (image id, uuid, digest, orientation)."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "previews.db")) as connection, connection:
        connection.executescript(_PREVIEWS_DB)
        for image, uuid, digest, orientation in current:
            connection.execute(
                "INSERT INTO ImageCacheEntry VALUES (?, ?, ?, ?)", (float(image), uuid, digest, orientation)
            )
            connection.execute(
                "INSERT OR IGNORE INTO Pyramid"
                " VALUES (?, ?, 'AdobeRGB', 411156515.0, 'final', 240.0, 160.0, 0.0, NULL, 0)",
                (uuid, digest),
            )


_PREVIEWS_DB = """
CREATE TABLE StoreInfo (version NOT NULL);
INSERT INTO StoreInfo VALUES (12.0);
CREATE TABLE Pyramid (uuid NOT NULL, digest NOT NULL, colorProfile NOT NULL, fileTimeStamp, quality NOT NULL,
    croppedWidth NOT NULL, croppedHeight NOT NULL, pyramidFileTimeStamp, fingerprint, fromProxy);
CREATE UNIQUE INDEX index_uuid_digest ON Pyramid (uuid, digest);
CREATE TABLE PyramidLevel (uuid NOT NULL, digest NOT NULL, level NOT NULL, longDimension NOT NULL, lastAccess NOT NULL,
    width NOT NULL, height NOT NULL);
CREATE INDEX index_PyramidLevel_uuid_digest ON PyramidLevel (uuid, digest, level);
CREATE TABLE ImageCacheEntry (imageId NOT NULL, uuid NOT NULL, digest NOT NULL, orientation);
CREATE UNIQUE INDEX index_ImageCacheEntry_imageId ON ImageCacheEntry (imageId);
CREATE INDEX index_ImageCacheEntry_uuid_digest ON ImageCacheEntry (uuid, digest);
"""


class Library:
    """A catalog with its previews folder, written photo by photo; a context manager."""

    def __init__(self, folder: Path, *, root: str = "/Volumes/Photos/", tag: str = "AAAA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.catalog = folder / "Lib.lrcat"
        self.previews = folder / "Lib Previews.lrdata"
        self.writer = CatalogWriter(self.catalog, root=root)
        self._current: list[tuple[int, str, str, str | None]] = []
        self._tag = tag
        self._number = 0

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *error: object) -> None:
        self.writer.__exit__(None, None, None)
        write_previews_db(self.previews, self._current)

    def file(self, name: str, folder: str = "2024/") -> tuple[int, str]:
        """Add a file; returns its id and UUID."""
        self._number += 1
        uuid = f"{self._number:08X}-0000-4000-8000-00000000{self._tag}"
        folders = self.writer.connection.execute(
            "SELECT id_local FROM AgLibraryFolder WHERE pathFromRoot = ?", (folder,)
        )
        row = folders.fetchone()
        return self.writer.file(row[0] if row else self.writer.folder(folder), name, id_global=uuid), uuid

    def photo(self, name: str, folder: str = "2024/", **more: Any) -> int:
        """Add a photo with a current preview; see image."""
        return self.image(*self.file(name, folder), **more)

    def image(
        self,
        file: int,
        uuid: str,
        *,
        digest: str | None = None,
        levels: Sequence[Level] | None = None,
        header: Mapping[str, object] | None = None,
        **image: object,
    ) -> int:
        """Add an image (a photo or a virtual copy) with a current preview: these levels, or a picture of 240x160."""
        self._number += 1
        digest = digest or f"{self._number:032x}"
        name = f"{self._number:08X}-1111-4000-8000-00000000{self._tag}"
        key = self.writer.image(file, digest=digest, **{"id_global": name, **image})
        content = container(levels or levels_of(picture(self._number)), uuid, digest, **(header or {}))
        place(self.previews, content, uuid, digest)
        orientation = image.get("orientation", "AB")
        self._current.append((key, uuid, digest, orientation if isinstance(orientation, str) else None))
        return key


def picture(seed: int = 1, width: int = 240, height: int = 160) -> Image.Image:
    """Make a picture like no other."""
    noise = random.Random(seed).randbytes(12 * 8 * 3)
    return Image.frombytes("RGB", (12, 8), noise).resize((width, height), Image.Resampling.BICUBIC)


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder with its hash and modification time: equal before and after means untouched."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder",
            path.stat().st_mtime_ns,
        )
        for path in [folder, *folder.rglob("*")]
    }
