"""The one progress-event type; the CLI, the helper and the plug-in each draw it their own way."""

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    """Where long work stands.

    Attributes:
        stage: What is being done, in a few words: "indexing", "building the vector index".
        done: Items finished.
        total: Items in all as far as known; grows while a folder is still being walked.
        total_final: Whether `total` is the last word.
        in_bytes: Whether what is counted is bytes.
    """

    stage: str
    done: int
    total: int
    total_final: bool = False
    in_bytes: bool = False


OnProgress = Callable[[Progress], None]


def ignore(event: Progress) -> None:
    """Drop the event; for callers who do not watch."""
