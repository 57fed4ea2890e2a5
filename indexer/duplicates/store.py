"""What the catalog keeps for duplicates: features, verdicts on pairs, and the user's decisions."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from xxhash import xxh3_128_digest

from indexer.duplicates.features import COMPARABLE, VERSION, Features, unpack
from indexer.duplicates.verify import RULES, Relation, Sensitivity, Verdict

Judged = dict[tuple[int, int], Verdict | None]
"""(content id, content id) -> what the second is to the first."""


class Decision(StrEnum):
    """What the user said."""

    DIFFERENT = "different"  # these two are no duplicates
    IGNORED = "ignored"  # perhaps they are; show this pair no more
    KEEPER = "keeper"  # this is the one to keep


def write_features(db: sqlite3.Connection, features: Mapping[int, bytes]) -> None:
    """Store what pictures look like.

    Args:
        features: Content id -> features, packed; b"" leaves what is known as it is.

    Writes: the catalog, inside the caller's transaction.
    """
    rows = [(content_id, VERSION, data) for content_id, data in features.items() if data]
    db.executemany("INSERT OR REPLACE INTO features (content_id, version, data) VALUES (?, ?, ?)", rows)
    db.executemany("DELETE FROM looks WHERE content_id = ?", (row[:1] for row in rows))


def is_described(db: sqlite3.Connection, content_id: int) -> bool:
    """Tell whether a content's features are here, in their present version."""
    query = "SELECT 1 FROM features WHERE content_id = ? AND version = ?"
    return db.execute(query, (content_id, VERSION)).fetchone() is not None


def read_features(db: sqlite3.Connection) -> Iterator[tuple[int, Features]]:
    """Yield (content id, features) of every picture that is shown by a photo, in the order of their ids."""
    rows = db.execute(
        "SELECT f.content_id, f.data, c.width, c.height FROM features f JOIN content c ON c.id = f.content_id"
        " WHERE f.version BETWEEN ? AND ?"
        " AND EXISTS (SELECT 1 FROM photo p WHERE p.content_id = c.id AND p.state = 'indexed') ORDER BY f.content_id",
        (COMPARABLE, VERSION),
    )
    for content_id, data, width, height in rows:
        yield content_id, unpack(data, width, height)


def lacking(db: sqlite3.Connection) -> list[int]:
    """List the contents whose features are not here, or cannot be compared.

    Of what was decided about they must be those of the present version: see carry_decisions, which asks for equal ones.
    """
    rows = db.execute(
        "SELECT DISTINCT p.content_id FROM photo p JOIN content c ON c.id = p.content_id"
        " LEFT JOIN features f ON f.content_id = c.id AND f.version BETWEEN ? AND ?"
        " WHERE p.state = 'indexed' AND (f.content_id IS NULL OR f.version <> ?"
        "  AND c.hash IN (SELECT hash FROM decision UNION SELECT other FROM decision)) ORDER BY p.content_id",
        (COMPARABLE, VERSION, VERSION),
    )
    return [content_id for (content_id,) in rows]


def read_verdicts(db: sqlite3.Connection, sensitivity: Sensitivity) -> Judged:
    """Return the verdicts reached by the present rules."""
    rows = db.execute(
        "SELECT one, other, relation, what, derived, part FROM verdict WHERE judged = ?", (_by(sensitivity),)
    )
    return {
        (one, other): None if relation is None else Verdict(Relation(relation), what, derived, bool(part))
        for one, other, relation, what, derived, part in rows
    }


def write_verdicts(db: sqlite3.Connection, sensitivity: Sensitivity, verdicts: Judged) -> None:
    """Store verdicts, for the next run.

    Writes: the catalog, inside the caller's transaction.
    """
    by = _by(sensitivity)
    db.executemany(
        "INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (*pair, by, v.relation.value, v.what, v.derived, int(v.part)) if v else (*pair, by, None, "", 0, 0)
            for pair, v in verdicts.items()
        ),
    )


def _by(sensitivity: Sensitivity) -> str:
    return f"{COMPARABLE}.{RULES} {sensitivity}"


