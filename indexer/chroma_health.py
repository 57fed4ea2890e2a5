"""Tell whether a Chroma folder is safe to open, by reading its files and never through Chroma.

Chroma 1.5.9 keeps its log and ids in SQLite and its vectors in an HNSW index of five files that it rewrites in place
("flush"). A process that dies inside a flush leaves files of different ages behind, and the log entries that could
mend them may be gone. Opening such a folder fails, hangs, crashes the process, or silently misses vectors
(upstream #6949 #7069 #7238 #7510 #7678). Nothing here executes a pickle, or trusts a size before it is checked.

Source: observed layout of chromadb 1.5.9; hnswlib `HierarchicalNSW::saveIndex`, header version 1 of Chroma's fork.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.plain_pickle import read_plain

_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
_EMPTY_LEVEL = -1
_MAX_PICKLE_BYTES_PER_RECORD = 1024
_DATA_BLOCK_RECORDS = 16_384
_DELETED_MARK = 1


class DamagedError(Exception):
    """The folder must not be opened; the message says what does not fit."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The fields of header.bin that the other files must agree with."""

    capacity: int
    records: int
    record_bytes: int
    label_offset_bytes: int
    top_level: int
    entry_record: int
    links_upper: int
    links_ground: int

    @property
    def upper_level_bytes(self) -> int:
        return 4 + 4 * self.links_upper


def check(folder: Path, collection: str, dim: int) -> int:
    """Check a Chroma folder that holds one collection.

    Args:
        folder: What would be given to `PersistentClient`; nobody may have it open.
        collection: The collection's name.
        dim: The dimension D of its vectors.

    Returns:
        How many records it holds, those still in Chroma's own log included.

    Raises:
        DamagedError: It must not be opened.
    """
    try:
        # Not read-only: a journal that a killed Chroma left behind has to be rolled back first.
        with closing(sqlite3.connect(f"{(folder / 'chroma.sqlite3').as_uri()}?mode=rw", uri=True, timeout=5)) as db:
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise DamagedError("chroma.sqlite3 is damaged")
            segment, ids, applied_seq = _read_segment(db, collection, dim)
            logged = _read_log(db, applied_seq)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise DamagedError(f"chroma.sqlite3 cannot be read: {error}") from error
    try:
        indexed = _check_index(folder / segment, dim, expect_records=applied_seq > 0)
    except (OSError, ValueError, struct.error) as error:
        raise DamagedError(f"the index files cannot be read: {error}") from error
    lost = len(ids - indexed - logged)
    if lost:
        raise DamagedError(f"{lost} of {len(ids)} vectors are lost")
    return len(ids | logged)


def _read_segment(db: sqlite3.Connection, collection: str, dim: int) -> tuple[str, set[str], int]:
    """Return the vector segment's folder name, the ids of all records, and the last log entry in its index."""
    names = [name for (name,) in db.execute("SELECT name FROM collections")]
    if names != [collection]:
        raise DamagedError(f"it holds the collections {names} instead of {collection}")
    (found_dim,) = db.execute("SELECT dimension FROM collections").fetchone()
    if found_dim not in (None, dim):  # None until the first record
        raise DamagedError(f"its vectors have {found_dim} numbers instead of {dim}")
    segments = dict(db.execute("SELECT scope, id FROM segments").fetchall())
    if set(segments) != {"VECTOR", "METADATA"}:
        raise DamagedError(f"it has the segments {sorted(segments)}")
    ids = {
        i for (i,) in db.execute("SELECT embedding_id FROM embeddings WHERE segment_id = ?", (segments["METADATA"],))
    }
    applied = db.execute("SELECT seq_id FROM max_seq_id WHERE segment_id = ?", (segments["VECTOR"],)).fetchone()
    return str(segments["VECTOR"]), ids, int(applied[0]) if applied else 0


def _read_log(db: sqlite3.Connection, applied_seq: int) -> set[str]:
    """Return the ids of records that Chroma has logged and will put into its index when it opens."""
    add = 0  # operations: 0 add, 1 update, 2 upsert, 3 delete
    rows = db.execute("SELECT id, operation FROM embeddings_queue WHERE seq_id > ? ORDER BY seq_id", (applied_seq,))
    logged: set[str] = set()
    for record_id, operation in rows:
        if operation == add:
            logged.add(record_id)
        else:
            logged.discard(record_id)
    return logged


def _check_index(segment: Path, dim: int, *, expect_records: bool) -> set[str]:
    """Check the five index files against each other; returns the ids in the index."""
    pickled = segment / "index_metadata.pickle"
    if not pickled.exists():
        if expect_records:
            raise DamagedError("index_metadata.pickle is missing")
        if (segment / "header.bin").exists() and _read_header(segment, dim).records:
            raise DamagedError("index_metadata.pickle is missing")
        return set()
    header = _read_header(segment, dim)
    _check_sizes(segment, header)
    labels, added = _read_labels(pickled, header.records)
    if added != header.records:
        raise DamagedError(f"header.bin counts {header.records} records, index_metadata.pickle {added}")
    _check_ground_level(segment, header, np.fromiter(labels.values(), np.uint64, len(labels)))
    _check_upper_levels(segment, header)
    return set(labels)


