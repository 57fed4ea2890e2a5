"""A CLIP or SigLIP checkpoint as an `Encoder`: two towers on an engine, each loaded when it is first used."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import xxhash
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.models import joined
from indexer.models.config import ModelConfig, read_config
from indexer.models.engine import choose_engine
from indexer.models.files import TOKENIZER, TOKENIZER_PARTS
from indexer.models.ops import Engine, Precision, Program
from indexer.models.precision import Trial
from indexer.models.text import Tokenize, load_tokenizer
from indexer.models.towers import TextTower, VisionTower, named
from indexer.models.weights import Checkpoint, open_checkpoint
from indexer.preprocess import PixelSpec, read_spec

_TEXTS = {"clip": 64, "siglip": 32}
_QUERIES = 8  # texts that a search may have; more are joined, or dealt out to the cores
_JOINED = 32  # texts that are worth a pass of their own
_INT8_TOKENS = 200
_UNEVEN = 0.05  # by which a squared norm may differ from 1: float16 rounds far less


class DualEncoder:
    """See `Encoder`; made by `load`.

    Attributes:
        precisions: What the vision tower can run in here, the engine's own choice first.
        precision: What it runs in; may be set to any of `precisions`. The text tower is float32 always.
    """

    def __init__(
        self, folder: Path, engine: Engine, *, name: str, space: str | None, precision: str, cache: Path | None
    ) -> None:
        config = read_config(folder)
        size = config.vision.image
        self.name = name
        self.pixels = read_spec(folder, family=config.family, size=size)
        self.precisions = engine.precisions
        self._folder, self._config, self._engine = folder, config, engine
        self._checkpoint = open_checkpoint(folder)
        # The checkpoint behind the names, which says of a tensor that is asked for in vain why it is not there.
        self._weights = ChainMap(dict(named(self._checkpoint)), cast("dict[str, Any]", self._checkpoint))
        self._vision = VisionTower(config, self.pixels)
        self._text = TextTower(config)
        self._programs: dict[tuple[Precision, bool], Program] = {}
        self.dim = self._dim()
        self.space = space or _space(folder, config, self.pixels, self._checkpoint)
        if not (folder / TOKENIZER).is_file():
            _ = self._tokenize  # it has to be made; that it cannot is better known before hours of indexing than after
        self._precision: Precision = self.precisions[0]
        self._trial: Trial | None = None
        self._asked_for = precision != "auto"
        if precision != "auto":
            self.precision = precision
        elif "int8" in self.precisions:
            self._trial = Trial(cache, f"{self.space}, {engine.name}")
            self.precision = self._trial.settled or "float32"

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        name: str,
        space: str | None = None,
        engine: str = "auto",
        precision: str = "auto",
        cache: Path | None = None,
    ) -> DualEncoder:
        """Load a Hugging Face model folder; its weights are mapped, and read only as they are used.

        Args:
            folder: Holds what files.check_folder asks for.
            name: What people call it.
            space: Names the vector space; None takes a fingerprint of the files that decide the vectors.
            engine: "auto", "mlx" or "onnx", see `choose_engine`.
            precision: "float32", "float16" or "int8" for the vision tower; "auto" begins with the engine's own and,
                where int8 is possible, tries it on the first pictures embedded, see `precision`.
            cache: A folder of ours where the outcome of that trial is remembered.

        Raises:
            ModelError: The folder holds no model that can be loaded.
        """
        return cls(folder, choose_engine(engine).engine, name=name, space=space, precision=precision, cache=cache)

    @property
    def precision(self) -> Precision:
        """What the vision tower runs in."""
        return self._precision

    @precision.setter
    def precision(self, value: str) -> None:
        for known in self.precisions:
            if value == known:
                self._precision = known
                return
        raise ModelError(f"{self._engine.name} does not run {value}; choose {' or '.join(self.precisions)}")

    @property
    def engine(self) -> str:
        """What runs it, for people."""
        trying = ", trying int8" if self._trial and not self._trial.settled else ""
        return f"{self._engine.name}, {self.precision}{trying}"

    @property
    def precision_reason(self) -> str:
        """Why it runs in that, for people."""
        if self._trial is not None:
            return self._trial.reason
        return "as asked for" if self._asked_for else f"what {self._engine.name} runs first"

    def embed_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures: uint8 (N, H, W, 3) as `pixels` asks -> float32 (N, D), L2 norm 1.

        Raises:
            ModelError: The weights are damaged.
        """
        edge = self._vision.edge
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (self.pixels.height, self.pixels.width, 3):
            raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}; uint8 (N, H, W, 3) as `pixels` asks")
        seen = np.ascontiguousarray(pixels[:, :edge, :edge])
        if self._trial and not self._trial.settled and len(seen) > 1:
            vectors = self._trial.run(
                seen, lambda part: self._embed(part, "float32"), lambda part: self._embed(part, "int8")
            )
            self.precision = self._trial.settled or "float32"
            return vectors
        return self._embed(seen, self.precision)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: any length, any script -> float32 (N, D), L2 norm 1.

        Raises:
            ModelError: The weights or the tokenizer are damaged.
        """
        step = _TEXTS[self._config.family]
        ids = [self._tokenize(texts[start : start + step]) for start in range(0, len(texts), step)]
        return self._checked([self._embed_ids(batch) for batch in ids])

    def _embed(self, pixels: NDArray[np.uint8], precision: Precision) -> NDArray[np.float32]:
        if not len(pixels):
            return self._checked([])
        # Of many pictures every core takes some of its own, through a pass that waits for no other core: shared out, a
        # pass stands still whenever one of its threads has to, beside decoders, and the others wait for it spinning.
        # One picture is shared out, if not through int8, where it is too little work.
        one_core = self._engine.passes > 1 and (len(pixels) > 1 or precision == "int8")
        program = self._program(precision, one_core)
        # int8 scales a whole batch by its largest value, so that a vector depends on its neighbours a little: no more
        # pictures than fill the kernels, which for towers of many patches is one.
        tokens = _INT8_TOKENS if precision == "int8" else self._engine.tokens
        step = max(1, tokens // self._config.vision.grid**2)
        rounds = -(-len(pixels) // (step * self._engine.passes))
        parts = np.array_split(pixels, min(len(pixels), rounds * self._engine.passes))

        def embed(part: NDArray[np.uint8]) -> NDArray[np.float32]:
            return program(pixels=part)

        return self._checked(list(self._threads.map(embed, parts) if one_core else map(embed, parts)))

    def _program(self, precision: Precision, one_core: bool) -> Program:
        key = precision, one_core
        if key not in self._programs:
            self._programs[key] = self._engine.prepare(
                self._vision.vectors,
                self._weights,
                self._vision.inputs,
                precision=precision,
                quick_start=not one_core and self._engine.passes > 1,  # for pictures that come alone
                one_core=one_core,
            )
        return self._programs[key]

    def _embed_ids(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        last, passes = self._last(ids), self._engine.passes
        positions = np.arange(ids.shape[1], dtype=np.int32)[None]
        joins = self._config.family == "clip"
        if len(ids) <= _QUERIES or (passes == 1 and not joins):
            return self._text_program(ids=ids, positions=positions, last=last)
        if joins:
            # As many sequences as their length asks for, or as there are cores, if each has enough to do.
            count = max(-(-ids.size // joined.TOKENS), min(passes, len(ids) // _JOINED))
        else:  # every core takes some, as of pictures; shared out, they take a third more
            count = min(len(ids), passes * -(-ids.size // (passes * self._engine.tokens)))
        program = self._joined_program if joins else self._many_program

        def embed(rows: NDArray[np.intp]) -> NDArray[np.float32]:
            if joins:
                return program(**joined.join(ids[rows], last[rows]))
            return program(ids=ids[rows], positions=positions, last=last[rows])

        parts = np.array_split(np.arange(len(ids)), count)
        return np.concatenate(list(self._threads.map(embed, parts) if passes > 1 else map(embed, parts)))

    def _last(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the position whose token stands for the text: (N,)."""
        end = self._config.text.end
        if end is None:
            return np.full(len(ids), ids.shape[1] - 1, np.int32)
        # 2 was written into old CLIP files by mistake; there the end has the highest id, as in the first CLIP.
        return (ids if end == 2 else ids == end).argmax(axis=1).astype(np.int32)

    def _checked(self, batches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Join batches. A NaN anywhere in the weights ends up here, so that they need not be read through at load.

        So does the end of a file that was given its size before its bytes came: zeros, whose vectors have no length.
        """
        vectors = np.concatenate([np.empty((0, self.dim), np.float32), *batches])
        if not np.isfinite(vectors).all():
            raise ModelError(f"the weights in {self._folder} are damaged (they hold NaN); fetch the model again")
        if (np.abs(np.einsum("nd,nd->n", vectors, vectors) - 1) > _UNEVEN).any():
            raise ModelError(f"the weights in {self._folder} are damaged (many are 0); fetch the model again")
        return vectors

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._engine.passes, thread_name_prefix="passes")

    @cached_property
    def _text_program(self) -> Program:
        return self._engine.prepare(self._text.vectors, self._weights, self._text.inputs, quick_start=True)

    @cached_property
    def _many_program(self) -> Program:
        return self._engine.prepare(
            self._text.vectors, self._weights, self._text.inputs, quick_start=True, one_core=True
        )

    @cached_property
    def _joined_program(self) -> Program:
        one_core = self._engine.passes > 1
        return self._engine.prepare(
            self._text.joined, self._weights, joined.INPUTS, quick_start=True, one_core=one_core
        )

    @cached_property
    def _tokenize(self) -> Tokenize:
        return load_tokenizer(self._folder, family=self._config.family, length=self._config.text.tokens)

    def _dim(self) -> int:
        picture, text = self._vision.dim(self._weights), self._text.dim(self._weights)
        if picture != text:
            raise ModelError(f"{self._folder}: pictures become {picture} numbers and texts {text}; they cannot meet")
        return picture


def _space(folder: Path, config: ModelConfig, spec: PixelSpec, checkpoint: Checkpoint) -> str:
    """Name the vector space of a local folder after what decides its vectors."""
    digest = xxhash.xxh3_128(f"{config} {spec} {checkpoint.fingerprint()}".encode())
    whole = folder / TOKENIZER
    for file in [whole] if whole.is_file() else [folder / name for name in TOKENIZER_PARTS]:
        if file.is_file():
            digest.update(file.read_bytes())
    return f"local@{digest.hexdigest()}"
