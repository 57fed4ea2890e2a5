"""Which movies are the moving halves of Live Photos, by the names in one folder; nothing is opened.

Both halves have one name: IMG_1.HEIC and IMG_1.MOV, or IMG_1.JPG from phones set to "most compatible". Other phones
keep the movie inside the picture's own file.

Source: Apple's "PHLivePhoto" and what its importers write; the iPhone exports in osxphotos' tests.
"""

from __future__ import annotations

from collections.abc import Iterable

MOVIE = b".mov"
MOST_BYTES = 20_000_000
"""A longer movie is one of its own beside a picture of the same name; three seconds take 2 to 8 MB."""
_STILLS = (b".heic", b".heif", b".jpg", b".jpeg")  # in the order in which they get the movie


def moving_halves(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """Find the movies of the Live Photos in a folder: still -> movie, each movie once; case does not matter."""
    movies: dict[bytes, bytes] = {}
    stills: dict[bytes, list[tuple[int, bytes]]] = {}
    for name in sorted(names):
        stem, dot, last = name.lower().rpartition(b".")
        if dot + last == MOVIE:
            movies.setdefault(stem, name)
        elif dot + last in _STILLS:
            stills.setdefault(stem, []).append((_STILLS.index(dot + last), name))
    return {min(stills[stem])[1]: movie for stem, movie in movies.items() if stem in stills}
