"""The text of a container's "header" section: what Lightroom says of the preview that the levels hold."""

from datetime import datetime, timedelta
from typing import NamedTuple, Self

from lrprev import lua
from lrprev.errors import LrprevError
from lrprev.layout import DIGEST, EPOCH, MAX_HEADER_BYTES, MAX_SECTIONS, UNSET_SECONDS, UUID

_MAX_EDGE = 1_000_000
_NO_CHARACTER = "\ufffd"  # of bytes that are not UTF-8
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
        problems: Known keys that hold something else than they must, a line each; such a value is None.
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
    problems: tuple[str, ...] = ()

    def completed(self, other: Self | None) -> Self:
        """Take what is not known here from elsewhere, but for sizes of levels."""
        if other is None:
            return self
        return self._replace(**{name: value for name, value in other._asdict().items() if getattr(self, name) is None})


def parse(text: bytes, offset_bytes: int = 0) -> Pyramid:
    """Parse a header's text, `pyramid = { ... }`.

    Args:
        text: The section's data.
        offset_bytes: Where they start in the file, for error messages.

    Raises:
        LrprevError: It is no such table.
    """
    if len(text) > MAX_HEADER_BYTES:
        raise LrprevError(offset_bytes, f"a header of at most {MAX_HEADER_BYTES} bytes", f"{len(text)} bytes")
    name, table = lua.parse_assignment(text, offset_bytes)
    if name != "pyramid" or not isinstance(table, dict):
        raise LrprevError(offset_bytes, "pyramid = { ... }", name)
    fields = _Fields(table)
    parsed = Pyramid(
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
    return parsed._replace(problems=tuple(fields.problems)) if fields.problems else parsed


def time_from_seconds(seconds: float) -> datetime | None:
    """Turn Lightroom's seconds since 2001-01-01 UTC into a time; None where they are out of any sensible range."""
    return EPOCH + timedelta(seconds=seconds) if abs(seconds) < _MAX_SECONDS else None


class _Fields:
    """Typed access to the table: what is missing is None, and so is what is odd, which is noted."""

    def __init__(self, table: lua.Table) -> None:
        self._table = table
        self.problems: list[str] = []

    def uuid(self) -> str | None:
        text = self.text("uuid")
        if text is not None and not UUID.fullmatch(text):
            return self._odd("uuid", text)
        return text and text.upper()

    def digest(self) -> str | None:
        text = self.text("digest")
        if text is not None and not DIGEST.fullmatch(text):
            return self._odd("digest", text)
        return text and text.lower()

    def text(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is None or (isinstance(value, str) and _NO_CHARACTER not in value):
            return value
        return self._odd(key, value)

    def boolean(self, key: str) -> bool | None:
        value = self._table.get(key)
        return value if value is None or isinstance(value, bool) else self._odd(key, value)

    def number(self, key: str) -> float | None:
        value = self._table.get(key)
        if isinstance(value, bool) or not (value is None or isinstance(value, int | float)):
            return self._odd(key, value)
        return value

    def integer(self, key: str, maximum: int) -> int | None:
        value = self.number(key)
        if value is not None and not 1 <= value <= maximum:
            return self._odd(key, value)
        return value if value is None else round(value)

    def time(self, key: str) -> datetime | None:
        seconds = self.number(key)
        time = None if seconds is None else time_from_seconds(seconds)
        if time is None and seconds not in (None, UNSET_SECONDS):
            return self._odd(key, seconds)
        return time

    def levels(self) -> tuple[LevelSize, ...]:
        table = self._table.get("levels")
        if table is None:
            return ()
        if not isinstance(table, dict) or len(table) > MAX_SECTIONS:
            self._odd("levels", table)
            return ()
        return tuple(level for number, size in table.items() if (level := self._level(number, size)))

    def _level(self, number: lua.Key, level: lua.Value) -> LevelSize | None:
        if not isinstance(level, dict) or not isinstance(number, int):
            return self._odd("levels", level)
        width, height = level.get("width"), level.get("height")
        if isinstance(width, int) and isinstance(height, int) and 1 < width < _MAX_EDGE and 1 < height < _MAX_EDGE:
            return LevelSize(number, width, height)  # nearly always; True, which is 1, is left to the checks below
        size = _Fields(level)
        width, height = size.integer("width", _MAX_EDGE), size.integer("height", _MAX_EDGE)
        if width is None or height is None:
            return self._odd("levels", level)
        return LevelSize(number, width, height)

    def _odd(self, key: str, value: object) -> None:
        shown = f"{value!r:.80}" if not isinstance(value, dict) else "another table"
        self.problems.append(f"{key} = {shown} in the header says nothing and is passed over")
