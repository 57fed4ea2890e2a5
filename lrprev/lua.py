r"""Lua table literals, as Lightroom writes them: `name = { key = value, ... }`. Data only: nothing is ever evaluated.

The grammar is the part of Lua 5.1 that Lightroom's own writer uses:

    assignment = NAME '=' value
    value      = STRING | NUMBER | 'true' | 'false' | 'nil' | table
    table      = '{' [ field { (',' | ';') field } [ ',' | ';' ] ] '}'
    field      = NAME '=' value | '[' STRING-or-NUMBER ']' '=' value | value

Source: Lua 5.1 reference manual, 2.1 and 2.5.7; preview headers of Lightroom 5 to Classic 12 (seen).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TypeAlias

from lrprev.errors import LrprevError

Key: TypeAlias = str | int | float
Value: TypeAlias = "str | int | float | bool | Table | None"
Table: TypeAlias = dict[Key, Value]

_MAX_DEPTH = 16
_MAX_INTEGER_DIGITS = 18
_TOKEN = (  # matches at any place, the end of the text too; compiled once it is needed, which is seldom
    rb"""\s*+(?:(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")"""
    rb"""|(?P<number>-?(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)"""
    rb"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*+)"""
    rb"""|(?P<sign>[{}\[\]=,;])|(?P<end>\Z)|(?P<unknown>.{1,16}))"""
)
# What a header is made of, nearly always: whole fields in one match each, where tokens would take four.
_PLAIN_START = re.compile(rb"\s*+([A-Za-z_][A-Za-z0-9_]*+)\s*+=\s*+\{")
_PLAIN = re.compile(
    rb"""\s*+(?:(?:([A-Za-z_][A-Za-z0-9_]*+)\s*+=\s*+)?+"""
    rb"""(?:"([^"\\]*+)"\s*+,|(-?[0-9]{1,18}+(?:\.[0-9]{1,18}+)?+)\s*+,|(true|false|nil)\s*+,"""
    rb"""|(\{(?:\s*+\{(?:\s*+(?:height|width)\s*+=\s*+[0-9]{1,18}+,){1,2}+\s*+\},){1,64}+\s*+\})\s*+,"""
    rb"""|(\{))|(\})\s*+,?+)"""
)
_SIZE = re.compile(rb"\{([^}]*+)\}")
_LENGTH = re.compile(rb"([a-z]++)\s*+=\s*+([0-9]++)")
_ESCAPE = rb"\\([0-9]{1,3}|.)"
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_WORDS: dict[str, Value] = {"true": True, "false": False, "nil": None}
_PLAIN_WORDS = {word.encode(): value for word, value in _WORDS.items()}
_COMMA = ord(",")


def parse_assignment(text: bytes, offset_bytes: int = 0) -> tuple[str, Value]:
    """Parse `name = value` and nothing else.

    Args:
        text: The Lua text, UTF-8.
        offset_bytes: Where the text starts in its file, for error messages.

    Returns:
        The name and its value. A table is a dict; fields without a key get 1, 2, 3 ... as in Lua. What is not UTF-8 in
        a string becomes U+FFFD.

    Raises:
        LrprevError: The text is anything else, or nested too deep.
    """
    if plain := _plain_assignment(text):
        return plain
    reader = _Reader(text, offset_bytes)
    name = reader.take_name()
    reader.take_sign(b"=")
    value = reader.take_value(depth=0)
    reader.take_end()
    return name, value


def _plain_assignment(text: bytes) -> tuple[str, Value] | None:
    """Parse a table whose every field ends in a comma, in a quarter of the reader's time; None for any other text."""
    start = _PLAIN_START.match(text)
    if start is None:
        return None
    open_tables: list[Table] = [{}]
    at, position, positions = start.end(), 0, list[int]()
    while item := _PLAIN.match(text, at):
        at = item.end()
        name, string, number, word, sizes, opening, closing = item.groups()
        if closing:
            table, has_comma = open_tables.pop(), text[at - 1] == _COMMA
            if not open_tables:
                return None if has_comma or text[at:].strip() else (start[1].decode("ascii"), table)
            if not has_comma:
                return None
            position = positions.pop()
            continue
        if name is None:
            position += 1
        elif name in _PLAIN_WORDS:
            return None
        inner: Table = _sizes(sizes) if sizes else {}
        value = inner if sizes or opening else _plain_value(string, number, word)
        if (value is None and word is None) or (sizes and len(open_tables) + 2 > _MAX_DEPTH):
            return None
        open_tables[-1][position if name is None else name.decode("ascii")] = value
        if opening:
            if len(open_tables) == _MAX_DEPTH:
                return None
            open_tables.append(inner)
            positions.append(position)
            position = 0
    return None


@lru_cache(maxsize=64)  # of at most 64 sizes each: hostile headers stay cheap
def _sizes(text: bytes) -> Table:
    """Parse a table of sizes: three quarters of a header, and the same bytes in most. Not to be changed by anybody."""
    sizes = enumerate(_SIZE.findall(text[1:-1]), start=1)
    return {number: {key.decode(): int(length) for key, length in _LENGTH.findall(size)} for number, size in sizes}


def _plain_value(string: bytes | None, number: bytes | None, word: bytes | None) -> Value:
    """Return a value; None also for a string that is not UTF-8."""
    if string is not None:
        try:
            return string.decode("utf-8")
        except ValueError:
            return None
    if number is not None:
        return float(number) if b"." in number else int(number)
    return _PLAIN_WORDS[word or b""]


class _Reader:
    """One pass over the text, one token of look-ahead."""

    def __init__(self, text: bytes, offset_bytes: int) -> None:
        self._tokens = re.finditer(_TOKEN, text, re.DOTALL)
        self._offset = offset_bytes
        self._kind = ""
        self._token = b""
        self._match: re.Match[bytes] | None = None
        self._advance()

    def take_name(self) -> str:
        if self._kind != "name":
            raise self._error("a name")
        return self._advance().decode("ascii")

    def take_sign(self, sign: bytes) -> None:
        if not self._is_sign(sign):
            raise self._error(repr(sign.decode("ascii")))
        self._advance()

    def take_end(self) -> None:
        if self._kind != "end":
            raise self._error("nothing more")

    def take_value(self, depth: int) -> Value:
        if self._is_sign(b"{"):
            return self._take_table(depth + 1)
        if self._kind == "string":
            return self._take_string()
        if self._kind == "number":
            return self._take_number()
        if self._kind == "name" and (word := self._token.decode("ascii")) in _WORDS:
            self._advance()
            return _WORDS[word]
        raise self._error("a string, a number, true, false, nil or a table")

    def _take_table(self, depth: int) -> Table:
        if depth > _MAX_DEPTH:
            raise self._error(f"at most {_MAX_DEPTH} tables in each other")
        self.take_sign(b"{")
        table: Table = {}
        position = 0
        while not self._is_sign(b"}"):
            key = self._take_key()
            if key is None:
                position += 1
                key = position
            table[key] = self.take_value(depth)
            if not self._is_sign(b"}"):
                self.take_sign(b";" if self._is_sign(b";") else b",")
        self.take_sign(b"}")
        return table

    def _take_key(self) -> Key | None:
        """Take `NAME =` or `[key] =` where a field has one."""
        if self._is_sign(b"["):
            self.take_sign(b"[")
            key = self._take_string() if self._kind == "string" else self._take_number()
            self.take_sign(b"]")
        elif self._kind == "name" and self._token.decode("ascii") not in _WORDS:
            key = self.take_name()
        else:
            return None
        self.take_sign(b"=")
        return key

    def _take_string(self) -> str:
        start = self._start
        body = self._advance()[1:-1]
        try:
            text = re.sub(_ESCAPE, _unescaped, body, flags=re.DOTALL)
        except ValueError:
            raise LrprevError(self._offset + start, "a string with bytes up to \\255", body) from None
        return text.decode("utf-8", "replace")  # any bytes are a string to Lua

    def _take_number(self) -> int | float:
        if self._kind != "number":
            raise self._error("a number")
        digits = self._token.lstrip(b"-")
        if digits.isdigit() and len(digits) <= _MAX_INTEGER_DIGITS:
            return int(self._advance())
        number = float(self._token)
        if not math.isfinite(number):
            raise self._error("a number of ordinary size")
        self._advance()
        return number

    def _is_sign(self, sign: bytes) -> bool:
        return self._token == sign and self._kind == "sign"

    def _advance(self) -> bytes:
        """Step to the next token and return the one left behind."""
        taken = self._token
        match = next(self._tokens, None)
        if match and (kind := match.lastgroup):
            self._kind, self._token, self._match = kind, match[kind], match
        return taken

    @property
    def _start(self) -> int:
        return self._match.start(self._kind) if self._match else 0

    def _error(self, expected: str) -> LrprevError:
        return LrprevError(self._offset + self._start, expected, self._token)


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    return bytes([int(code)]) if code.isdigit() else _ESCAPED.get(code, code)
