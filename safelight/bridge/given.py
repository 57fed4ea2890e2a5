"""What a plug-in's request must hold, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from safelight.bridge.errors import BridgeError

Json = Mapping[str, object]
_MOST_CHARACTERS = 10_000


def text(given: Json, key: str) -> str:
    """Return a field that must be text.

    Raises:
        BridgeError: It is none, or empty, or far too long.
    """
    value = given.get(key)
    if not isinstance(value, str) or not value or len(value) > _MOST_CHARACTERS:
        raise BridgeError("bad_request", f"`{key}` must be text")
    return value


def number(given: Json, key: str) -> int:
    """Return a field that must be a whole number.

    Raises:
        BridgeError: It is none.
    """
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BridgeError("bad_request", f"`{key}` must be a whole number")
    return value


def object_of(given: Json, key: str) -> Json:
    """Return a field that must be an object.

    Raises:
        BridgeError: It is none.
    """
    return as_object(given.get(key), key)


def as_object(value: object, key: str = "changes") -> dict[str, Any]:
    """Return a value of a field as an object.

    Raises:
        BridgeError: It is none.
    """
    if value == []:  # how dkjson may write an empty Lua table
        return {}
    if not isinstance(value, Mapping):
        raise BridgeError("bad_request", f"`{key}` must be an object")
    return dict(cast("Mapping[str, Any]", value))
