"""Section "duplicates": how many edits of photos are found, how many photos are taken for others, and what it costs.

Quality is measured on a set that is built from a folder of real photos (PHOTOS in the environment, else the demo's):
24 edits of each of up to 157 of them, and the others as distractors. Cost is measured at 10,000, 30,000 and 100,000
pictures beside comparing all with all, which is what most finders of duplicates do.
"""

from __future__ import annotations

import io
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import sequences
from attacks import BEYOND, EASY, EDITS
from importers.images import ImageProblem, open_upright
from indexer.duplicates.candidates import by_vectors
from indexer.duplicates.features import MIN_EDGE, SIDE, Features, describe_picture
from indexer.duplicates.find import find
from indexer.duplicates.keypoints import COUNT, Keypoints
from indexer.duplicates.picture import Picture
from indexer.duplicates.series import Sorted
from indexer.duplicates.verify import Sensitivity
from setting import CHECKOUT, HOME, Table, say

BASES = 157
LONG_SIDE = 500
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff"}


@dataclass
class Score:
    """How well a set was sorted.

    Attributes:
        recall: Edit -> share of photos whose edit is in one group with the photo itself.
        wrong: Pairs of different photos that are in one group.
    """

    recall: dict[str, float] = field(default_factory=dict[str, float])
    wrong: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def mean(self, edits: Sequence[str]) -> float:
        """Return the mean recall over edits."""
        return float(np.mean([self.recall[edit] for edit in edits]))


def measure(quick: bool) -> Iterator[Table]:
    """Measure quality at every sensitivity, what sequences are called, then cost."""
    photos = Path(os.environ.get("PHOTOS") or CHECKOUT / "assets" / "demo")
    files = build(photos, HOME / "duplicates" / photos.name, bases=3 if quick else BASES)
    yield quality(files, photos, quick)
    yield sequences.measure(1 if quick else None)
    yield cost((500,) if quick else (10_000, 30_000, 100_000))


def build(photos: Path, folder: Path, *, bases: int = BASES, beyond: bool = False) -> list[Path]:
    """Write the set once; names are `NUMBER-EDIT`, distractors have the edit "other"."""
    if not folder.exists():
        say(f"building the attack set in {folder}")
        fresh = folder.with_name(folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
        jobs = [(path, number, fresh, number < bases, beyond) for number, path in enumerate(found)]
        with ProcessPoolExecutor() as pool:
            list(pool.map(_write, jobs, chunksize=4))
        fresh.rename(folder)
    return sorted(folder.iterdir())


def _write(job: tuple[Path, int, Path, bool, bool]) -> None:
    path, number, folder, is_base, beyond = job
    try:
        photo = open_upright(path, min_edge=LONG_SIDE).rgb
    except ImageProblem:
        return
    photo.thumbnail((LONG_SIDE, LONG_SIDE))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=90)
    data = file.getvalue()
    (folder / f"{number:05}-{'base' if is_base else 'other'}.jpg").write_bytes(data)
    if is_base:
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        for name, edit in (EDITS | (BEYOND if beyond else {})).items():
            edited = edit(picture, data)
            ending = {b"\x89PNG": "png", b"RIFF": "webp"}.get(edited[:4], "jpg")
            (folder / f"{number:05}-{name}.{ending}").write_bytes(edited)


def describe_files(files: Sequence[Path]) -> list[Features]:
    """Decode and describe files, as the indexer does beside embedding them."""
    return [describe_picture(open_upright(file.read_bytes(), min_edge=MIN_EDGE)) for file in files]


def pictures_of(files: Sequence[Path], features: Sequence[Features]) -> list[Picture]:
    """Return what deciding about files needs to know of them."""
    return [
        Picture(file.name, str(file.parent), "JPEG", one.width, one.height, file.stat().st_size)
        for file, one in zip(files, features, strict=True)
    ]


def score(files: Sequence[Path], found: Sorted) -> Score:
    """Compare what was found with what the names say."""
    numbers, edits = zip(*(file.stem.split("-") for file in files), strict=True)
    group = {n: star.keeper for star in found.stars for n in (star.keeper, *star.members)}
    base = {numbers[n]: n for n, edit in enumerate(edits) if edit == "base"}
    hits, total = Counter[str](), Counter[str]()
    for n, edit in enumerate(edits):
        if edit not in ("base", "other"):
            total[edit] += 1
            hits[edit] += n in group and group[n] == group.get(base[numbers[n]])
    wrong: set[tuple[str, str]] = set()
    for star in found.stars:
        photos = sorted({numbers[n] for n in (star.keeper, *star.members)})
        wrong |= {(one, other) for place, one in enumerate(photos) for other in photos[:place]}
    return Score({edit: hits[edit] / total[edit] for edit in total}, sorted(wrong))


