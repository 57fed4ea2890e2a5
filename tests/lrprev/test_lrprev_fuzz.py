"""The invariant: any bytes give a value or LrprevError, in bounded memory; 2,000 mutations of each real file."""

from __future__ import annotations

import random
import sqlite3
import tracemalloc
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrprev import LrprevError, Store, largest_whole, open_readonly, read_or_salvage, read_preview, salvage
from lrprev.databases import PreviewsDatabase
from lrprev.layout import PREVIEWS_DB_COLUMNS

MUTATIONS = 2_000
BASE_BYTES = 256 * 1024  # what the interpreter and the parsed header need, however small the file
LARGEST_INT = 2**64 - 1


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


@pytest.mark.parametrize("index", range(3))
def test_mutations_of_a_real_file(real_previews: list[Path], index: int) -> None:
    data = real_previews[index].read_bytes()
    others = [path.read_bytes() for path in real_previews if path != real_previews[index]]
    stored = {level.length_bytes: level.read() for whole in (data, *others) for level in read_preview(whole).levels}
    places = [level.offset_bytes for level in read_preview(data).levels] + [32]
    rng = random.Random(f"lrprev {index}")
    outcomes: Counter[str] = Counter()
    worst = 0.0
    tracemalloc.start()
    try:
        for number in range(MUTATIONS):
            if number % (len(MUTATORS) + 1) == len(MUTATORS):
                other = rng.choice(others)
                mutated = data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]  # a splice
            else:
                mutated = MUTATORS[number % (len(MUTATORS) + 1)](data, rng, places)
            outcome, peak = examine(mutated, stored)
            outcomes[outcome] += 1
            worst = max(worst, (peak - BASE_BYTES) / max(len(mutated), 1))
    finally:
        tracemalloc.stop()
    assert worst < 4
    # Each way to end was met, so that none of the checks above is idle.
    assert {"as stored", "damaged", "nothing left"} <= set(outcomes), outcomes


def examine(mutated: bytes, stored: dict[int, bytes]) -> tuple[str, int]:
    """Read one mutation in every way; returns how it ended and the peak of memory in bytes, beside the input."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    outcome = "nothing left"
    with suppress(LrprevError):
        preview = read_or_salvage(mutated)
        for level in preview.levels:
            assert 0 <= level.offset_bytes < level.offset_bytes + level.length_bytes <= len(mutated)
            assert level.width > 0
            assert level.height > 0
        whole = largest_whole(preview)
        assert whole.jpeg.endswith(b"\xff\xd9")
        # Structure cannot tell flipped picture data; every other answer is a picture that Lightroom stored.
        outcome = "as stored" if stored.get(len(whole.jpeg)) == whole.jpeg else "damaged"
    _, peak = tracemalloc.get_traced_memory()
    return outcome, peak - before


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    for source in (data, b"AgHg" + data, b"\xff\xd8" + data):
        for read in (read_preview, salvage):
            with suppress(LrprevError):
                read(source)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.data())
def test_any_change_of_a_generated_container(generated: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(generated)))
    removed = data.draw(st.integers(0, 64))
    inserted = data.draw(st.binary(max_size=64) | st.sampled_from([b"AgHg", b"\xff\xd8\xff", b"\xff\xd9", b"}", b'"']))
    mutated = generated[:at] + inserted + generated[at + removed :]
    with suppress(LrprevError):
        preview = read_or_salvage(mutated)
        assert largest_whole(preview).jpeg in mutated


def test_a_real_file_byte_by_byte_where_the_parser_looks(real_previews: list[Path]) -> None:
    """Every byte of the header, of the first section headers and of the first JPEG header."""
    data = real_previews[0].read_bytes()[:2500]
    for at in range(1100):
        for value in (0xFF, data[at] ^ 0x01):
            mutated = data[:at] + bytes([value]) + data[at + 1 :]
            with suppress(LrprevError):
                largest_whole(read_or_salvage(mutated))


def test_mutations_of_a_real_previews_db(lightroom5: Path, tmp_path: Path) -> None:
    data = (lightroom5 / "previews.db").read_bytes()
    rng = random.Random("previews.db")
    path = tmp_path / "previews.db"
    with Store(lightroom5) as store:
        keys = [(stored.uuid, stored.digest) for stored in store.previews()]
    outcomes: Counter[str] = Counter()
    for _ in range(300):
        mutated = bytearray(data)
        for _ in range(rng.choice((1, 5, 300))):
            mutated[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(mutated)
        outcome = "refused"
        with suppress(LrprevError), open_readonly(path, PREVIEWS_DB_COLUMNS) as connection:
            database = PreviewsDatabase(connection, path)
            for uuid, digest in keys:
                database.cache_entries(uuid)
                database.pyramid(uuid, digest)
            outcome = "read"
        outcomes[outcome] += 1
    assert set(outcomes) == {"read", "refused"}


@given(
    st.lists(
        st.tuples(
            *[st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(), st.binary())] * 5,
        ),
        max_size=3,
    )
)
def test_any_values_in_the_rows_of_previews_db(rows: list[tuple[object, ...]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE ImageCacheEntry (imageId, uuid, digest, orientation)")
    connection.execute(f"CREATE TABLE Pyramid ({', '.join(PREVIEWS_DB_COLUMNS['Pyramid'])})")
    connection.execute("CREATE TABLE PyramidLevel (uuid, digest, level, width, height)")
    for a, b, c, d, e in rows:
        connection.execute("INSERT INTO ImageCacheEntry VALUES (?, 'U', ?, ?)", (a, b, c))
        connection.execute("INSERT INTO Pyramid VALUES ('U', 'D', ?, ?, ?, ?, ?)", (a, b, c, d, e))
        connection.execute("INSERT INTO PyramidLevel VALUES ('U', 'D', ?, ?, ?)", (a, b, c))
    database = PreviewsDatabase(connection, Path("previews.db"))
    with suppress(LrprevError):
        database.cache_entries("U")
    with suppress(LrprevError):
        database.pyramid("U", "D")
    connection.close()
