"""Generated Google Takeouts: the real tree's names and JSON with generated pictures, packed in every way."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from importers.base import Options, Photo
from importers.takeout import TakeoutSource

STAMP = "takeout-20240101T000000Z"
PHOTOS = "Takeout/Google Photos"
YEAR = f"{PHOTOS}/Photos from 2018"
ALBUM = f"{PHOTOS}/Norway"
Files = Mapping[str, bytes]
"""Path within the export, "Takeout/Google Photos/...", -> bytes."""

SAMPLE: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "data" / "takeout.toml").read_text("utf-8"))
"""Path of a file of the real tree, below Google Photos -> what is known of it."""


def picture(seed: object, form: str = "JPEG", *, taken: str | None = None) -> bytes:
    """Return a small picture that no other seed gives, with an EXIF capture time where one is given."""
    number = int.from_bytes(hashlib.sha256(repr(seed).encode()).digest()[:8])
    noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    file = io.BytesIO()
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken  # DateTimeOriginal
    Image.fromarray(noise).resize((64, 48)).save(file, form, exif=exif)
    return file.getvalue()


def sidecar(title: str, timestamp: int = 1538176027, **fields: object) -> bytes:
    """Return a photo's JSON."""
    return json.dumps({"title": title, "photoTakenTime": {"timestamp": str(timestamp)}, **fields}).encode()


def sample_export(samples: Path) -> dict[str, bytes]:
    """Return the real tree: its JSON, and for each picture that it lists a generated one.

    Files of one name are one picture in year and album, as is the one that was uploaded twice.
    """
    files: dict[str, bytes] = {}
    for line in (samples / "takeout" / "takeout-full-tree.txt").read_text().splitlines():
        path = PurePosixPath(line)
        real = samples / "takeout" / path
        if real.exists():
            files[f"Takeout/{path}"] = real.read_bytes()
        elif path.suffix == ".mov":
            files[f"Takeout/{path}"] = b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  "
        else:
            files[f"Takeout/{path}"] = picture(path.name.replace("(1)", ""))
    return files


def unpack(files: Files, folder: Path) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def split(files: Files, parts: int = 2) -> list[dict[str, bytes]]:
    """Cut an export into parts so that JSON and pictures are torn apart."""
    found: list[dict[str, bytes]] = [{} for _ in range(parts)]
    for number, (name, data) in enumerate(sorted(files.items())):
        found[number % parts][name] = data
    return found


def pack_zip(files: Files, path: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def pack_tgz(files: Files, path: Path) -> Path:
    """Write a gzipped tar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def packings(files: Files, folder: Path) -> dict[str, Path]:
    """Pack one export in every way; returns what to index of each."""
    halves = split(files)
    for number, half in enumerate(halves, 1):
        unpack(half, folder / "parts" / f"{STAMP}-{number:03}")
        unpack(
            {name.replace("Takeout/", "", 1): data for name, data in half.items()},
            folder / "named" / f"Takeout {number}",
        )
        pack_zip(
            half, folder / "zips" / f"{STAMP}-{number:03}.zip", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED][number - 1]
        )
        pack_tgz(half, folder / "tgzs" / f"{STAMP}-{number:03}.tgz")
    unpack(halves[0], folder / "mixed" / f"{STAMP}-001")
    pack_zip(halves[1], folder / "mixed" / f"{STAMP}-002.zip")
    return {
        "a tree": unpack(files, folder / "tree") / "Takeout",
        "the folder around it": folder / "tree",
        "its Google Photos folder": folder / "tree" / "Takeout" / "Google Photos",
        "unpacked parts": folder / "parts",
        "unpacked parts as a Mac names them": folder / "named",
        "a zip": pack_zip(files, folder / "zip" / f"{STAMP}-001.zip"),
        "zips": folder / "zips",
        "one of the zips": folder / "zips" / f"{STAMP}-002.zip",
        "a zip of another name": pack_zip(files, folder / "renamed" / "from google.zip"),
        "a tgz": pack_tgz(files, folder / "tgz" / f"{STAMP}-001.tgz"),
        "tgzs": folder / "tgzs",
        "a tree and a zip": folder / "mixed",
    }


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file below a folder, with its time."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def open_all(path: Path, **options: Any) -> tuple[TakeoutSource, dict[str, Photo]]:
    """Read an export; each key may come once."""
    source = TakeoutSource(path, Options(**options))
    photos: dict[str, Photo] = {}
    for photo in source.photos():
        assert photo.key.decode() not in photos
        photos[photo.key.decode()] = photo
    return source, photos


def put(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Photo]:
    """Write files into Google Photos, and read them; returns each photo by its path in there."""
    return {
        key.removeprefix("Google Photos/"): photo
        for key, photo in open_all(unpack({f"{PHOTOS}/{name}": data for name, data in files.items()}, tmp_path))[
            1
        ].items()
    }


def album(title: str) -> bytes:
    """Return an album's JSON."""
    return b'{"title": "%s"}' % title.encode()


def pixels(photo: Photo) -> bytes:
    """Read a photo's bytes as the decoders would."""
    rendition = photo.renditions[0]
    data = rendition.path.read_bytes()
    if rendition.span:
        data = data[rendition.span.offset_bytes :][: rendition.span.length_bytes]
        data = zlib.decompress(data, -15) if rendition.span.deflated else data
    return data
