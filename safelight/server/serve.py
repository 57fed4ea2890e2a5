"""Run the helper: take the lock, listen on 127.0.0.1, tell where, and end within three seconds when asked to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

import safelight
from indexer.catalog import FILE_NAME
from indexer.cores import cores
from indexer.home import why_unwritable
from indexer.lock import LockedError, ProcessLock
from safelight.config import Settings
from safelight.duplicates_kept import Looks
from safelight.errors import SafelightError
from safelight.jobs.board import Board
from safelight.jobs.journal import Journal
from safelight.jobs.kinds import kinds
from safelight.models import LiveSettings
from safelight.server import discovery
from safelight.server.access import Access
from safelight.server.app import build_app
from safelight.server.grids import Grids
from safelight.server.hub import Hub
from safelight.server.private_files import make_private_folder
from safelight.server.readers import Readers
from safelight.server.uploads import Uploads
from safelight.service import Library
from safelight.thumbnails import Thumbnails
from safelight.worker import ModelRoom

PORT = 47824
"""Where the helper listens unless told otherwise or taken; nobody is registered there with IANA."""

_STREAMS_S = 1.0
_WORK_S = 1.2

OnReady = Callable[[discovery.Helper, Access], None]


def serve(
    settings: Settings, home: Path, *, port: int | None = None, on_ready: OnReady, on_stop: Callable[[], None]
) -> None:
    """Run the helper until it is told to stop.

    Work may not have come to its end by then, and may be broken off, however roughly: it goes on at the next start.

    Args:
        settings: How to work.
        home: The data folder.
        port: Where to listen; None: PORT, or any that is free where that one is taken.
        on_ready: Called once it answers.
        on_stop: Called when it is told to stop.

    Raises:
        SafelightError: Another helper runs, or the port is taken.

    Writes: our own data folder.
    """
    try:
        make_private_folder(home)
        lock = ProcessLock(home / "helper.lock", "the helper")
    except OSError as error:
        raise SafelightError(f"cannot use the data folder {home}: {why_unwritable(home) or error.strerror}") from error
    except LockedError as error:
        raise SafelightError(_who_runs(home)) from error
    with lock, _listen(home, port) as listener:
        asyncio.run(_Helper(settings, home, listener).run(on_ready, on_stop))


def _who_runs(home: Path) -> str:
    other = discovery.running(home)
    if other is None:
        return f"another helper is starting or stopping in {home}; try again in a moment"
    return other.runs_already


def _listen(home: Path, port: int | None) -> socket.socket:
    """Take a port on 127.0.0.1, never on another address."""
    taken = OSError()
    killed = discovery.read(home)  # left by one that was killed: an open page still asks at its port
    usual = (killed.port, PORT, 0) if killed else (PORT, 0)
    for candidate in usual if port is None else (port,):
        # The protocol is named because asyncio asks for it before it sets TCP_NODELAY; without that each answer in two
        # parts, head and body, waits 40 ms for an acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # Not SO_REUSEPORT: no second process may listen where we do. REUSEADDR lets a restart take its port back.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            taken = OSError(str(error))
        else:
            return listener
    raise SafelightError(f"cannot listen on port {port}: {taken}; choose another with --port, or leave --port out")


class _Server(uvicorn.Server):
    """uvicorn, with the signals left to us."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield


class _Helper:
    def __init__(self, settings: Settings, home: Path, listener: socket.socket) -> None:
        self._settings, self._home, self._listener = LiveSettings(settings), home, listener
        self._room = ModelRoom()
        self._uploads = Uploads(home)
        self._access = Access(home, listener.getsockname()[1])
        self._info = discovery.Helper(
            self._access.port,
            self._access.token,
            os.getpid(),
            safelight.__version__,
            discovery.API_VERSION,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )

    async def run(self, on_ready: OnReady, on_stop: Callable[[], None]) -> None:
        """Answer requests until stopped, then end what runs."""
        loop = asyncio.get_running_loop()
        with Library(self._settings.now, self._home):
            pass  # the catalog is brought up to date once, before many open it
        readers, thinkers = Readers("reader", 3, self._open_for_reading), Readers("thinker", 6, self._open_for_reading)
        board = Board(Journal(self._home), kinds(self._open_for_job))
        thumbnails = Thumbnails(self._home / "thumbs", workers=cores())
        hub = Hub(
            home=self._home,
            settings=self._settings,
            version=self._info.version,
            started=self._info.started,
            access=self._access,
            room=self._room,
            readers=readers,
            thinkers=thinkers,
            finders=Readers("finder", 1, self._open_for_reading),
            board=board,
            uploads=self._uploads,
            thumbnails=thumbnails,
            grids=Grids(self._home / FILE_NAME),
            looks=Looks(self._home),
            stop=lambda: stop(),
        )
        server = _Server(_config(hub))

        def stop() -> None:
            if hub.ending.is_set():
                return
            hub.stopping.set()
            hub.ending.set()
            server.should_exit = True
            discovery.withdraw(self._home, self._info)  # nobody else need come
            on_stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        async with AsyncExitStack() as after:
            serving = asyncio.create_task(server.serve(sockets=[self._listener]))
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
            discovery.announce(self._home, self._info)
            after.callback(discovery.withdraw, self._home, self._info)
            on_ready(self._info, self._access)
            await serving
        await asyncio.to_thread(_end, hub)

    def _open_for_reading(self) -> Library:
        library = Library(
            self._settings.now, self._home, room=self._room, find_picture=lambda name: self._uploads.find(library, name)
        )
        return library

    def _open_for_job(self, model: str | None) -> Library:
        settings = self._settings.now
        settings = replace(settings, model=model or settings.model)
        return Library(settings, self._home, room=self._room, chroma_apart=True)


def _config(hub: Hub) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(hub),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,  # it would hold what was searched for
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=512,
        backlog=128,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(_STREAMS_S),
        h11_max_incomplete_event_size=32_768,
    )


def _end(hub: Hub) -> None:
    """Stop what runs, all at the same time, as far as it stops in time."""
    hub.uploads.close()
    at_work = (hub.board, hub.readers, hub.thinkers, hub.finders, hub.thumbnails)
    with ThreadPoolExecutor(len(at_work)) as pool:
        ended = [closed.result() for closed in [pool.submit(some.close, _WORK_S) for some in at_work]]
    if all(ended):
        hub.grids.close()
        hub.room.close()
