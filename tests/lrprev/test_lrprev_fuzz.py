"""The invariant: any bytes give a value or LrprevError, in bounded memory; 2,000 mutations of each real file."""

from __future__ import annotations

import gc
import json
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrprev import LrprevError, Store, largest_whole, open_readonly, read_or_salvage, read_preview, salvage
from lrprev.databases import PreviewsDatabase
from lrprev.layout import PREVIEWS_DB_COLUMNS

MUTATIONS = 2_000
HANG_SECONDS = 1200


def test_mutations_of_the_real_files(real_previews: list[Path]) -> None:
    script = Path(__file__).with_name("mutate_previews.py")
    runs = [
        subprocess.Popen(
            [sys.executable, script, str(MUTATIONS), path, *(other for other in real_previews if other != path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in real_previews
    ]
    for run in runs:
        output, _ = run.communicate(timeout=HANG_SECONDS)
        assert run.returncode == 0
        result = json.loads(output)
        assert result["worst_memory"] < 4
        assert sum(result["outcomes"].values()) == MUTATIONS
        # Each way to end was met, so that none of the checks is idle.
        assert set(result["outcomes"]) == {"as stored", "damaged", "nothing left"}


def test_a_failure_lets_go_of_the_file_at_once(generated: bytes) -> None:
    """Not only when the garbage collector runs: a folder of damaged files would pile up until then."""
    gc.collect()
    gc.disable()
    try:
        for data in (generated[:-100], b"AgHg" + bytes(1000)):
            before = sys.getrefcount(data)
            for _ in range(3):
                with suppress(LrprevError):
                    largest_whole(read_or_salvage(data))
            assert sys.getrefcount(data) == before
    finally:
        gc.enable()


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
                database.cache_entries([uuid])
                database.pyramids([uuid]).get((uuid, digest))
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
        database.cache_entries(["U"])
    with suppress(LrprevError):
        database.pyramids(["U"])
    connection.close()
