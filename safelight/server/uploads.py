"""Pictures that were sent to search with: decoded where they can do no harm, and remembered as vectors for a while."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from importers.images import ImageProblem
from indexer.decoders import Decoded, Job
from indexer.errors import QueryError
from indexer.preprocess import PixelSpec
from indexer.search import photo_vector
from safelight.decoding import Decoding
from safelight.jobs.journal import LETTERS
from safelight.service import Library

PREFIX = "up-"
KEPT = 64


@dataclass(frozen=True, slots=True)
class _Upload:
    space: str
    vector: NDArray[np.float32]
    digest: bytes


class Uploads:
    """The last pictures that were sent. All methods are for any thread."""

    def __init__(self, home: Path) -> None:
        """Prepare, and remove what a helper that was killed left behind.

        Writes: uploads/ in our own data folder.
        """
        self._folder = home / "uploads"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)
        self._lock = threading.Lock()
        self._decoding: tuple[PixelSpec, Decoding] | None = None
        self._kept: OrderedDict[str, _Upload] = OrderedDict()

    def embed(self, library: Library, pictures: Sequence[bytes]) -> NDArray[np.float32]:
        """Embed pictures, whatever they claim to be: float32 (N, D), L2 norm 1.

        Raises:
            ImageProblem: One is none that can be read.
            ModelError: The model cannot be loaded.

        Writes: uploads/ in our own data folder, for as long as it takes.
        """
        model = library.model_thread
        decoder = self._decoder(model.encoder.pixels)
        with ExitStack() as written:
            paths = [written.enter_context(self._written(picture)) for picture in pictures]
            decoded = [answer.result() for answer in [decoder.submit(Job.of_file(0, path)) for path in paths]]
        return model.embed_pixels(np.stack(list(_pixels(decoded))), waited_for=True).result()

    @contextmanager
    def _written(self, picture: bytes) -> Generator[Path]:
        """Put a picture into a file for the decoder; it is gone afterwards."""
        path = self._folder / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                file.write(picture)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the decoder."""
        with self._lock:
            if self._decoding is not None:
                self._decoding[1].close()

    def _decoder(self, spec: PixelSpec) -> Decoding:
        """Return the decoder that makes pixels as this model wants them."""
        with self._lock:
            if self._decoding is None or self._decoding[0] != spec:
                if self._decoding is not None:
                    self._decoding[1].close()
                self._decoding = (spec, Decoding(spec, 1))
            return self._decoding[1]

    def add(self, library: Library, picture: bytes) -> str:
        """Embed a picture and keep its vector; returns the name that queries use for it.

        Raises:
            ImageProblem: It is none that can be read.
            ModelError: The model cannot be loaded.
        """
        digest = xxhash.xxh3_128_digest(picture)
        known = library.catalog.content(digest, library.model)
        vector = library.catalog.vector(library.model, known[0]) if known else None
        upload = _Upload(library.model.space, self.embed(library, [picture])[0] if vector is None else vector, digest)
        name = PREFIX + "".join(secrets.choice(LETTERS) for _ in range(12))
        with self._lock:
            self._kept[name] = upload
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return name

    def find(self, library: Library, name: str) -> tuple[NDArray[np.float32], int | None]:
        """Find what a query names, an upload or a photo: float32 (D,), and its content where the catalog knows it.

        Raises:
            QueryError: There is no such picture.
        """
        if not name.startswith(PREFIX):
            return photo_vector(library.catalog, library.model, name)
        with self._lock:
            upload = self._kept.get(name)
        if upload is None or upload.space != library.model.space:
            raise QueryError(f"the picture {name} is no longer kept; send it again")
        row = library.catalog.db.execute("SELECT id FROM content WHERE hash = ?", (upload.digest,)).fetchone()
        return upload.vector, row and row[0]


def _pixels(decoded: Sequence[Decoded]) -> Iterator[NDArray[np.uint8]]:
    for number, one in enumerate(decoded, 1):
        if one.problem is not None:
            which = "the picture" if len(decoded) == 1 else f"picture {number} of {len(decoded)}"
            raise ImageProblem(one.problem.kind, f"{which} cannot be read: {one.problem.reason}")
        assert one.pixels is not None  # there is no problem
        yield one.pixels
