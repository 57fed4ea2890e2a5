"""Real previews, and generated ones built from the layout in lrprev/layout.py."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

UUID = "0A1B2C3D-0000-4000-8000-00000000AAAA"
DIGEST = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def lightroom5(samples: Path) -> Path:
    """The previews folder of a real Lightroom 5 catalog: 3 photos, 1:1."""
    return samples / "lightroom5" / "Lightroom 5 Catalog Previews.lrdata"


@pytest.fixture(scope="session")
def real_previews(lightroom5: Path) -> list[Path]:
    return sorted(lightroom5.glob("*/*/*.lrprev"))


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    def make(
        width: int, height: int, *, exif_thumbnail: bytes | None = None, seed: int = 1, **options: object
    ) -> bytes:
        noise = Image.effect_noise((width, height), 64) if seed else Image.new("L", (width, height), 128)
        stream = BytesIO()
        if exif_thumbnail is not None:
            options["exif"] = _exif_with_thumbnail(exif_thumbnail)
        noise.convert("RGB").save(stream, "JPEG", **options)
        return stream.getvalue()

    return make


@pytest.fixture(scope="session")
def make_section() -> Callable[..., bytes]:
    """Build one section from its name and data."""
    return _section


@pytest.fixture(scope="session")
def make_container() -> Callable[..., bytes]:
    """Build a container from level JPEGs and their sizes, level_1 first, as Lightroom writes one."""

    def make(levels: list[tuple[bytes, int, int]], uuid: str = UUID, digest: str = DIGEST) -> bytes:
        text = _header_text([(width, height) for _, width, height in levels], uuid, digest)
        sections = [_section(f"level_{n}", jpeg) for n, (jpeg, _, _) in enumerate(levels, start=1)]
        return _section("header", text, version=0) + b"".join(sections)

    return make


@pytest.fixture(scope="session")
def generated(make_jpeg: Callable[..., bytes], make_container: Callable[..., bytes]) -> bytes:
    """A generated container with levels 60x40, 120x80 and 240x160, with restart markers as in real ones."""
    sizes = [(60, 40), (120, 80), (240, 160)]
    return make_container([(make_jpeg(w, h, subsampling=0, restart_marker_rows=1), w, h) for w, h in sizes])


@pytest.fixture(scope="session")
def make_previews_db() -> Callable[..., None]:
    """Write a previews.db with the real tables (Lightroom 5, StoreInfo 12.0) and REAL numbers."""

    def make(
        path: Path, current: list[tuple[int, str, str, str | None]], pyramids: list[tuple[str, str]] | None = None
    ) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(PREVIEWS_DB_SCHEMA)
            connection.executemany(
                "INSERT INTO ImageCacheEntry VALUES (?, ?, ?, ?)", [(float(i), *r) for i, *r in current]
            )
            for uuid, digest in pyramids or [(uuid, digest) for _, uuid, digest, _ in current]:
                connection.execute(
                    "INSERT OR IGNORE INTO Pyramid"
                    " VALUES (?, ?, 'AdobeRGB', 411156515.0, 'final', 240.0, 160.0, 0.0, NULL, 0)",
                    (uuid, digest),
                )

    return make


@pytest.fixture(scope="session")
def make_root_pixels_db() -> Callable[[Path, list[tuple[str, str, bytes]]], None]:
    def make(path: Path, rows: list[tuple[str, str, bytes]]) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "CREATE TABLE RootPixels (uuid NOT NULL, digest NOT NULL, colorProfile NOT NULL, croppedWidth NOT NULL,"
                " croppedHeight NOT NULL, quality NOT NULL, jpegData NOT NULL)"
            )
            connection.executemany("INSERT INTO RootPixels VALUES (?, ?, 'AdobeRGB', 240.0, 160.0, 'final', ?)", rows)

    return make


@pytest.fixture(scope="session")
def fingerprint() -> Callable[[Path], dict[str, tuple[str, int]]]:
    """Every file below a folder with its hash and modification time: equal before and after means untouched."""

    def take(folder: Path) -> dict[str, tuple[str, int]]:
        return {
            str(path.relative_to(folder)): (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder",
                path.stat().st_mtime_ns,
            )
            for path in folder.rglob("*")
        }

    return take


@pytest.fixture(scope="session")
def place() -> Callable[..., Path]:
    """Write a file where Lightroom keeps previews: U/UUUU/UUID-digest and a suffix."""

    def write(folder: Path, content: bytes, uuid: str = UUID, digest: str = DIGEST, suffix: str = ".lrprev") -> Path:
        path = folder / uuid[0] / uuid[:4] / f"{uuid}-{digest}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def _exif_with_thumbnail(jpeg: bytes) -> bytes:
    """IFD0 empty, IFD1 with JPEGInterchangeFormat (513) and its length (514), as cameras write it."""
    ifd0 = struct.pack("<HI", 0, 14)
    ifd1 = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 44, 514, 4, 1, len(jpeg), 0)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + ifd0 + ifd1 + jpeg


def _section(name: str, data: bytes, version: int = 1, header_bytes: int = 32) -> bytes:
    padding = -(header_bytes + len(data)) % 16
    head = struct.pack(">4sHBBQQ", b"AgHg", header_bytes, version, 0, len(data), padding)
    return head + name.encode().ljust(header_bytes - 24, b"\0") + data + bytes(padding)


def _header_text(sizes: list[tuple[int, int]], uuid: str = UUID, digest: str = DIGEST, **more: str) -> bytes:
    levels = "".join(f"\t\t{{\n\t\t\theight = {h},\n\t\t\twidth = {w},\n\t\t}},\n" for w, h in sizes)
    fields = {
        "colorProfile": '"AdobeRGB"',
        "croppedHeight": sizes[-1][1] if sizes else 1,
        "croppedWidth": sizes[-1][0] if sizes else 1,
        "digest": f'"{digest}"',
        "fileTimeStamp": 411156515,
        "formatVersion": 3,
        "levels": f"{{\n{levels}\t}}",
        "quality": '"final"',
        "uuid": f'"{uuid}"',
        **more,
    }
    return ("\npyramid = {\n" + "".join(f"\t{key} = {value},\n" for key, value in fields.items()) + "}\n").encode()


PREVIEWS_DB_SCHEMA = """
CREATE TABLE StoreInfo (version NOT NULL);
INSERT INTO StoreInfo VALUES (12.0);
CREATE TABLE Pyramid (uuid NOT NULL, digest NOT NULL, colorProfile NOT NULL, fileTimeStamp, quality NOT NULL,
    croppedWidth NOT NULL, croppedHeight NOT NULL, pyramidFileTimeStamp, fingerprint, fromProxy);
CREATE UNIQUE INDEX index_uuid_digest ON Pyramid (uuid, digest);
CREATE TABLE PyramidLevel (uuid NOT NULL, digest NOT NULL, level NOT NULL, longDimension NOT NULL, lastAccess NOT NULL,
    width NOT NULL, height NOT NULL);
CREATE TABLE ImageCacheEntry (imageId NOT NULL, uuid NOT NULL, digest NOT NULL, orientation);
CREATE UNIQUE INDEX index_ImageCacheEntry_imageId ON ImageCacheEntry (imageId);
"""
