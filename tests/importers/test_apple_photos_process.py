"""The process that reads a library: it ends with the run, with its parent, and leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest
from photos_libraries import copied

from importers.apple_photos import ApplePhotosSource
from importers.apple_photos_process import ReaderProcess
from importers.base import ImporterError, Mark, Options, Photo

pytestmark = pytest.mark.skipif(find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`")
CHECKOUT = Path(__file__).parents[2]
EVERYTHING = Options(include=frozenset(Mark))


@pytest.fixture
def library(samples: Path, tmp_path: Path) -> Path:
    return copied(samples, tmp_path)


def read(library: Path) -> dict[str, Photo]:
    return {photo.key.decode(): photo for photo in ApplePhotosSource(library, EVERYTHING).photos()}


def refusal(library: Path) -> str:
    """The one line that a library is refused with, on opening or on reading."""
    with pytest.raises(ImporterError) as error:
        list(ApplePhotosSource(library).photos())
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_stopping_half_way_ends_the_process_and_leaves_nothing(
    library: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[ReaderProcess] = []
    enter = ReaderProcess.__enter__

    def note(process: ReaderProcess) -> ReaderProcess:
        started.append(process)
        return enter(process)

    monkeypatch.setattr(ReaderProcess, "__enter__", note)
    photos = ApplePhotosSource(library).photos()
    assert len(list(islice(photos, 3))) == 3
    photos.close()
    assert list(temporary.iterdir()) == []
    assert started[0]._process.poll() is not None


def test_a_reader_that_is_killed_is_one_clear_error(
    library: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = ReaderProcess.__enter__

    def enter_and_kill(process: ReaderProcess) -> ReaderProcess:
        enter(process)
        process._process.kill()
        return process

    monkeypatch.setattr(ReaderProcess, "__enter__", enter_and_kill)
    message = refusal(library)
    assert message == (
        f"reading the database of {library} ended half-way (exit status -9); try again, and if that does not help,"
        f" upgrade osxphotos: uv pip install --upgrade osxphotos --python {shlex.quote(sys.executable)}"
    )
    assert list(temporary.iterdir()) == []


PARENT = """
import sys, time
from pathlib import Path
from importers.apple_photos import ApplePhotosSource
from importers.apple_photos_process import ReaderProcess
enter = ReaderProcess.__enter__
def tell(self):
    process = enter(self)
    print(process._process.pid, flush=True)
    if sys.argv[2] == "before":
        time.sleep(60)
    return process
ReaderProcess.__enter__ = tell
ReaderProcess._lines = lambda self: time.sleep(60)
next(ApplePhotosSource(Path(sys.argv[1])).photos())
"""


@pytest.mark.parametrize("when", ["before", "while"])
def test_the_reader_ends_with_its_parent(library: Path, temporary: Path, when: str) -> None:
    """Before it was told to read, and while it does."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(library), when],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    assert parent.stdout
    reader = int(parent.stdout.readline())
    if when == "while":
        _wait_until(lambda: any(temporary.glob("*/clone.photoslibrary/database/search")))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _wait_until(lambda: not _is_alive(reader))
    assert list(temporary.iterdir()) == []


def _wait_until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
