"""Photos that only Lightroom can show: their thumbnails, sent by the plug-in, stand for them in the index."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from importers.base import Facts, Outcome
from indexer.catalog import Content
from indexer.photo_row import PhotoRow
from safelight.bridge.errors import BridgeError
from safelight.bridge.known import SOURCE
from safelight.kept_pictures import sent_pictures
from safelight.service import Library

READER = "lightroom thumbnail"


def take(library: Library, catalog: str, uuid: str, name: str, jpeg: bytes, vector: NDArray[np.float32]) -> bool:
    """Let a thumbnail stand for a photo of the catalog at path `catalog`; a photo that was read is left as it is.

    Args:
        vector: float32 (D,), L2 norm 1: the thumbnail, as the model in use sees it.

    Returns:
        Whether it was needed.

    Raises:
        BridgeError: The bytes are no picture, or the catalog was never indexed. (A request must not make it a place:
            places can be read.)

    Writes: the catalog of photos, and sent/ in our own data folder.
    """
    try:
        with Image.open(io.BytesIO(jpeg)) as image:  # its header alone; the decoder process has read the pixels
            width, height = image.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BridgeError("bad_request", "this is no picture") from error
    photos = library.catalog
    root = next((root for root in photos.roots() if root.source == SOURCE and root.path == Path(catalog)), None)
    if root is None:
        raise BridgeError("no_place", "this catalog has not been indexed yet; choose Index This Catalog first")
    key = uuid.encode()
    known = photos.content_at(root.id, key)
    if known is not None and known[0] is not None:
        return False
    content = Content(xxhash.xxh3_128_digest(jpeg), len(jpeg), width, height, "JPEG")
    with suppress(OSError):  # a full disk: it is found all the same, and has no picture
        sent_pictures(library.home).keep(content.hash.hex(), jpeg)
    with photos.transaction():
        content_id = photos.write_content(content)
        photos.write_vector(library.model, content_id, vector)
        if known is None:
            photos.write_photo(
                PhotoRow(root.id, key, None, name, None, Outcome.INDEXED, None, READER, Facts(), content_id)
            )
        else:  # the catalog's facts about it are there already
            photos.db.execute(
                "UPDATE photo SET content_id = ?, state = 'indexed', reason = NULL, reader = ?"
                " WHERE root_id = ? AND key = ?",
                (content_id, READER, root.id, key),
            )
    return True
