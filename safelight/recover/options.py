"""What is wanted of a recovery."""

from typing import NamedTuple

from safelight.recover.names import Layout
from safelight.recover.picture import Pixels


class Options(NamedTuple):
    """What is wanted.

    Attributes:
        stale: Recover older renders as well.
        overwrite: Forget what was recovered here before, and replace files that are in the way.
        dry_run: Write nothing.
        jobs: Processes that write photos at the same time; none where this process has threads.
    """

    layout: Layout = Layout.MIRROR
    pixels: Pixels = Pixels()
    stale: bool = False
    overwrite: bool = False
    dry_run: bool = False
    jobs: int = 8

    @property
    def develops(self) -> bool:
        """Whether Smart Previews are developed: not where stored sizes are asked for, which they have none of."""
        return self.pixels.level is self.pixels.max_edge is self.pixels.min_edge is None

    @property
    def recipe(self) -> str:
        """Name the options that decide names and pixels, as they are typed."""
        chosen = [f"--{self.layout.replace(' ', '-')}"] if self.layout is not Layout.MIRROR else []
        numbers = {"level": self.pixels.level, "max-edge": self.pixels.max_edge, "min-edge": self.pixels.min_edge}
        chosen += [f"--{name} {number}" for name, number in numbers.items() if number is not None]
        return " ".join([*chosen, *(["--srgb"] if self.pixels.srgb else [])]) or "no options"
