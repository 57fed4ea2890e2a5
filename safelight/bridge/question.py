"""What a search, a collection or a saved query asks for, as it travels in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from safelight.bridge.errors import BridgeError

MAX_PHOTOS = 100_000


@dataclass(frozen=True, slots=True)
class Ref:
    """A photo as Lightroom names it; one of the two is there.

    Attributes:
        uuid: Lightroom's own; virtual copies have one each.
        path: The original's, as Lightroom says it; virtual copies share it.
    """

    uuid: str | None
    path: str | None

    @classmethod
    def read(cls, value: object) -> Ref:
        """Read {"uuid": ..., "path": ...}.

        Raises:
            BridgeError: It is something else.
        """
        if not isinstance(value, Mapping):
            raise BridgeError("bad_request", "a photo must be an object with `uuid` or `path`")
        given = cast("Mapping[str, object]", value)
        ref = cls(_text(given, "uuid"), _text(given, "path"))
        if ref.uuid is None and ref.path is None:
            raise BridgeError("bad_request", "a photo must have `uuid` or `path`")
        return ref

    def record(self) -> dict[str, str]:
        """Return it as read() takes it."""
        pairs = (("uuid", self.uuid), ("path", self.path))
        return {key: value for key, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for.

    Attributes:
        words: As typed: + and - and quotes mean what they mean everywhere in Safelight.
        like: Photos to find more of.
        unlike: Photos to keep away from.
        since: As `safelight search --since` takes it.
        until: As `safelight search --until` takes it.
        limit: At most so many photos; None means all that match.
        everything: Whether to go on below what really matches; needs a limit.
    """

    words: str = ""
    like: tuple[Ref, ...] = ()
    unlike: tuple[Ref, ...] = ()
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    everything: bool = False

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Question:
        """Read a question from JSON.

        Raises:
            BridgeError: Something in it is not what it should be.
        """
        question = cls(
            words=(_text(given, "words") or "").strip(),
            like=read_refs(given.get("like")),
            unlike=read_refs(given.get("unlike")),
            since=_text(given, "since") or None,
            until=_text(given, "until") or None,
            limit=_limit(given.get("limit")),
            everything=given.get("everything") is True,
        )
        if not question.words and not question.like:
            raise BridgeError("bad_request", "say what to look for, in words or by photos that are like it")
        if question.everything and question.limit is None:
            raise BridgeError(
                "bad_request", "say how many photos to take at most; everything is a little like anything"
            )
        return question

    def record(self) -> dict[str, Any]:
        """Return it as read() takes it."""
        return {
            "words": self.words,
            "like": [ref.record() for ref in self.like],
            "unlike": [ref.record() for ref in self.unlike],
            "since": self.since,
            "until": self.until,
            "limit": self.limit,
            "everything": self.everything,
        }


def read_refs(value: object) -> tuple[Ref, ...]:
    """Read a list of photos; None is an empty one.

    Raises:
        BridgeError: It is something else, or too long.
    """
    # dkjson writes an empty Lua table as [], or as {} where it cannot know.
    if value is None or value == {}:
        return ()
    if not isinstance(value, list):
        raise BridgeError("bad_request", "photos must come as a list")
    items = cast("list[object]", value)
    if len(items) > MAX_PHOTOS:
        raise BridgeError("too_many", f"at most {MAX_PHOTOS:,} photos at a time")
    return tuple(Ref.read(item) for item in items)


def _text(given: Mapping[str, object], key: str) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 10_000 or "\0" in value:
        raise BridgeError("bad_request", f"`{key}` must be text")
    return value


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_PHOTOS:
        raise BridgeError("bad_request", f"`limit` must be a whole number from 1 to {MAX_PHOTOS:,}")
    return value
