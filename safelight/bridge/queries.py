"""Saved queries: a name, a question, and the token that the photos that answer it carry in Lightroom."""

from __future__ import annotations

import json
import secrets
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from safelight.bridge.errors import BridgeError
from safelight.bridge.question import Question
from safelight.bridge.store import Store

PREFIX = "sq"
LENGTH = 10
"""Of a token. All have the same length and no separator in them, so that none is found inside another."""
FIELD_BYTES = 511
"""Of a searchable plug-in field. Source: Lightroom SDK Programmers Guide, custom metadata."""
TOKENS_A_PHOTO = (FIELD_BYTES + 1) // (LENGTH + 1)
_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """One living collection.

    Attributes:
        rules: Further rules of the smart collection, which Lightroom evaluates: {"rating": 3, "keyword": "Family",
            "taken_since": "2019-01-01"}.
    """

    token: str
    name: str
    question: Question
    rules: dict[str, Any]
    changed_at: str

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "token": self.token,
            "name": self.name,
            "question": self.question.record(),
            "rules": self.rules,
            "changed_at": self.changed_at,
        }


class SavedQueries:
    """All saved queries of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[SavedQuery]:
        """List them by name."""
        rows = self._store.db.execute("SELECT token, name, question, rules, changed_at FROM saved_query ORDER BY name")
        return [_query(*row) for row in rows]

    def named(self, name: str) -> SavedQuery | None:
        """Return the one of this name, in whatever case; None where there is none."""
        return next((query for query in self.list() if _folded(query.name) == _folded(name)), None)

    def propose(self, name: str, question: Question, rules: Mapping[str, object] | None = None) -> SavedQuery:
        """Return what save() would make; nothing lives by it until it is saved.

        Raises:
            BridgeError: The name or a rule is not what it should be.
        """
        name, kept, known = read_name(name), read_rules(rules or {}), self.named(name)
        token, name = (known.token, known.name) if known else (new_token(), name)
        return SavedQuery(token, name, question, kept, datetime.now(UTC).isoformat(timespec="microseconds"))

    def save(self, name: str, question: Question, rules: Mapping[str, object] | None = None) -> SavedQuery:
        """Make a saved query, or change the one of this name, which keeps its token and its spelling.

        Raises:
            BridgeError: The name or a rule is not what it should be.

        Writes: our own data folder.
        """
        return self.put(self.propose(name, question, rules))

    def put(self, query: SavedQuery) -> SavedQuery:
        """Save a query that propose() made, or one as it was before; returns it as it lives now.

        Writes: our own data folder.
        """
        known = self.named(query.name)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        query = replace(query, token=known.token, name=known.name, changed_at=now) if known else query
        with self._store.transaction():
            self._store.db.execute(
                "INSERT INTO saved_query (token, name, question, rules, changed_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (token) DO UPDATE SET name = excluded.name, question = excluded.question,"
                " rules = excluded.rules, changed_at = excluded.changed_at",
                (query.token, query.name, json.dumps(query.question.record()), json.dumps(query.rules), now),
            )
        return query

    def remove(self, token: str) -> None:
        """Forget a saved query; photos that carry its token are Lightroom's matter.

        Writes: our own data folder.
        """
        with self._store.transaction():
            self._store.db.execute("DELETE FROM saved_query WHERE token = ?", (token,))


def new_token() -> str:
    """Make a token: 36 ** 8 of them, so that two of the few hundred that anybody has do not meet."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH - len(PREFIX)))


def read_name(given: str) -> str:
    """Check the name of a collection, and write it on one line.

    Raises:
        BridgeError: It is empty, or too long.
    """
    name = " ".join(given.split())
    if not name or len(name) > 200:
        raise BridgeError("bad_request", "a collection needs a name of at most 200 letters")
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def read_rules(given: Mapping[str, object]) -> dict[str, Any]:
    """Check the further rules of a smart collection.

    Raises:
        BridgeError: One is not known, or its value is of a wrong kind.
    """
    kinds: dict[str, type] = {"rating": int, "keyword": str, "taken_since": str, "taken_until": str}
    rules: dict[str, Any] = {}
    for key, value in given.items():
        if value is None or value == "":
            continue
        if key not in kinds or isinstance(value, bool) or not isinstance(value, kinds[key]):
            raise BridgeError("bad_request", f"a smart collection has no rule `{key}` with the value {value!r}")
        rules[key] = value
    return rules


def read_query(given: Mapping[str, Any]) -> SavedQuery:
    """Read a saved query as SavedQuery.record() writes it."""
    question = Question.read(cast("Mapping[str, object]", given["question"]))
    return SavedQuery(given["token"], given["name"], question, dict(given["rules"]), given["changed_at"])


def _query(token: str, name: str, question: str, rules: str, changed_at: str) -> SavedQuery:
    asked = cast("dict[str, object]", json.loads(question))
    return SavedQuery(token, name, Question.read(asked), json.loads(rules), changed_at)
