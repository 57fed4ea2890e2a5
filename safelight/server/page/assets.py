"""The files of the page, read once; their address holds a digest of them all, so that browsers may keep them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""What is served; the licences of vendored files lie beside them for people."""
_PICTURES, _ROWS = b"(first pictures)", b"(first rows)"
"""Where the page begins with its first photos, in shell.html: links to their pictures, their ids and shapes."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files of the page.

    Attributes:
        shell: The page itself, in three parts: links to the first pictures go between the first two, ids and shapes
            of the first photos between the others.
        digest: Names this state of the files.
        files: By name, with / between folders; no other name leads anywhere.
    """

    shell: tuple[bytes, bytes, bytes]
    digest: str
    files: dict[str, Asset]


@cache
def load() -> Assets:
    """Read the files of the page."""
    static = _FOLDER / "static"
    paths = sorted(path for path in static.rglob("*") if path.suffix in _TYPES)
    files = {path.relative_to(static).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix]) for path in paths}
    everything = hashlib.blake2b(digest_size=8)
    for name, file in files.items():
        everything.update(f"{name} {len(file.data)} ".encode() + file.data)
    digest = everything.hexdigest()
    at = f"/static/{digest}"
    # Named up front, so that the browser asks for all that it starts with at once, not for one after the other.
    preloads = "\n".join(f'<link rel="modulepreload" href="{at}/{name}">' for name in _imported(files, "main.js"))
    shell = Template((_FOLDER / "shell.html").read_text("utf-8")).substitute(at=at, preloads=preloads)
    head, rest = shell.encode().split(_PICTURES)
    body, end = rest.split(_ROWS)
    return Assets((head, body, end), digest, files)


def _imported(files: dict[str, Asset], name: str) -> list[str]:
    """List the modules that one needs to start, nearest first; not those that it imports later."""
    found = [name]
    for module in found:
        names = re.findall(rb'^import .* from "\./(.+)";$', files[module].data, re.MULTILINE)
        found += [other.decode() for other in names if other.decode() not in found]
    return found[1:]
