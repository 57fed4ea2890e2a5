"""What the routes of the helper share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request

from safelight.duplicates_kept import Looks
from safelight.folders import folders_by_id
from safelight.jobs.board import Board
from safelight.models import LiveSettings
from safelight.server.access import Access
from safelight.server.grids import Grids
from safelight.server.readers import Readers
from safelight.server.uploads import Uploads
from safelight.service import Library
from safelight.thumbnails import Thumbnails
from safelight.worker import ModelRoom

T = TypeVar("T")


@dataclass
class Hub:
    """One running helper.

    Attributes:
        started: When, ISO 8601, UTC.
        finders: For work with the library that may take minutes, one at a time.
        streams: How many event streams are open.
        stopping: Set when the helper is to end; streams watch it.
        ending: Set at the same time; long work watches it, in any thread.
    """

    home: Path
    settings: LiveSettings
    version: str
    started: str
    access: Access
    room: ModelRoom
    readers: Readers
    thinkers: Readers
    finders: Readers
    board: Board
    uploads: Uploads
    thumbnails: Thumbnails
    grids: Grids
    looks: Looks
    stop: Callable[[], None]
    streams: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    def folder(self, library: Library, folder_id: str) -> Path | None:
        """Return the folder with photos, in it or below it, that has this id."""
        return self.grids.get("folders", lambda: folders_by_id(library.catalog)).get(folder_id)

    def _settled(self, work: Callable[[Library], T]) -> Callable[[Library], T]:
        """Work with the settings as they are when it begins; a thread keeps its library open for good."""

        def run(library: Library) -> T:
            library.settings = self.settings.now
            return work(library)

        return run

    async def read(self, work: Callable[[Library], T]) -> T:
        """Look something up in the library, in a thread that has it open."""
        return await asyncio.wrap_future(self.readers.submit(self._settled(work)))

    async def think(self, work: Callable[[Library], T]) -> T:
        """Do with the library what may need the model, and so may wait: for it to be loaded, for its turn."""
        return await asyncio.wrap_future(self.thinkers.submit(self._settled(work)))

    async def find(self, work: Callable[[Library], T]) -> T:
        """Do with the library what may take minutes; it waits for nobody but its like, and nobody waits for it."""
        return await asyncio.wrap_future(self.finders.submit(self._settled(work)))


def _hub(request: Request) -> Hub:
    return cast(Hub, request.app.state.hub)


TheHub = Annotated[Hub, Depends(_hub)]
