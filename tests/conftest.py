"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Whoever develops explores; `make test` says the same twice. Machines are busy: that an example takes long is no fault.
settings.register_profile("exploring", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("exploring")

# Where the tests run in the background, a shell has Ctrl-C ignored, also by what they start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_ended_with: list[int] = []


def pytest_sessionfinish(exitstatus: int) -> None:
    _ended_with[:] = [int(exitstatus)]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End at once where Lua has run: lupa crashes when the interpreter, ending, frees its states in any order."""
    if "lupa" in sys.modules and _ended_with:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_ended_with[0])


CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that nobody may write into, root included."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root writes everywhere, and may not mount a read-only file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A folder that this process may not look into, as another user's data folder is."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    if os.geteuid() != 0:
        folder.chmod(0)
        yield folder
        folder.chmod(0o700)
        return
    os.setresuid(65534, 65534, 0)  # the real one, too, which os.access asks
    yield folder
    os.setresuid(0, 0, 0)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample files; read-only, never copied into the project."""
    folder = Path(os.environ.get("SAFELIGHT_SAMPLES", CHECKOUT.parent / "shared" / "samples"))
    if not folder.is_dir():
        pytest.skip(f"no real samples at {folder}; set SAFELIGHT_SAMPLES to their folder")
    return folder
