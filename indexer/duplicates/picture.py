"""What deciding about duplicates needs to know of a picture, beside its looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo, or what is known of it. Unknown is None, or empty.

    Attributes:
        name: Its file's name.
        folder: The path of the folder where that lies; the source's name where it keeps files as it likes.
        format: As people call it: "JPEG", "RAW".
        width: Pixels of the full picture, upright.
        height: Pixels of the full picture, upright.
        taken_at: When the camera says it was taken; None where only the file's date is known.
        added: Seconds; orders photos by age where the camera's time does not: the date of the file.
        exposure: Seconds, aperture and ISO, for brackets.
        preferred: Whether it is from the source that the user prefers.
        chosen: Larger the later the user said that this is the one to keep; 0: never.
        series: Names the burst or stack that its source knows it in.
        is_movie: Whether it is a movie, of which one picture is known.
    """

    name: str = ""
    folder: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    taken_at: datetime | None = None
    added: float = 0.0
    camera: str | None = None
    exposure: tuple[float | None, float | None, float | None] = (None, None, None)
    rating: int | None = None
    edited: bool = False
    facts: int = 0  # how many things are known of it: keywords, people, a title, a place
    preferred: bool = False
    chosen: int = 0
    series: str | None = None
    is_movie: bool = False

    @property
    def stem(self) -> str:
        """The name without its last ending, for pairs."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def has_camera_data(self) -> bool:
        """Whether its camera's name is known, or how it was exposed: some phones write no name into HEIC files."""
        return self.camera is not None or any(self.exposure)

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height