def quality(files: Sequence[Path], photos: Path, quick: bool) -> Table:
    """Measure what is found at each sensitivity."""
    table = Table(
        f"Near-duplicates: {len(files):,} files, 24 edits a photo",
        ("sensitivity", "easy 13", "all 24", "wrong pairs", "CPU s"),
    )
    started = time.process_time()
    features = describe_files(files)
    described = time.process_time() - started
    pictures = pictures_of(files, features)
    for sensitivity in (Sensitivity.NORMAL,) if quick else Sensitivity:
        started = time.process_time()
        found = find(features, pictures, sensitivity)
        spent = time.process_time() - started
        result = score(files, found)
        easy, every = result.mean(list(EASY)), result.mean(list(EDITS))
        is_default = sensitivity is Sensitivity.NORMAL
        table.row(
            sensitivity.value,
            f"{easy:.3f}",
            f"{every:.3f}",
            len(result.wrong),
            described + spent,
            ratio=every if is_default else None,
            at_least=0.8,
        )
        if is_default:
            table.note(
                "Recall by edit: " + ", ".join(f"{edit} {share:.2f}" for edit, share in result.recall.items()) + "."
            )
            table.note(f"Photos that were taken for one another: {result.wrong[:20]}.")
    table.note(
        f"Decoding and describing took {1000 * described / len(files):.1f} ms of CPU a file; photos: {photos.name}."
    )
    return table


# Cost


def cost(counts: Sequence[int]) -> Table:
    """Measure how the cost grows, with features and vectors present, beside comparing all hashes with all."""
    table = Table(
        "Near-duplicates: cost, features and vectors present, CPU s",
        (
            "pictures",
            "this",
            "of it vectors",
            "groups",
            "all pairs, 64 bits",
            "all pairs, 256 bits, 8 turns",
            "BK-tree, 64 bits",
        ),
    )
    for count in counts:
        features, vectors = _library(count)
        pictures = [Picture(width=one.width, height=one.height) for one in features]
        started = time.process_time()
        near = [tuple(pair) for pairs in by_vectors(vectors) for pair in pairs.tolist()]
        of_vectors = time.process_time() - started
        found = find(features, pictures, also=near)
        spent = time.process_time() - started
        others = _all_pairs(count, words=1, turns=1), _all_pairs(count, words=4, turns=8), _tree(count)
        table.row(f"{count:,}", spent, of_vectors, len(found.stars), *others, ratio=spent, at_most=90)
    table.note(
        "Generated: every tenth picture is a copy of another with some noise. All pairs is what imagededup, czkawka and"
        " immaculate do, here in NumPy by blocks, and finds only what one hash tells; nothing is verified. The BK-tree"
        " is imagededup's, in Python. ~: extrapolated, from 2,000 rows of all pairs, or from 100 questions to the tree."
    )
    return table


def _library(count: int) -> tuple[list[Features], np.ndarray]:
    """Make features that look like those of photos, and vectors: one in ten nearly like another's."""
    rng = np.random.default_rng(0)
    features = list[Features]()
    vectors = rng.standard_normal((count, 512), dtype=np.float32)
    for n in range(count):
        if n % 10 == 9:
            of = int(rng.integers(0, n))
            gray = np.clip(features[of].gray + rng.normal(0, 1.0, (SIDE, SIDE)), 0, 255).astype(np.uint8)
            features.append(Features(gray, features[of].chroma, features[of].keypoints, 3000, 2000))
            vectors[n] = vectors[of] + 0.1 * vectors[n]
            continue
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8).astype(np.uint8))
        gray = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        points = Keypoints(
            rng.integers(0, 256, (COUNT, 2)).astype(np.uint8),
            rng.integers(0, 6, COUNT).astype(np.uint8),
            rng.integers(0, 1 << 63, COUNT, np.uint64),
        )
        features.append(Features(gray, np.full((2, 8, 8), 128, np.uint8), points, 4000, 3000))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return features, vectors


_MEASURED_PAIRS = 1e10  # words compared, above which the rest is extrapolated
_BLOCK = 16_384


def _all_pairs(count: int, words: int, turns: int) -> str:
    """Compare hashes of 64 bits a word with all, by blocks that stay in the cache; seconds as a cell."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 1 << 63, (words, count), np.uint64)
    whole = count * count / 2 * words * turns <= _MEASURED_PAIRS
    rows = count if whole else min(count, 2000)
    started = time.process_time()
    for row in range(rows):
        for start in range(row + 1 if whole else 0, count, _BLOCK):
            there = hashes[:, start : start + _BLOCK]
            distance = np.bitwise_count(there[0] ^ hashes[0, row])
            for word in range(1, words):
                distance = distance + np.bitwise_count(there[word] ^ hashes[word, row])
            np.flatnonzero(distance <= 10 * words)
    seconds = (time.process_time() - started) * turns
    return f"{seconds:,.1f}" if whole else f"~{seconds * count / rows / 2:,.0f}"


def _tree(count: int) -> str:
    """Build a BK-tree of all hashes and ask it for the neighbours of 100 within 10 bits; seconds as a cell."""
    hashes = np.random.default_rng(0).integers(0, 1 << 63, count, np.uint64).tolist()
    started = time.process_time()
    root: tuple[int, dict[int, Any]] = hashes[0], {}
    for one in hashes[1:]:
        node = root
        while (distance := (one ^ node[0]).bit_count()) in node[1]:
            node = node[1][distance]
        node[1][distance] = (one, {})
    built = time.process_time() - started
    started = time.process_time()
    asked = min(100, count)
    for one in hashes[:asked]:
        waiting = [root]
        while waiting:
            known, below = waiting.pop()
            distance = (one ^ known).bit_count()
            waiting += [node for step, node in below.items() if abs(step - distance) <= 10]
    return f"~{built + (time.process_time() - started) * count / asked:,.0f}"
