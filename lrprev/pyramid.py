"""The text of a container's "header" section: what Lightroom says of the preview that the levels hold."""

from datetime import datetime, timedelta
from typing import NamedTuple

from lrprev import lua
from lrprev.errors import LrprevError
from lrprev.layout import DIGEST, EPOCH, MAX_HEADER_BYTES, MAX_SECTIONS, UUID

_MAX_EDGE = 1_000_000
_MAX_SECONDS = 10_000_000_000  # year 2317: keeps datetime arithmetic from overflowing


class LevelSize(NamedTuple):
    """A level's size as it is written down; what the picture really measures, only its JPEG tells."""

    number: int
    width: int
    height: int


class Pyramid(NamedTuple):
    """What a header, or a row of previews.db, says of one preview. None where it says nothing.

    Attributes:
        uuid: Of the photo's file: AgLibraryFile.id_global in the catalog. Upper case.
        digest: Of the develop settings shown: Adobe_imageDevelopSettings.digest. Lower case.
        levels: Smallest first in every file seen; `number` is N of section level_N.
        color_profile: "AdobeRGB" or "sRGB"; the JPEGs themselves carry no profile.
        quality: "final" (1:1), "standard" or "smallRender".
        cropped_width: Pixels of the whole edited photo, however small the levels are.
        file_time: The original's modification time, UTC.
        from_proxy: Whether it was rendered from a Smart Preview.
    """

    uuid: str | None = None
    digest: str | None = None
    levels: tuple[LevelSize, ...] = ()
    color_profile: str | None = None
    quality: str | None = None
    cropped_width: int | None = None
    cropped_height: int | None = None
    file_time: datetime | None = None
    format_version: int | None = None
    from_proxy: bool | None = None


def parse(text: bytes, offset_bytes: int = 0) -> Pyramid:
    """Parse a header's text, `pyramid = { ... }`.

    Args:
        text: The section's data.
        offset_bytes: Where they start in the file, for error messages.

    Raises:
        LrprevError: It is no such table, or a known key holds something else than it must.
    """
    if len(text) > MAX_HEADER_BYTES:
        raise LrprevError(offset_bytes, f"a header of at most {MAX_HEADER_BYTES} bytes", f"{len(text)} bytes")
    name, table = lua.parse_assignment(text, offset_bytes)
    if name != "pyramid" or not isinstance(table, dict):
        raise LrprevError(offset_bytes, "pyramid = { ... }", name)
    fields = _Fields(table, offset_bytes)
    return Pyramid(
        uuid=fields.uuid(),
        digest=fields.digest(),
        levels=fields.levels(),
        color_profile=fields.text("colorProfile"),
        quality=fields.text("quality"),
        cropped_width=fields.integer("croppedWidth", _MAX_EDGE),
        cropped_height=fields.integer("croppedHeight", _MAX_EDGE),
        file_time=fields.time("fileTimeStamp"),
        format_version=fields.integer("formatVersion", _MAX_EDGE),
        from_proxy=fields.boolean("fromProxy"),
    )


def time_from_seconds(seconds: float) -> datetime | None:
    """Turn Lightroom's seconds since 2001-01-01 UTC into a time; None where they are out of any sensible range."""
    return EPOCH + timedelta(seconds=seconds) if abs(seconds) < _MAX_SECONDS else None


class _Fields:
    """Typed access to the table; a missing key is None, a wrong type an error."""

    def __init__(self, table: lua.Table, offset_bytes: int) -> None:
        self._table = table
        self._offset = offset_bytes

    def uuid(self) -> str | None:
        text = self.text("uuid")
        if text is not None and not UUID.fullmatch(text):
            raise self._error("uuid", "8-4-4-4-12 hex digits", text)
        return text and text.upper()

    def digest(self) -> str | None:
        text = self.text("digest")
        if text is not None and not DIGEST.fullmatch(text):
            raise self._error("digest", "32 hex digits", text)
        return text and text.lower()

    def text(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self._error(key, "a string", value)

    def boolean(self, key: str) -> bool | None:
        value = self._table.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._error(key, "true or false", value)

    def number(self, key: str) -> float | None:
        value = self._table.get(key)
        if isinstance(value, bool) or not (value is None or isinstance(value, int | float)):
            raise self._error(key, "a number", value)
        return value

    def integer(self, key: str, maximum: int) -> int | None:
        value = self.number(key)
        if value is not None and not 1 <= value <= maximum:
            raise self._error(key, f"a number from 1 to {maximum}", value)
        return value if value is None else round(value)

    def time(self, key: str) -> datetime | None:
        seconds = self.number(key)
        time = None if seconds is None else time_from_seconds(seconds)
        if seconds is not None and time is None:
            raise self._error(key, "seconds since 2001", seconds)
        return time

    def levels(self) -> tuple[LevelSize, ...]:
        table = self._table.get("levels")
        if table is None:
            return ()
        if not isinstance(table, dict) or len(table) > MAX_SECTIONS:
            raise self._error("levels", f"a table of at most {MAX_SECTIONS} levels", type(table).__name__)
        return tuple(self._level(number, level) for number, level in table.items())

    def _level(self, number: lua.Key, level: lua.Value) -> LevelSize:
        if not isinstance(level, dict) or not isinstance(number, int):
            raise self._error("levels", "{ width = ..., height = ... }", level)
        width, height = level.get("width"), level.get("height")
        if isinstance(width, int) and isinstance(height, int) and 1 < width < _MAX_EDGE and 1 < height < _MAX_EDGE:
            return LevelSize(number, width, height)  # nearly always; True, which is 1, is left to the checks below
        size = _Fields(level, self._offset)
        width, height = size.integer("width", _MAX_EDGE), size.integer("height", _MAX_EDGE)
        if width is None or height is None:
            raise self._error("levels", "a width and a height", f"level {number} without")
        return LevelSize(number, width, height)

    def _error(self, key: str, expected: str, got: object) -> LrprevError:
        return LrprevError(self._offset, f"{key} = {expected} in the header", str(got)[:80])
