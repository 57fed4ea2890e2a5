"""A smart collection as a file that Lightroom imports, for those who do without the plug-in.

Lightroom cannot ask us, so such a collection names the files that match now. Source: .lrsmcol files as Lightroom
exports them: Lua tables in a file that begins with `s =`.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

MAX_RULES = 2000
"""Rules that a file may have; a smart collection of more would make Lightroom slow."""

Rule = dict[str, str]


def smart_collection(title: str, paths: Sequence[str]) -> bytes:
    """Write the .lrsmcol file of a smart collection that holds the files at `paths`.

    A file is named by its name alone where no other one of `paths` has it, else together with its folder's name.
    """
    names = Counter(_parts(path)[1].casefold() for path in paths)
    rules: list[str] = []
    for path in dict.fromkeys(paths):
        folder, name = _parts(path)
        by_name = _rule("filename", "beginsWith", name)
        if names[name.casefold()] == 1 or not folder:
            rules.append(by_name)
        else:
            rules.append(f'{{\n{by_name},\n{_rule("folder", "all", folder)},\ncombine = "intersect",\n}}')
    lines = [f"{rule},\n" for rule in rules]
    return (
        "s = {\n"
        f'id = "{str(uuid.uuid4()).upper()}",\n'
        f"internalName = {_quote(title)},\n"
        f"title = {_quote(title)},\n"
        'type = "LibrarySmartCollection",\n'
        f'value = {{\n{"".join(lines)}combine = "union",\n}},\n'
        "version = 0,\n}\n"
    ).encode()


def _rule(criteria: str, operation: str, value: str) -> str:
    return f'{{\ncriteria = "{criteria}",\noperation = "{operation}",\nvalue = {_quote(value)},\nvalue2 = "",\n}}'


def _quote(text: str) -> str:
    """Write a Lua string: what would end or break it is escaped, everything else stays as it is in UTF-8."""
    escaped = "".join(f"\\{ord(c):03d}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c for c in text)
    return f'"{escaped}"'


def _parts(path: str) -> tuple[str, str]:
    """Return (name of the folder, name of the file); elsewhere than on Windows a name may have a backslash in it."""
    pure = PureWindowsPath(path) if re.match(r"[A-Za-z]:[\\/]|\\\\", path) else PurePosixPath(path)
    return pure.parent.name, pure.name
