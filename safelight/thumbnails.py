"""Pictures for people to look at: small JPEGs, upright, in sRGB; made when first asked for, and kept on disk."""

from __future__ import annotations

import io
import json
import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from importers.as_json import unpack_rendition
from importers.base import Rendition
from importers.images import ImageProblem
from indexer.catalog import Catalog
from indexer.decoders import Decoded, Job
from indexer.preprocess import PixelSpec
from safelight.decoding import Decoding
from safelight.status import NoSuchPhotoError

SIZES = (160, 320, 640, 1280, 2560)
"""Pixels of the longer side."""

LIMIT_BYTES = 2 << 30
_KEEP = 0.8  # of the limit, once it is passed
_SETTLE_BYTES = 32 << 20  # written between two looks at how much there is
_QUALITY = {160: 80, 320: 82, 640: 85, 1280: 88, 2560: 90}
_COPIES = 3  # of a photo that are tried when its own file gives no picture
_NO_MODEL = PixelSpec(1, 1, "exact", 0, 2, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # every job here says how large


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to make.

    Attributes:
        name: Names its bytes: the content and the size.
        renditions: Where its pixels may be had, the best first.
    """

    name: str
    size: int
    renditions: tuple[Rendition, ...]


def wanted(catalog: Catalog, photo_id: str, size: int) -> Wanted:
    """Look up what is to be made for a photo.

    Raises:
        NoSuchPhotoError: There is none, or it was never read.
    """
    row = catalog.db.execute(
        "SELECT lower(hex(c.hash)), p.path, p.rendition, p.edited, c.id FROM photo p"
        " JOIN content c ON c.id = p.content_id WHERE p.public_id = ?",
        (photo_id,),
    ).fetchone()
    if row is None:
        raise NoSuchPhotoError(f"there is no picture of a photo {photo_id}")
    digest, path, packed, edited, content_id = row
    original = [] if path is None else [Rendition(Path(os.fsdecode(path)))]
    read = [] if packed is None else [unpack_rendition(json.loads(packed))]
    # What was read shows the photo as its library does. Where it is too small the original serves, if nobody edited it.
    is_large = all(max(r.width or size, r.height or size) >= size for r in read)
    renditions = [*read, *original] if is_large or edited or any(r.edited for r in read) else [*original, *read]
    # Where it lies elsewhere too, that serves when the drive of this place is away.
    copies = catalog.db.execute(
        "SELECT path FROM photo WHERE content_id = ? AND public_id != ? AND path IS NOT NULL AND rendition IS NULL"
        f" AND state = 'indexed' LIMIT {_COPIES}",
        (content_id, photo_id),
    )
    elsewhere = [Rendition(Path(os.fsdecode(copy))) for (copy,) in copies]
    return Wanted(f"{digest}-{size}", size, (*renditions, *elsewhere))


class Thumbnails:
    """Makes and keeps them. All methods are for any thread."""

    def __init__(self, folder: Path, *, workers: int, limit_bytes: int = LIMIT_BYTES) -> None:
        """Open the cache.

        Args:
            folder: Where they are kept; made where absent, and safe to delete.
            workers: Decoder processes.
            limit_bytes: How much may be kept; the longest unused go first.

        Writes: `folder`.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder, self._limit_bytes = folder, limit_bytes
        self._decoding = Decoding(_NO_MODEL, workers)
        self._lock = threading.Lock()
        self._making: dict[str, Future[bytes]] = {}
        self._unsettled = _SETTLE_BYTES  # what an earlier helper left is looked at with the first picture

    def get(self, picture: Wanted) -> Future[bytes]:
        """Return a JPEG, from the cache or newly made; ImageProblem where its files give no picture.

        Writes: the cache.
        """
        answer: Future[bytes] = Future()
        path = self._path(picture.name)
        with suppress(OSError):
            answer.set_result(path.read_bytes())
            os.utime(path)  # used just now
            return answer
        with self._lock:
            if picture.name in self._making:
                return self._making[picture.name]
            self._making[picture.name] = answer
        decoded = self._decoding.submit(Job(0, picture.renditions, longest=picture.size))
        decoded.add_done_callback(lambda done: self._finish(picture, done, answer))
        return answer

    def close(self, timeout_s: float) -> bool:
        """End the decoders; tells whether they have ended in time."""
        self._decoding.close()
        return self._decoding.join(timeout_s)

    def _finish(self, picture: Wanted, done: Future[Decoded], answer: Future[bytes]) -> None:
        """Encode and keep a decoded picture; runs in the thread of its decoder."""
        try:
            decoded = done.result()
            if decoded.problem is not None:
                raise ImageProblem(decoded.problem.kind, decoded.problem.reason)
            buffer = io.BytesIO()
            assert decoded.pixels is not None  # there is no problem
            Image.fromarray(decoded.pixels).save(buffer, "JPEG", quality=_QUALITY[picture.size])
            with suppress(OSError):  # a full disk makes it slow, no more
                self._keep(picture.name, buffer.getvalue())
            answer.set_result(buffer.getvalue())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            with self._lock:
                self._making.pop(picture.name, None)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.jpg"

    def _keep(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        temporary.write_bytes(data)
        temporary.replace(path)
        with self._lock:
            self._unsettled += len(data)
            if self._unsettled < _SETTLE_BYTES:
                return
            self._unsettled = 0
        self._settle()

    def _settle(self) -> None:
        """Delete what was not used for longest, where there is too much."""
        files: list[tuple[float, int, str]] = []
        for folder in os.scandir(self._folder):
            for entry in os.scandir(folder.path):
                status = entry.stat()
                files.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        if total <= self._limit_bytes:
            return
        for _, size, path in sorted(files):
            with suppress(OSError):
                Path(path).unlink()
            total -= size
            if total <= _KEEP * self._limit_bytes:
                break
