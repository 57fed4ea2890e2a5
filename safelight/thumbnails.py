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
from safelight.kept_pictures import KeptPictures, sent_pictures
from safelight.status import NoSuchPhotoError

SIZES = (160, 320, 640, 1280, 2560)
"""Pixels of the longer side."""

LIMIT_BYTES = 2 << 30
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
    sent = sent_pictures(catalog.home).path(digest)  # the last way: it may be small
    last = [Rendition(sent)] if sent.exists() else []
    return Wanted(f"{digest}-{size}", size, (*renditions, *elsewhere, *last))


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
        self._kept = KeptPictures(folder, limit_bytes)
        self._decoding = Decoding(_NO_MODEL, workers)
        self._lock = threading.Lock()
        self._making: dict[str, Future[bytes]] = {}

    def get(self, picture: Wanted) -> Future[bytes]:
        """Return a JPEG, from the cache or newly made; ImageProblem where its files give no picture.

        Writes: the cache.
        """
        answer: Future[bytes] = Future()
        if (kept := self._kept.read(picture.name)) is not None:
            answer.set_result(kept)
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
                self._kept.keep(picture.name, buffer.getvalue())
            answer.set_result(buffer.getvalue())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            with self._lock:
                self._making.pop(picture.name, None)
