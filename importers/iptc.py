"""IPTC-IIM -> Facts: the captions and keywords that pictures carried before XMP, and often still do beside it.

Source: IPTC-IIM 4.2; how Pillow hands it out: PIL.IptcImagePlugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from importers.base import Facts
from importers.clock import written_time
from importers.xmp import place_of

_CHARACTER_SET, _UTF_8 = (1, 90), b"\x1b%G"
_TITLE, _KEYWORD, _DATE, _TIME, _CITY, _STATE, _COUNTRY, _HEADLINE, _CAPTION = (
    (2, number) for number in (5, 25, 55, 60, 90, 95, 101, 105, 120)
)


def facts_of_iim(datasets: Mapping[Any, Any]) -> Facts:
    """Read the facts in datasets by (record, number); each is bytes or a list of bytes."""
    is_utf_8 = datasets.get(_CHARACTER_SET) == _UTF_8

    def texts(key: tuple[int, int]) -> list[str]:
        value: object = datasets.get(key)
        values: list[object] = [*value] if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        decoded = (_decoded(item, is_utf_8=is_utf_8) for item in values if isinstance(item, bytes))
        return [text for text in decoded if text]

    def text(key: tuple[int, int]) -> str | None:
        return next(iter(texts(key)), None)

    return Facts(
        taken_at=_taken_at(text(_DATE), text(_TIME)),
        title=text(_TITLE) or text(_HEADLINE),
        caption=text(_CAPTION),
        keywords=tuple(dict.fromkeys(texts(_KEYWORD))),
        place=place_of(text(_CITY), text(_STATE), text(_COUNTRY)),
    )


def _decoded(value: bytes, *, is_utf_8: bool) -> str:
    """Decode a text; most programs write UTF-8 whether they say so or not, older ones Latin-1."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("utf-8" if is_utf_8 else "latin-1", "replace")
    return text.replace("\0", "").strip()


def _taken_at(date: str | None, time: str | None) -> Any:
    """Read "20190415" and "144024-0700"; without a time of day it is no more than a day."""
    if not date or len(date) != 8:
        return None
    clock = f"T{time[:2]}:{time[2:4]}:{time[4:6]}{time[6:]}" if time and len(time) >= 6 else ""
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return written_time(day + clock) or written_time(day)
