"""Mutate one real preview many times and read each mutation: `python mutate_previews.py COUNT PREVIEW OTHER...`

A process of its own, so that a hang can be stopped and the files run side by side. Prints JSON: how the mutations
ended, and the most memory that reading one took, beside the bytes themselves and as a multiple of them. An exception
other than LrprevError ends it.
"""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

from lrprev import LrprevError, largest_whole, read_or_salvage, read_preview

LARGEST_INT = 2**64 - 1
MEASURED_ROUNDS = 4  # measuring memory doubles the time: each kind of mutation, one time in four
SMALL_BYTES = 64 * 1024  # what the parsed header needs does not shrink with the file


def flip_bytes(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    mutated = bytearray(data)
    for _ in range(rng.choice((1, 2, 30))):
        mutated[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(mutated)


def flip_structure(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    """Hit what the parser reads: the header's text, a section header, the first bytes of a picture."""
    mutated = bytearray(data)
    for _ in range(rng.choice((1, 3))):
        at = min(max(0, rng.choice(places) + rng.randrange(-40, 200)), len(data) - 1)
        mutated[at] = rng.choice((0, 0xFF, 0xD8, 0xD9, mutated[at] ^ 1 << rng.randrange(8)))
    return bytes(mutated)


def set_length(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    """Give a section another data or padding length, from nothing to all that 64 bits hold."""
    at = rng.choice(places) - 32 + rng.choice((8, 16))
    length = rng.choice((0, 1, rng.randrange(len(data)), len(data), 2**63, LARGEST_INT))
    return data[: max(at, 0)] + length.to_bytes(8) + data[max(at, 0) + 8 :]


def cut(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    return data[: rng.randrange(len(data))]


def cut_near_a_boundary(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    return data[: max(0, rng.choice(places) + rng.randrange(-48, 48))]


def lose_the_start(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    return data[rng.randrange(len(data)) :]


def lose_the_middle(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:start] + data[end:]


def repeat_a_part(data: bytes, rng: random.Random, places: list[int]) -> bytes:
    start = rng.randrange(len(data))
    part = data[start : start + rng.randrange(200_000)]
    at = rng.randrange(len(data))
    return data[:at] + part + data[at:]


def splice(data: bytes, rng: random.Random, strangers: list[bytes]) -> bytes:
    stranger = rng.choice(strangers)
    return data[: rng.randrange(len(data))] + stranger[rng.randrange(len(stranger)) :]


MUTATORS = (
    flip_bytes,
    flip_structure,
    set_length,
    cut,
    cut_near_a_boundary,
    lose_the_start,
    lose_the_middle,
    repeat_a_part,
)


def main(count: int, path: Path, others: list[Path]) -> dict[str, object]:
    data = path.read_bytes()
    strangers = [other.read_bytes() for other in others]
    stored = {
        level.length_bytes: level.read() for source in (data, *strangers) for level in read_preview(source).levels
    }
    places = [level.offset_bytes for level in read_preview(data).levels] + [32]
    rng = random.Random(path.name)
    outcomes: Counter[str] = Counter()
    worst_memory = 0.0
    for number in range(count):
        kind = number % (len(MUTATORS) + 1)
        mutated = splice(data, rng, strangers) if kind == len(MUTATORS) else MUTATORS[kind](data, rng, places)
        measured = number // (len(MUTATORS) + 1) % MEASURED_ROUNDS == 0
        if measured:
            tracemalloc.start()
        outcomes[examine(mutated, stored)] += 1
        if measured:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            worst_memory = max(worst_memory, peak / max(len(mutated), SMALL_BYTES))
    return {"outcomes": outcomes, "worst_memory": worst_memory}


def examine(mutated: bytes, stored: dict[int, bytes]) -> str:
    """Read one mutation in every way; returns how it ended."""
    try:
        preview = read_or_salvage(mutated)
        for level in preview.levels:
            assert 0 <= level.offset_bytes < level.offset_bytes + level.length_bytes <= len(mutated)
            assert level.width > 0
            assert level.height > 0
        jpeg = largest_whole(preview).jpeg
    except LrprevError:
        return "nothing left"
    # Structure cannot tell flipped picture data; every other answer is a picture that Lightroom stored.
    return "as stored" if stored.get(len(jpeg)) == jpeg else "damaged"


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]])))
