"""When is a photo about the query? The cut below which an answer would be chance, per model and per library.

No cosine serves all models, nor all photos of one model: some photos score high on everything. So a photo's score is
read against its own scores for SUBJECTS, a fixed list of everyday subjects: its clarity is how many standard
deviations it stands above their mean. docs/decisions/0003-nothing-here.md gives the reasoning and the figures.

Axes: N photos, S subjects, D embedding.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from indexer.catalog import Catalog, Model
from indexer.errors import CatalogError
from indexer.matrix import Matrix
from indexer.subjects import SUBJECTS

Vectors = NDArray[np.float32]

FALSE_ALARM = 0.2
"""How often chance alone may pass for an answer. High, because to hide a photo that is there is the worse mistake."""

SUBJECTS_A_PHOTO = 1 / 40
"""The share of everyday subjects that a photo may be about, at most; what is shown behind the best answer."""

SUBJECTS_ABSENT = 0.8
"""The share of everyday subjects that a small or uniform library is taken not to hold."""

PROMPT = "a photo of {}"
"""How words are put before they are judged. "cat" and "a cat sleeping" score differently on every photo, for their
form alone; put the same way, and the subjects with them, they can be compared."""

RECALIBRATE_AT_GROWTH = 1.1
_ALWAYS_FRESH_BELOW = 2_000  # photos; a pass over so few costs less than it takes to notice
_BODY_SAMPLE = 2_048  # photos for the quantiles: 2,048 x 265 scores place each within .01
_LIST_VERSION = hashlib.sha256("\n".join((PROMPT, *SUBJECTS)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Levels:
    """Where chance ends in a library; all are clarities.

    Attributes:
        median: Of all photos on all subjects.
        unit: The standard deviation of that, as its body has it; its tail is what photos are of.
        reached: What four in five everyday subjects do not reach anywhere in the library.
        shown: What a photo must reach to be shown behind a better one.
    """

    median: float
    unit: float
    reached: float
    shown: float

    def found(self, photos: int) -> float:
        """Return what the clearest of so many photos must reach for a query to count as found at all.

        The more photos, the higher the best score that chance gives. Photos that are alike are fewer chances than
        their number says: then most subjects stay below that, and `reached` is the measure.
        """
        chance = self.median + self.unit * NormalDist().inv_cdf(1 - FALSE_ALARM / max(1, photos))
        return max(self.shown, min(chance, self.reached))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Levels, with what they were measured on.

    Attributes:
        subjects: float32 (S, D), L2 norm 1: SUBJECTS, put into PROMPT, as this model embeds them.
        photos: N, the vectors in the library then.
        last: The newest of their content ids, 0 where there were none.
    """

    levels: Levels
    subjects: Vectors
    photos: int
    last: int

    def fits(self, matrix: Matrix) -> bool:
        """Tell whether the library is still much as it was then."""
        photos, last = len(matrix), int(matrix.content_ids.max(initial=0))
        if (photos, last) == (self.photos, self.last):
            return True
        few = min(photos, self.photos) < _ALWAYS_FRESH_BELOW
        return not few and max(photos, self.photos) < RECALIBRATE_AT_GROWTH * min(photos, self.photos)

    def clarity(self, vectors: Vectors, scores: Vectors) -> Vectors:
        """Read scores against each photo's own scores for everyday subjects.

        Args:
            vectors: float32 (N, D), the photos.
            scores: float32 (N,), their cosines to a query in words, put into PROMPT.

        Returns:
            float32 (N,), standard deviations above the mean.
        """
        mean, deviation = _spread(vectors @ self.subjects.T)
        return (scores - mean[:, 0]) / deviation[:, 0]


def measure_levels(blocks: Iterable[Vectors], subjects: Vectors, photos: int) -> Levels:
    """Measure where chance ends in a library.

    Args:
        blocks: float32 (n, D) each, L2 norm 1; N rows in all.
        subjects: float32 (S, D), L2 norm 1.
        photos: N, at least 1.
    """
    best = np.full(len(subjects), -np.inf, np.float32)
    stride = math.ceil(photos / _BODY_SAMPLE)
    body: list[Vectors] = []
    row = 0
    for block in blocks:
        scores = block @ subjects.T  # (n, S)
        mean, deviation = _spread(scores)
        clarity = np.divide(np.subtract(scores, mean, out=scores), deviation, out=scores)
        np.maximum(best, clarity.max(0), out=best)
        body.append(clarity[-row % stride :: stride].copy())
        row += len(block)
    median, high, shown = np.quantile(np.concatenate(body), [0.5, 0.9, 1 - SUBJECTS_A_PHOTO])
    unit = (high - median) / NormalDist().inv_cdf(0.9)
    return Levels(float(median), float(unit), float(np.quantile(best, SUBJECTS_ABSENT)), float(shown))


def load_calibration(catalog: Catalog, model: Model) -> Calibration | None:
    """Read the stored calibration of a model; None where there is none, or one of another list of subjects."""
    (text,) = catalog.db.execute("SELECT calibration FROM model WHERE id = ?", (model.id,)).fetchone()
    if text is None:
        return None
    stored = json.loads(text)
    if stored["list"] != _LIST_VERSION:
        return None
    subjects = np.frombuffer(base64.b64decode(stored["subjects"]), "<f2").reshape(len(SUBJECTS), model.dim)
    return Calibration(Levels(**stored["levels"]), subjects.astype(np.float32), stored["photos"], stored["last"])


def calibrate(
    catalog: Catalog, model: Model, matrix: Matrix, embed_texts: Callable[[Sequence[str]], Vectors]
) -> Calibration:
    """Return the calibration that fits the library as it is, measuring again only where it has changed enough.

    Writes: the model's calibration in the catalog; where that is busy or full, the next call measures again.
    """
    known = load_calibration(catalog, model)
    if known is not None and known.fits(matrix):
        return known
    photos, last = len(matrix), int(matrix.content_ids.max(initial=0))
    subjects = embed_texts([PROMPT.format(subject) for subject in SUBJECTS]) if known is None else known.subjects
    subjects = subjects.astype("<f2").astype(np.float32)  # as they will be read back, so that answers do not change
    fresh = Calibration(measure_levels(matrix.blocks(), subjects, photos), subjects, photos, last)
    record = {
        "list": _LIST_VERSION,
        "levels": asdict(fresh.levels),
        "photos": photos,
        "last": last,
        "subjects": base64.b64encode(subjects.astype("<f2").tobytes()).decode(),
    }
    try:
        with catalog.transaction():
            catalog.db.execute("UPDATE model SET calibration = ? WHERE id = ?", (json.dumps(record), model.id))
    except CatalogError:
        pass  # a search must not fail because another process is writing
    return fresh


def _spread(scores: Vectors) -> tuple[Vectors, Vectors]:
    """Return mean and standard deviation of every photo's scores: (N, S) -> (N, 1), (N, 1)."""
    return scores.mean(1, keepdims=True), np.maximum(scores.std(1, keepdims=True), np.float32(1e-6))
