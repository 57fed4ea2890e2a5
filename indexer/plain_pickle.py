"""Read the pickles of an index without Python's own reader: dicts of strings and numbers, and nothing else.

Python's reader can be kept from importing and calling anything, but not from believing what damaged bytes say: five of
them (LONG_BINPUT) have it reserve tens of gigabytes. This one never keeps more than there are bytes.

Source: the opcodes that chromadb 1.5.9 writes (serde_pickle, protocol 3), by `python -m pickletools`.
"""

from __future__ import annotations

import struct
from typing import Any

_PROTO, _STOP, _MARK, _EMPTY_DICT, _SETITEMS = 0x80, ord("."), ord("("), ord("}"), ord("u")
_NONE, _BINUNICODE, _LONG1 = ord("N"), ord("X"), 0x8A
_NUMBERS = {ord("J"): struct.Struct("<i"), ord("K"): struct.Struct("<B"), ord("M"): struct.Struct("<H")}
_LENGTH = struct.Struct("<I")


def read_plain(data: bytes) -> Any:
    """Read one value: None, a number, a string, or a dict of them.

    Raises:
        ValueError: These bytes are no such pickle, or not a whole one.
    """
    try:
        return _read(data)
    except (IndexError, struct.error, AttributeError, TypeError) as error:  # items given to a number, a dict as key
        raise ValueError("it is cut off or damaged") from error


def _read(data: bytes) -> Any:
    stack: list[Any] = []
    marks: list[int] = []
    at = 0
    while (op := data[at]) != _STOP:
        at += 1
        if op == _BINUNICODE:
            (length,) = _LENGTH.unpack_from(data, at)
            at += 4 + length
            if at > len(data):
                raise ValueError("it is cut off or damaged")
            stack.append(data[at - length : at].decode())
        elif (number := _NUMBERS.get(op)) is not None:
            stack.append(number.unpack_from(data, at)[0])
            at += number.size
        elif op == _LONG1:
            length = data[at]
            at += 1 + length
            stack.append(int.from_bytes(data[at - length : at], "little", signed=True))
        elif op == _NONE:
            stack.append(None)
        elif op == _EMPTY_DICT:
            stack.append({})
        elif op == _MARK:
            marks.append(len(stack))
        elif op == _SETITEMS:
            start = marks.pop()
            items = stack[start:]
            del stack[start:]
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif op == _PROTO:
            at += 1
        else:
            raise ValueError(f"it has the opcode {op:#04x}, which no index has")
    if len(stack) != 1 or marks:
        raise ValueError("it is not one value")
    return stack[0]
