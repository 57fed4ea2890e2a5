"""Values between Lua and Python. Lua strings are bytes, handed over as Latin-1; text in them is UTF-8."""

from __future__ import annotations

from typing import Any

from lupa import lua51


def text(value: str) -> str:
    """A Lua string that holds text."""
    return value.encode("latin-1").decode("utf-8")


def raw(value: str) -> bytes:
    return value.encode("latin-1")


def from_text(value: str) -> str:
    return value.encode("utf-8").decode("latin-1")


def from_bytes(value: bytes) -> str:
    return value.decode("latin-1")


def is_table(value: Any) -> bool:
    return lua51.lua_type(value) == "table"


def plain(value: Any) -> Any:
    """A Lua value as Python's own: lists where the keys are 1 to n, else dicts; strings as text."""
    if isinstance(value, str):
        return text(value)
    if not is_table(value):
        return value
    keys = list(value.keys())
    if keys and all(isinstance(key, int) for key in keys):
        return [plain(value[i]) for i in range(1, len(keys) + 1)]
    return {plain(key): plain(value[key]) for key in keys}


def to_lua(runtime: lua51.LuaRuntime, value: Any) -> Any:
    """A Python value as Lua's own; dicts and lists become tables."""
    if isinstance(value, str):
        return from_text(value)
    if isinstance(value, bytes):
        return from_bytes(value)
    if isinstance(value, dict):
        return runtime.table_from({to_lua(runtime, k): to_lua(runtime, v) for k, v in value.items()})
    if isinstance(value, list | tuple):
        table = runtime.table()
        for i, item in enumerate(value, 1):
            table[i] = to_lua(runtime, item)
        return table
    return value
