"""Files of smart collections, read as Lightroom reads them."""

from __future__ import annotations

import re

from lua.fake.marshal import plain
from lua.fake.searching import compile_description
from lua.fake.state import Catalog
from lupa import lua51


def evaluate(content: bytes, paths: list[str]) -> list[str]:
    """Read the file as Lightroom does, in Lua 5.1, and evaluate its rules on photos at `paths`."""

    runtime = lua51.LuaRuntime(encoding="latin-1", unpack_returned_tuples=True)
    runtime.execute(content.decode("latin-1"))
    stored = plain(runtime.globals()["s"])
    assert (stored["type"], stored["version"]) == ("LibrarySmartCollection", 0)
    assert re.fullmatch(r"[0-9A-F-]{36}", stored["id"])
    catalog = Catalog("/c.lrcat")
    for n, path in enumerate(paths):
        catalog.add_photo(str(n), path)
    test = compile_description(stored["value"], catalog, "", {})
    return [photo.path for photo in catalog.photos.values() if test(photo)]
