"""Whether int8 is good enough, and faster, for a model on somebody's own pictures: measured, not assumed."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PICTURES = 64  # what a trial looks at

_LEAST_COSINE = 0.998
_LEAST_AGREEMENT = 0.95
_LEAST_SPEEDUP = 1.2
_NEIGHBOURS = 10

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How int8 vectors compare with float32 ones of the same pictures.

    Attributes:
        min_cosine: Of the picture that differs most.
        mean_cosine: Of all.
        agreement: Share of each picture's ten nearest others that int8 finds too, 0..1.
    """

    min_cosine: float
    mean_cosine: float
    agreement: float

    @property
    def ok(self) -> bool:
        """Whether int8 may be used."""
        return self.min_cosine >= _LEAST_COSINE and self.agreement >= _LEAST_AGREEMENT


def trial(float32: NDArray[np.float32], int8: NDArray[np.float32]) -> Verdict:
    """Compare two sets of vectors of the same pictures: each (N, D), L2 norm 1, N > 10."""
    cosines = np.einsum("nd,nd->n", float32, int8)
    shared = [np.isin(a, b).mean() for a, b in zip(_nearest(float32), _nearest(int8), strict=True)]
    return Verdict(float(cosines.min()), float(cosines.mean()), float(np.mean(shared)))


def _nearest(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argpartition(-similarity, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]


class Trial:
    """A comparison on the first pictures that come along; its outcome is remembered in `cache`.

    Attributes:
        settled: What to use from now on; None while it still goes on.
    """

    def __init__(self, cache: Path | None, subject: str) -> None:
        """Look up the outcome.

        Args:
            cache: A folder of ours; None remembers nothing.
            subject: What is tried: the model, the engine and its version.
        """
        self._file = cache / "precision.json" if cache else None
        self._subject = subject
        self.settled: Literal["float32", "int8"] | None = self._outcomes().get(subject, {}).get("precision")
        self._pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        self._seconds = [0.0, 0.0]

    @property
    def reason(self) -> str:
        """Say for people what was measured, or what will be."""
        if self.settled is None:
            return f"the first {PICTURES} pictures of a run decide"
        outcome: dict[str, Any] = self._outcomes().get(self._subject, {})
        measured = (
            f"{outcome.get('speedup', '?')} times as fast, least cosine {outcome.get('min_cosine', '?')}, "
            f"{outcome.get('agreement', 0):.0%} of nearest neighbours the same"
        )
        return f"int8 was {'' if self.settled == 'int8' else 'not '}good enough on {PICTURES} pictures: {measured}"

    def run(self, pixels: NDArray[np.uint8], float32: Embed, int8: Embed) -> NDArray[np.float32]:
        """Embed a batch in both precisions; returns the float32 vectors.

        Writes: precision.json in the cache, once enough pictures have been seen.
        """
        if not self._pairs:  # so that loading is not counted; one picture alone would take another way
            for embed in (float32, int8):
                embed(pixels[:2])
        started = time.perf_counter()
        a = float32(pixels)
        between = time.perf_counter()
        b = int8(pixels)
        self._seconds[0] += between - started
        self._seconds[1] += time.perf_counter() - between
        self._pairs.append((a, b))
        if sum(len(vectors) for vectors, _ in self._pairs) >= PICTURES:
            self._settle()
        return a

    def _settle(self) -> None:
        verdict = trial(*(np.concatenate(vectors) for vectors in zip(*self._pairs, strict=True)))
        speedup = self._seconds[0] / self._seconds[1]
        self.settled = "int8" if verdict.ok and speedup >= _LEAST_SPEEDUP else "float32"
        self._pairs.clear()
        if self._file is None:
            return
        outcome = {"precision": self.settled, "speedup": round(speedup, 2)}
        outcome |= {name: round(value, 5) for name, value in asdict(verdict).items()}
        with suppress(OSError):  # it will be measured again
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._file.parent, delete=False) as fresh:
                json.dump(self._outcomes() | {self._subject: outcome}, fresh, indent=2)
            Path(fresh.name).replace(self._file)

    def _outcomes(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._file.read_text("utf-8"))) if self._file else {}
        except (OSError, ValueError, TypeError):
            return {}
