"""What `python -m lrprev` shows of one preview: as a block of text, as one line of a list, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lrprev.preview import Preview
from lrprev.pyramid import Pyramid
from lrprev.store import State

SMART = "smart"
"""The state of a Smart Preview, which is a DNG and has no levels."""

LIST_HEAD = f"{'state':<8} {'levels':>6} {'largest':>11} {'of full':>7} {'quality':<11} {'profile':<9} preview"
_UNKNOWN = "-"


@dataclass
class Inspection:
    """One preview, as far as it could be read.

    Attributes:
        name: The file's name, or uuid-digest in a folder.
        preview: None where nothing of it could be read.
        problems: What is wrong, a line each; empty where nothing is.
        written: The files that were extracted.
    """

    name: str
    files: tuple[Path, ...]
    uuid: str | None
    digest: str | None
    state: State | str
    preview: Preview | None
    problems: list[str] = field(default_factory=list[str])
    written: list[Path] = field(default_factory=list[Path])

    @property
    def pyramid(self) -> Pyramid:
        """What the header says; empty where there is none."""
        return (self.preview and self.preview.pyramid) or Pyramid()

    def as_json(self) -> dict[str, object]:
        """Give everything as plain values."""
        pyramid, levels = self.pyramid, self.preview.levels if self.preview else ()
        return {
            "name": self.name,
            "files": [str(path) for path in self.files],
            "uuid": self.uuid,
            "digest": self.digest,
            "state": self.state,
            "color_profile": pyramid.color_profile,
            "quality": pyramid.quality,
            "cropped_width": pyramid.cropped_width,
            "cropped_height": pyramid.cropped_height,
            "coverage": self.preview and self.preview.coverage,
            "file_time": pyramid.file_time and pyramid.file_time.isoformat(),
            "levels": [
                {
                    "number": level.number,
                    "width": level.width,
                    "height": level.height,
                    "offset_bytes": level.offset_bytes,
                    "length_bytes": level.length_bytes,
                    "confidence": level.confidence,
                }
                for level in levels
            ],
            "problems": self.problems,
            "written": [str(path) for path in self.written],
        }

    def as_text(self) -> Iterator[str]:
        """Yield a block of lines."""
        pyramid = self.pyramid
        yield self.name
        facts = {
            "uuid": self.uuid,
            "digest": self.digest,
            "state": self.state,
            "profile": pyramid.color_profile,
            "quality": pyramid.quality,
            "full size": pyramid.cropped_width and f"{pyramid.cropped_width} x {pyramid.cropped_height}",
            "coverage": f"{self._coverage()} of the long edge",
            "file time": pyramid.file_time and f"{pyramid.file_time:%Y-%m-%d %H:%M:%S} UTC",
        }
        for name, value in facts.items():
            yield f"  {name:<10} {value or _UNKNOWN}"
        yield f"  {'level':>5} {'width':>6} {'height':>6} {'bytes':>10} {'offset':>10}  confidence"
        for level in self.preview.levels if self.preview else ():
            number = _UNKNOWN if level.number is None else level.number
            yield (
                f"  {number:>5} {level.width:>6} {level.height:>6} {level.length_bytes:>10} {level.offset_bytes:>10}"
                f"  {level.confidence}"
            )
        yield from self._notes()

    def as_lines(self) -> Iterator[str]:
        """Yield a row of a list under LIST_HEAD, and a line for each note on it."""
        pyramid, levels = self.pyramid, self.preview.levels if self.preview else ()
        largest = f"{levels[-1].width}x{levels[-1].height}" if levels else _UNKNOWN
        yield (
            f"{self.state:<8} {len(levels):>6} {largest:>11} {self._coverage():>7} "
            f"{pyramid.quality or _UNKNOWN:<11} {pyramid.color_profile or _UNKNOWN:<9} {self.name}"
        )
        yield from self._notes()

    def _coverage(self) -> str:
        coverage = self.preview and self.preview.coverage
        return f"{coverage:.0%}" if coverage else _UNKNOWN

    def _notes(self) -> Iterator[str]:
        for problem in self.problems:
            yield f"  problem    {problem}"
        for path in self.written:
            yield f"  written    {path}"
