"""Five lines of Python: load a model, turn pictures and words into vectors that can be compared.

from indexer import Model

model = Model.load("siglip2-base")                 # or "starter", or a folder
photos = model.images(["a.jpg", "b.heic"])         # float32 (N, D)
best = (photos @ model.text("a dog asleep")).argmax()
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from importers.colour import rgb_to_srgb, to_eight_bits, to_rgb
from importers.images import ImageProblem, open_upright
from indexer.events import OnProgress, ignore
from indexer.home import data_home
from indexer.models import registry
from indexer.models.encoder import Encoder
from indexer.models.load import load_encoder
from indexer.preprocess import PixelSpec, fit

Picture = str | Path | Image.Image

_BATCH = 32


class Model:
    """A loaded model. Every method is called from the thread that loaded it.

    Attributes:
        encoder: What does the work: its `name`, `dim` (D), `space` and `engine`.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    @classmethod
    def load(
        cls,
        name_or_folder: str | Path = registry.DEFAULT,
        *,
        engine: str = "auto",
        precision: str = "auto",
        home: Path | None = None,
        on_progress: OnProgress = ignore,
    ) -> Model:
        """Load a model, downloading it first where it is not on this computer.

        Args:
            name_or_folder: A short name ("siglip2-base"), "owner/name" on the hub, or a folder with a model's files.
            engine: "auto", "mlx" or "onnx".
            precision: "auto", "float32", "float16" or "int8".
            home: The data folder; None is Safelight's own.
            on_progress: Gets the bytes of a download.

        Raises:
            ModelError: There is no such model, it cannot be had, or it is damaged.
        """
        home = home or data_home()
        if name_or_folder != registry.STARTER and not Path(name_or_folder).expanduser().is_dir():
            from indexer.models.download import fetch

            fetch(str(name_or_folder), home=home, on_progress=on_progress)
        return cls(load_encoder(name_or_folder, home=home, engine=engine, precision=precision))

    def image(self, picture: Picture) -> NDArray[np.float32]:
        """Embed one picture, a file or a PIL image of any mode -> float32 (D,), L2 norm 1.

        Raises:
            ImageProblem: It is no picture or is damaged.
        """
        return self.images([picture])[0]

    def images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Embed many pictures -> float32 (N, D), L2 norm 1; decoded on all cores, a batch at a time.

        Raises:
            ImageProblem: One is no picture or is damaged; the message names it.
        """
        spec = self.encoder.pixels
        vectors = [np.empty((0, self.encoder.dim), np.float32)]
        with ThreadPoolExecutor(os.cpu_count()) as decoders:
            for start in range(0, len(pictures), _BATCH):
                batch = decoders.map(partial(_pixels, spec=spec), pictures[start : start + _BATCH])
                vectors.append(self.encoder.embed_pixels(np.stack(list(batch))))
        return np.concatenate(vectors)

    def text(self, text: str) -> NDArray[np.float32]:
        """Embed one text -> float32 (D,), L2 norm 1."""
        return self.texts([text])[0]

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed many texts -> float32 (N, D), L2 norm 1."""
        return self.encoder.embed_texts(texts)


def _pixels(picture: Picture, spec: PixelSpec) -> NDArray[np.uint8]:
    if isinstance(picture, Image.Image):
        eight_bits = to_eight_bits(ImageOps.exif_transpose(picture))
        stored, profile = to_rgb(eight_bits, picture.info.get("icc_profile"))
    else:
        try:
            opened = open_upright(Path(picture), min_edge=spec.min_edge)
        except ImageProblem as problem:
            raise ImageProblem(problem.kind, f"{picture}: {problem}") from problem
        stored, profile = opened.stored, opened.profile
    pixels = fit(stored, spec)
    return np.asarray(rgb_to_srgb(Image.fromarray(pixels), profile)) if profile else pixels
