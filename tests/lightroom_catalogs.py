"""Generated Lightroom catalogs: the tables that are read, as they stand in real ones, filled with what a test asks for.

The columns of Lightroom 5 are copied from two real catalogs. What later versions added follows public dumps of the
schema of Classic 13 (2024); no such catalog was at hand.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType

LIGHTROOM_5 = "0500006"
LIGHTROOM_13 = "1300000"

_TABLES = {
    "Adobe_variablesTable": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL, name, type,
        value NOT NULL DEFAULT ''""",
    "Adobe_images": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL, aspectRatioCache NOT NULL DEFAULT -1,
        bitDepth NOT NULL DEFAULT 0, captureTime, colorChannels NOT NULL DEFAULT 0, colorLabels NOT NULL DEFAULT '',
        colorMode NOT NULL DEFAULT -1, copyCreationTime NOT NULL DEFAULT -63113817600, copyName, copyReason,
        developSettingsIDCache, fileFormat NOT NULL DEFAULT 'unset', fileHeight, fileWidth, hasMissingSidecars INTEGER,
        masterImage INTEGER, orientation, originalCaptureTime, originalRootEntity INTEGER, panningDistanceH,
        panningDistanceV, pick NOT NULL DEFAULT 0, positionInFolder NOT NULL DEFAULT 'z', propertiesCache,
        pyramidIDCache, rating, rootFile INTEGER NOT NULL DEFAULT 0, sidecarStatus, touchCount NOT NULL DEFAULT 0,
        touchTime NOT NULL DEFAULT 0""",
    "AgLibraryFile": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL, baseName NOT NULL DEFAULT '',
        errorMessage, errorTime, extension NOT NULL DEFAULT '', externalModTime, folder INTEGER NOT NULL DEFAULT 0,
        idx_filename NOT NULL DEFAULT '', importHash, lc_idx_filename NOT NULL DEFAULT '',
        lc_idx_filenameExtension NOT NULL DEFAULT '', md5, modTime, originalFilename NOT NULL DEFAULT '',
        sidecarExtensions""",
    "AgLibraryFolder": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL, pathFromRoot NOT NULL DEFAULT '',
        rootFolder INTEGER NOT NULL DEFAULT 0""",
    "AgLibraryRootFolder": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL,
        absolutePath UNIQUE NOT NULL DEFAULT '', name NOT NULL DEFAULT '', relativePathFromCatalog""",
    "Adobe_imageDevelopSettings": """id_local INTEGER PRIMARY KEY, allowFastRender INTEGER, beforeSettingsIDCache,
        croppedHeight, croppedWidth, digest, fileHeight, fileWidth, grayscale INTEGER, hasDevelopAdjustments INTEGER,
        hasDevelopAdjustmentsEx, historySettingsID, image INTEGER, processVersion, settingsID, snapshotID, text,
        validatedForVersion, whiteBalance""",
    "Adobe_AdditionalMetadata": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL,
        additionalInfoSet INTEGER NOT NULL DEFAULT 0, embeddedXmp INTEGER NOT NULL DEFAULT 0,
        externalXmpIsDirty INTEGER NOT NULL DEFAULT 0, image INTEGER,
        incrementalWhiteBalance INTEGER NOT NULL DEFAULT 0, internalXmpDigest, isRawFile INTEGER NOT NULL DEFAULT 0,
        lastSynchronizedHash, lastSynchronizedTimestamp NOT NULL DEFAULT -63113817600, metadataPresetID,
        metadataVersion, monochrome INTEGER NOT NULL DEFAULT 0, xmp NOT NULL DEFAULT ''""",
    "AgHarvestedExifMetadata": """id_local INTEGER PRIMARY KEY, image INTEGER, aperture, cameraModelRef INTEGER,
        cameraSNRef INTEGER, dateDay, dateMonth, dateYear, flashFired INTEGER, focalLength, gpsLatitude, gpsLongitude,
        gpsSequence NOT NULL DEFAULT 0, hasGPS INTEGER, isoSpeedRating, lensRef INTEGER, shutterSpeed""",
    "AgHarvestedIptcMetadata": """id_local INTEGER PRIMARY KEY, image INTEGER, cityRef INTEGER, copyrightState INTEGER,
        countryRef INTEGER, creatorRef INTEGER, isoCountryCodeRef INTEGER, jobIdentifierRef INTEGER,
        locationDataOrigination NOT NULL DEFAULT 'unset', locationGPSSequence NOT NULL DEFAULT -1, locationRef INTEGER,
        stateRef INTEGER""",
    "AgLibraryIPTC": "id_local INTEGER PRIMARY KEY, caption, copyright, image INTEGER NOT NULL DEFAULT 0",
    "AgLibraryFolderStackImage": """id_local INTEGER PRIMARY KEY, collapsed INTEGER NOT NULL DEFAULT 0,
        image INTEGER NOT NULL DEFAULT 0, position NOT NULL DEFAULT '', stack INTEGER NOT NULL DEFAULT 0""",
    "AgLibraryKeyword": """id_local INTEGER PRIMARY KEY, id_global UNIQUE NOT NULL, dateCreated NOT NULL DEFAULT '',
        genealogy NOT NULL DEFAULT '', imageCountCache DEFAULT -1, includeOnExport INTEGER NOT NULL DEFAULT 1,
        includeParents INTEGER NOT NULL DEFAULT 1, includeSynonyms INTEGER NOT NULL DEFAULT 1, keywordType, lastApplied,
        lc_name, name, parent INTEGER""",
    "AgLibraryKeywordImage": """id_local INTEGER PRIMARY KEY, image INTEGER NOT NULL DEFAULT 0,
        tag INTEGER NOT NULL DEFAULT 0""",
    "AgLibraryKeywordSynonym": """id_local INTEGER PRIMARY KEY, keyword INTEGER NOT NULL DEFAULT 0, lc_name, name""",
    "AgLibraryCollection": """id_local INTEGER PRIMARY KEY, creationId NOT NULL DEFAULT '',
        genealogy NOT NULL DEFAULT '', imageCount, name NOT NULL DEFAULT '', parent INTEGER,
        systemOnly NOT NULL DEFAULT ''""",
    "AgLibraryCollectionImage": """id_local INTEGER PRIMARY KEY, collection INTEGER NOT NULL DEFAULT 0,
        image INTEGER NOT NULL DEFAULT 0, pick NOT NULL DEFAULT 0, positionInCollection""",
}
_INTERNED = (
    *(f"AgInternedExif{name}" for name in ("CameraModel", "CameraSN", "Lens")),
    *(f"AgInternedIptc{name}" for name in ("City", "Country", "Creator", "Location", "State")),
)
_ADDED_LATER = {
    "Adobe_images": "editLock INTEGER NOT NULL DEFAULT 0",
    "AgLibraryFolder": "parentId INTEGER, visibility INTEGER",
    "Adobe_imageDevelopSettings": "hasAIMasks INTEGER NOT NULL DEFAULT 0, hasBigData INTEGER NOT NULL DEFAULT 0",
    "AgLibraryIPTC": "altTextAccessibility, extDescrAccessibility",
}
_INDEXES = {
    "Adobe_images": "rootFile",
    "Adobe_imageDevelopSettings": "image",
    "Adobe_AdditionalMetadata": "image, externalXmpIsDirty",
    "AgHarvestedExifMetadata": "image",
    "AgHarvestedIptcMetadata": "image",
    "AgLibraryIPTC": "image",
    "AgLibraryFolderStackImage": "image, stack, position, collapsed",
    "AgLibraryKeywordImage": "image",
    "AgLibraryKeywordSynonym": "keyword",
    "AgLibraryCollectionImage": "image, collection",
}


class CatalogWriter:
    """Writes a catalog row by row. A context manager; the catalog is complete, and hours old, at its end."""

    def __init__(self, path: Path, version: str | None = LIGHTROOM_5, *, root: str = "/Volumes/Photos/") -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.modern = version is not None and version >= "07"
        self.connection.execute("PRAGMA synchronous = OFF")
        if self.modern:
            self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("BEGIN")
        self._last_id = 100
        for table, columns in _TABLES.items():
            added = f", {_ADDED_LATER[table]}" if self.modern and table in _ADDED_LATER else ""
            self.connection.execute(f"CREATE TABLE {table} ({columns}{added})")
        for table in _INTERNED:
            self.connection.execute(f"CREATE TABLE {table} (id_local INTEGER PRIMARY KEY, searchIndex, value)")
        for table, columns in _INDEXES.items():
            self.connection.execute(f"CREATE INDEX index_{table} ON {table} ({columns})")
        if version is not None:
            self.add("Adobe_variablesTable", name="Adobe_DBVersion", value=version)
        self.root_tag = self.add("AgLibraryKeyword", genealogy="/3101")
        self.root = self.add("AgLibraryRootFolder", absolutePath=root, name="Photos")

    def __enter__(self) -> CatalogWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.execute("COMMIT")
        self.connection.close()
        settle(self.path)

    def add(self, table: str, **values: object) -> int:
        """Insert a row with the next id; entities of all tables share one counter, as in Lightroom."""
        self._last_id += 1
        values = {"id_local": self._last_id, **values}
        if "id_global UNIQUE" in _TABLES.get(table, ""):
            values.setdefault("id_global", str(uuid.UUID(int=self._last_id, version=4)).upper())
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        return int(values["id_local"])  # type: ignore[call-overload]

    def folder(self, path_from_root: str = "2024/05/") -> int:
        return self.add("AgLibraryFolder", pathFromRoot=path_from_root, rootFolder=self.root)

    def file(self, folder: int, name: str = "IMG_0001.CR2", **values: object) -> int:
        base, dot, extension = name.rpartition(".")
        return self.add(
            "AgLibraryFile",
            **{"baseName": base if dot else name, "extension": extension if dot else "", "folder": folder, **values},
        )

    def image(self, file: int, *, digest: str | None = None, adjustments: float | None = -1.0, **values: object) -> int:
        """Insert an image the way Lightroom does: numbers as REAL, develop settings in a row of their own.

        Args:
            adjustments: -1.0 as real catalogs have it of photos that nobody edited; 1.0 for edited ones.
        """
        defaults: dict[str, object] = {
            "captureTime": "2024-05-17T10:30:00",
            "fileFormat": "RAW",
            "fileWidth": 6000.0,
            "fileHeight": 4000.0,
            "orientation": "AB",
        }
        image = self.add("Adobe_images", rootFile=file, **{**defaults, **values})
        self.add(
            "Adobe_imageDevelopSettings",
            image=image,
            digest=digest or f"{image:032x}",
            croppedWidth="uncropped",
            hasDevelopAdjustmentsEx=adjustments,
        )
        return image

    def photo(self, name: str = "IMG_0001.CR2", **values: object) -> int:
        return self.image(self.file(self.folder(f"{name}/"), name), **values)

    def interned(self, table: str, value: str) -> int:
        return self.add(table, value=value)

    def keyword(self, name: str, parent: int | None = None, *, synonyms: tuple[str, ...] = (), **flags: int) -> int:
        key = self.add("AgLibraryKeyword", name=name, lc_name=name.lower(), parent=parent or self.root_tag, **flags)
        for synonym in synonyms:
            self.add("AgLibraryKeywordSynonym", keyword=key, name=synonym, lc_name=synonym.lower())
        return key

    def tag(self, image: int, *keywords: int) -> None:
        for keyword in keywords:
            self.add("AgLibraryKeywordImage", image=image, tag=keyword)

    def xmp(self, image: int, packet: str) -> None:
        """Store a packet as this version does: as text, or packed from Classic 7 on."""
        self.add("Adobe_AdditionalMetadata", image=image, xmp=pack(packet.encode()) if self.modern else packet)


def pack(packet: bytes) -> bytes:
    return struct.pack(">I", len(packet)) + zlib.compress(packet)


def settle(path: Path) -> None:
    """Make a file look as if nobody had written to it for hours."""
    hours_ago = time.time() - 7200
    os.utime(path, (hours_ago, hours_ago))


def fingerprint(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Every file below a folder with hash, size and time: equal before and after means that nobody touched it."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_size,
            path.stat().st_mtime_ns,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def execute(path: Path, *statements: str) -> None:
    """Change a finished catalog, and leave it as settled as before."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            connection.execute(statement)
    settle(path)


def spoil(catalog: Path, table: str) -> None:
    """Overwrite the root page of a table, and so all of it."""
    with closing(sqlite3.connect(catalog)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with catalog.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xaa" * size)
    settle(catalog)


def xmp_packet(attributes: str = "", elements: str = "") -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
        ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"'
        f" {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Check that no file below a folder is changed, created or removed."""
    before = fingerprint(folder)
    yield
    assert fingerprint(folder) == before