def _read_header(segment: Path, dim: int) -> _Header:
    data = (segment / "header.bin").read_bytes()
    if len(data) != _HEADER.size:
        raise DamagedError(f"header.bin has {len(data)} bytes instead of {_HEADER.size}")
    version, offset, capacity, records, record_bytes, label, vector, top, entry, *graph = _HEADER.unpack(data)
    upper, ground, links, multiplier, effort = graph
    links_bytes = 4 + 4 * ground
    expected = (1, 0, links_bytes, links_bytes + 4 * dim, links_bytes + 4 * dim + 8)
    plausible = links == upper and ground == 2 * upper and 0 < multiplier < 2 and 1 <= effort <= 10_000
    if not plausible or (version, offset, vector, label, record_bytes) != expected:
        raise DamagedError(f"header.bin does not describe vectors of {dim} numbers")
    # Chroma reserves memory for the capacity when it opens the index; a wild value must not get that far.
    if not records <= capacity <= 4 * records + 65_536:
        raise DamagedError(f"header.bin claims room for {capacity} records and holds {records}")
    empty = records == 0
    if empty != (top == _EMPTY_LEVEL) or (not empty and not (0 <= top <= 64 and entry < records)):
        raise DamagedError(f"header.bin names record {entry} on level {top} as its entry, of {records}")
    return _Header(capacity, records, record_bytes, label, top, entry, upper, ground)


def _check_sizes(segment: Path, header: _Header) -> None:
    """Check the files' sizes, and that none is sparse: a torn link_lists.bin grows to terabytes of nothing."""
    for name, expected_bytes in (
        ("data_level0.bin", header.records * header.record_bytes),
        ("length.bin", header.records * 4),
    ):
        size_bytes = (segment / name).stat().st_size
        if size_bytes != expected_bytes:
            raise DamagedError(f"{name} has {size_bytes} bytes instead of {expected_bytes}")
    per_record = 4 + max(header.top_level, 0) * header.upper_level_bytes
    size_bytes = (segment / "link_lists.bin").stat().st_size
    if not header.records * 4 <= size_bytes <= header.records * per_record:
        raise DamagedError(f"link_lists.bin has {size_bytes} bytes, too many or too few for {header.records} records")


def _read_labels(path: Path, records: int) -> tuple[dict[str, int], int]:
    """Read (id -> label, records ever added) from the pickle without executing anything in it."""
    if path.stat().st_size > 65_536 + records * _MAX_PICKLE_BYTES_PER_RECORD:
        raise DamagedError("index_metadata.pickle is far too large")
    try:
        loaded: Any = read_plain(path.read_bytes())
        labels, added = loaded["id_to_label"], loaded["total_elements_added"]
        if {label: i for i, label in labels.items()} != loaded["label_to_id"]:
            raise DamagedError("index_metadata.pickle contradicts itself")
        return {str(i): int(label) for i, label in labels.items()}, int(added)
    except DamagedError:
        raise
    except Exception as error:  # a torn pickle fails in any way it likes
        raise DamagedError(f"index_metadata.pickle cannot be read: {error}") from error


def _check_ground_level(segment: Path, header: _Header, live_labels: npt.NDArray[np.uint64]) -> None:
    """Check every link of level 0, and that exactly the live labels are there and not marked deleted."""
    records = np.memmap(segment / "data_level0.bin", np.uint8, "r", shape=(header.records, header.record_bytes))
    found: list[npt.NDArray[np.uint64]] = []
    for start in range(0, header.records, _DATA_BLOCK_RECORDS):
        block = records[start : start + _DATA_BLOCK_RECORDS]
        counts = np.ascontiguousarray(block[:, :2]).view("<u2")  # (n, 1)
        links = np.ascontiguousarray(block[:, 4 : 4 + 4 * header.links_ground]).view("<u4")  # (n, links)
        used = np.arange(header.links_ground) < counts
        if (counts > header.links_ground).any() or (links[used] >= header.records).any():
            raise DamagedError("data_level0.bin links to records that do not exist")
        labels = np.ascontiguousarray(block[:, header.label_offset_bytes :]).view("<u8")[:, 0]
        found.append(labels[(block[:, 2] & _DELETED_MARK) == 0])
    present = np.sort(np.concatenate(found)) if found else np.empty(0, np.uint64)
    if not np.array_equal(present, np.sort(live_labels)):
        raise DamagedError("data_level0.bin and index_metadata.pickle hold different records")


def _check_upper_levels(segment: Path, header: _Header) -> None:
    """Walk link_lists.bin: per record a byte count, then one list of links for each of its levels above 0."""
    data = (segment / "link_lists.bin").read_bytes()  # its size was checked
    at = 0
    levels = np.zeros(header.records, np.int64)
    links_by_level: dict[int, list[npt.NDArray[np.uint32]]] = {}
    for record in range(header.records):
        (size_bytes,) = struct.unpack_from("<I", data, at)
        at += 4
        levels[record], rest = divmod(size_bytes, header.upper_level_bytes)
        if rest or levels[record] > header.top_level or at + size_bytes > len(data):
            raise DamagedError(f"link_lists.bin does not fit at record {record}")
        for level in range(1, size_bytes // header.upper_level_bytes + 1):
            (count,) = struct.unpack_from("<H", data, at)
            if count > header.links_upper:
                raise DamagedError(f"link_lists.bin does not fit at record {record}")
            links_by_level.setdefault(level, []).append(np.frombuffer(data, "<u4", count, at + 4))
            at += header.upper_level_bytes
    if at != len(data):
        raise DamagedError(f"link_lists.bin has {len(data) - at} bytes too many")
    if header.records and levels[header.entry_record] != header.top_level:
        raise DamagedError("link_lists.bin and header.bin name different entries")
    for level, lists in links_by_level.items():
        links = np.concatenate(lists)
        if (links >= header.records).any() or (levels[links] < level).any():
            raise DamagedError("link_lists.bin links to records that do not exist")