def decide(db: sqlite3.Connection, kind: Decision, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Record decisions on pairs of content hashes; of a keeper the second is the id of the photo that was meant.

    Writes: the catalog, inside the caller's transaction.
    """
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    db.executemany(
        "INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?)",
        ((kind.value, *(pair if kind is Decision.KEEPER else sorted(pair)), now) for pair in pairs),
    )


def forget(db: sqlite3.Connection, hashes: Iterable[bytes]) -> int:
    """Forget all decisions on contents; returns how many there were.

    Writes: the catalog, inside the caller's transaction.
    """
    return sum(db.execute("DELETE FROM decision WHERE hash = ? OR other = ?", (one, one)).rowcount for one in hashes)


def decisions_on(db: sqlite3.Connection, hashes: Iterable[bytes]) -> list[tuple[str, bytes, bytes, str]]:
    """Return the rows of all decisions on contents, as restore() takes them."""
    found = {
        row
        for one in hashes
        for row in db.execute(
            "SELECT kind, hash, other, decided_at FROM decision WHERE hash = ? OR other = ?", (one, one)
        )
    }
    return sorted(found)


def restore(db: sqlite3.Connection, hashes: Iterable[bytes], rows: Iterable[tuple[str, bytes, bytes, str]]) -> None:
    """Make the decisions on contents what they were.

    Writes: the catalog, inside the caller's transaction.
    """
    forget(db, hashes)
    db.executemany("INSERT OR REPLACE INTO decision (kind, hash, other, decided_at) VALUES (?, ?, ?, ?)", rows)


def decisions_among(db: sqlite3.Connection, hashes: Iterable[bytes]) -> list[tuple[Decision, bytes, bytes]]:
    """Return what was decided on contents of which no other is part, as decide() takes it: (kind, one, other)."""
    wanted = set(hashes)
    kinds = ", ".join(f"'{kind}'" for kind in Decision)  # named, so that the primary key serves
    return [
        (Decision(kind), one, other)
        for given in sorted(wanted)
        for kind, one, other in db.execute(
            f"SELECT kind, hash, other FROM decision WHERE kind IN ({kinds}) AND hash = ?", (given,)
        )
        if kind == Decision.KEEPER or other in wanted
    ]


def forget_among(db: sqlite3.Connection, hashes: Iterable[bytes]) -> None:
    """Forget what was decided on contents of which no other is part.

    Writes: the catalog, inside the caller's transaction.
    """
    db.executemany("DELETE FROM decision WHERE kind = ? AND hash = ? AND other = ?", decisions_among(db, hashes))


def forget_keepers(db: sqlite3.Connection, hashes: Iterable[bytes]) -> None:
    """Forget of contents that they were chosen to be kept.

    Writes: the catalog, inside the caller's transaction.
    """
    db.executemany("DELETE FROM decision WHERE kind = 'keeper' AND hash = ?", ((one,) for one in hashes))


def carry_decisions(db: sqlite3.Connection) -> None:
    """Let what was decided about a content hold for new ones that look exactly like it.

    Writing metadata into a file makes another content of it, with the same looks in the same size. Each content is
    looked at once, when it is new; so what is forgotten afterwards stays forgotten.

    Writes: the catalog, inside the caller's transaction.
    """
    new = _take_new(db)
    looks_of = dict(
        db.execute(
            "SELECT c.hash, l.digest FROM content c JOIN looks l ON l.content_id = c.id"
            " WHERE c.hash IN (SELECT hash FROM decision UNION SELECT other FROM decision)"
        ).fetchall()
    )
    decided = defaultdict[bytes, list[bytes]](list)
    for content, looks in looks_of.items():
        decided[looks].append(content)
    carried = list[tuple[str, bytes, bytes]]()
    for content, looks in new.items():
        for like in decided.get(looks, ()):
            carried += _carry(db, like, content) if like != content else []
    for kind, one, other in carried:  # what changed together with another was paired with that as it was before
        if not _is_shown(db, one) or (kind != Decision.KEEPER and not _is_shown(db, other)):
            db.execute("DELETE FROM decision WHERE kind = ? AND hash = ? AND other = ?", (kind, one, other))


def _take_new(db: sqlite3.Connection) -> dict[bytes, bytes]:
    """Return the contents that are new since the last time, each with the digest of its looks."""
    rows = db.execute(
        "SELECT c.id, c.hash, f.data, c.width, c.height FROM content c JOIN features f ON f.content_id = c.id"
        " WHERE NOT EXISTS (SELECT 1 FROM looks l WHERE l.content_id = c.id)"
    )
    found = [(n, content, xxh3_128_digest(b"%d %d " % (w, h) + data)) for n, content, data, w, h in rows]
    db.executemany("INSERT INTO looks (content_id, digest) VALUES (?, ?)", ((n, looks) for n, _, looks in found))
    return {content: looks for _, content, looks in found}


def _carry(db: sqlite3.Connection, like: bytes, content: bytes) -> list[tuple[str, bytes, bytes]]:
    """Copy all decisions on one content to another; returns those that were not there."""
    carried = list[tuple[str, bytes, bytes]]()
    for kind, one, other, decided_at in decisions_on(db, [like]):
        if content in (one, other):
            continue  # it was told apart from that which it looks like
        if one == other:
            one = content  # copies of one file that are not to be shown again, of which this was one
        else:
            one, other = (content if part == like else part for part in (one, other))
        if kind != Decision.KEEPER:
            one, other = sorted((one, other))
        if db.execute("INSERT OR IGNORE INTO decision VALUES (?, ?, ?, ?)", (kind, one, other, decided_at)).rowcount:
            carried.append((kind, one, other))
    return carried


def _is_shown(db: sqlite3.Connection, content: bytes) -> bool:
    found = db.execute("SELECT 1 FROM photo p JOIN content c ON c.id = p.content_id WHERE c.hash = ?", (content,))
    return found.fetchone() is not None


def read_decisions(db: sqlite3.Connection) -> tuple[dict[int, str], set[tuple[int, int]]]:
    """Return the contents to keep, each with the photo that was meant, and the pairs that are not to be shown.

    What was chosen last comes last. The photo's id is "" where it was not recorded; of a pair the lower content id
    comes first. Of contents that look alike, and were chosen with one photo, that which it shows now is meant.
    """
    chosen = {
        content_id: photo_id.decode()
        for content_id, photo_id in db.execute(
            "SELECT c.id, d.other FROM decision d JOIN content c ON c.hash = d.hash WHERE d.kind = 'keeper'"
            " AND NOT EXISTS (SELECT 1 FROM photo p JOIN content now ON now.id = p.content_id AND now.id <> c.id"
            "  JOIN decision e ON e.kind = 'keeper' AND e.hash = now.hash AND e.other = d.other"
            "  WHERE p.public_id = CAST(d.other AS TEXT) AND p.state = 'indexed')"
            " ORDER BY d.decided_at"
        )
    }
    apart = db.execute(
        "SELECT a.id, b.id FROM decision d JOIN content a ON a.hash = d.hash JOIN content b ON b.hash = d.other"
        " WHERE d.kind IN ('different', 'ignored')"
    )
    return chosen, {(min(pair), max(pair)) for pair in apart}
