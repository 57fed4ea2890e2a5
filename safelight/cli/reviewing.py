"""Going through groups of duplicates in a terminal: a group, a key, a decision."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from importers.images import ImageProblem
from indexer.duplicates.store import Decision
from safelight import draw
from safelight.duplicates import Group, record_decision, record_keeper, remembering
from safelight.duplicates_page import size_text
from safelight.errors import SafelightError
from safelight.service import Library
from safelight.thumbnails import Thumbnails, wanted

_KEYS = "1-9 keep this one   n no duplicates   i ignore   s skip   u undo   q quit"
_SIZE = 320
_CHUNK = 4096  # of base64, that Kitty takes at once
_CLOSE_S = 5.0


def review(library: Library, groups: Sequence[Group]) -> int:
    """Show groups and take decisions; returns how many hold.

    Writes: the catalog; the cache of thumbnails.
    """
    show = _shower()
    thumbnails = Thumbnails(library.home / "thumbs", workers=1) if show else None
    made: list[tuple[int, Callable[[], None]]] = []
    number = 0
    try:
        while number < len(groups):
            _show(library, groups[number], f"{number + 1:,} of {len(groups):,}", thumbnails, show)
            key = click.getchar().lower()
            if key in ("q", "\x03", "\x04"):
                break
            if key == "u" and made:
                number, undo = made.pop()
                undo()
                draw.say("Taken back.")
            elif key == "s":
                number += 1
            elif (undo := _decide(library, groups[number], key)) is not None:
                made.append((number, undo))
                number += 1
    finally:
        if thumbnails is not None:
            thumbnails.close(_CLOSE_S)
    return len(made)


def _decide(library: Library, group: Group, key: str) -> Callable[[], None] | None:
    """Record what a key says; returns what takes it back, None where it says nothing."""
    ids = [member.photo_id for member in group.members]
    undo = remembering(library.catalog, ids)
    try:
        if key in "123456789" and int(key) <= len(ids):
            record_keeper(library.catalog, ids[int(key) - 1], ids)
        elif key in "ni":
            record_decision(library.catalog, Decision.DIFFERENT if key == "n" else Decision.IGNORED, ids)
        else:
            return None
    except SafelightError as error:
        draw.say(str(error))
        return None
    draw.say("Remembered.")
    return undo


def _show(
    library: Library, group: Group, where: str, thumbnails: Thumbnails | None, show: Callable[[bytes], str] | None
) -> None:
    draw.say()
    draw.say(f"{where}: {group.kind}, {len(group.members)} photos")
    for number, member in enumerate(group.members, 1):
        mark = f"{number}" if number <= 9 else " "
        size = f"{member.width} x {member.height}, {size_text(member.size_bytes)}"
        relation = "keep" if member.relation == "keeper" else member.relation
        draw.say(f"  {mark} {draw.printable(member.path or member.name)}")
        draw.say(f"      {size}; {relation}: {member.reason}")
        if thumbnails is not None and show is not None and number <= 9:
            with suppress(ImageProblem):
                draw.say(show(thumbnails.get(wanted(library.catalog, member.photo_id, _SIZE)).result()))
    draw.say(_KEYS)


def _shower() -> Callable[[bytes], str] | None:
    """Return what writes a JPEG as this terminal shows it; None where it cannot."""
    program, term = os.environ.get("TERM_PROGRAM", ""), os.environ.get("TERM", "")
    if term == "xterm-kitty" or program == "ghostty":
        return kitty
    return iterm if program in ("iTerm.app", "WezTerm") else None


def kitty(jpeg: bytes) -> str:
    """Write a picture in Kitty's protocol, as PNG in pieces. Source: kitty's "Terminal graphics protocol"."""
    from PIL import Image

    file = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(file, "PNG")  # of our own making: safe to open here
    data = base64.b64encode(file.getvalue()).decode()
    pieces = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    last = len(pieces) - 1
    heads = [f"{'a=T,f=100,' if n == 0 else ''}m={int(n < last)}" for n in range(len(pieces))]
    return "".join(f"\x1b_G{head};{piece}\x1b\\" for head, piece in zip(heads, pieces, strict=True))


def iterm(jpeg: bytes) -> str:
    """Write a picture in iTerm2's protocol. Source: iTerm2's "Inline Images Protocol"."""
    return f"\x1b]1337;File=inline=1;size={len(jpeg)}:{base64.b64encode(jpeg).decode()}\x07"
