"""`safelight app`: the page in a window of its own, on a screen that nobody sees; what is said where none can be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from needed import lacking
from PIL import Image, ImageGrab
from safelight_server import index, paint

from safelight.server import discovery

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {"SAFELIGHT_HOME": str(home)} | more


def app(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "safelight", "app"]
    return subprocess.run(command, env=environment(home, **more), capture_output=True, text=True, timeout=600)


def assert_one_line(said: subprocess.CompletedProcess[str], *words: str) -> None:
    assert said.returncode == 2
    assert len(said.stderr.splitlines()) == 1, said.stderr
    assert all(word in said.stderr for word in words), said.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_it_says_so_and_starts_nothing(tmp_path):
    assert_one_line(app(tmp_path / "home", **without(tmp_path, "webview")), "no screen")
    assert not (tmp_path / "home" / "helper.json").exists()


def test_without_the_extra_it_says_which(tmp_path):
    assert_one_line(
        app(tmp_path / "home", **without(tmp_path, "webview"), DISPLAY=":0"), 'app]" --excludes', "serve --open"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the window needs nothing of the system")
def test_without_webkit_it_says_what_to_install(tmp_path):
    said = app(tmp_path / "home", **without(tmp_path, "gi", "qtpy"), DISPLAY=":0")
    assert_one_line(said, "apt install", "serve --open")
    assert not (tmp_path / "home" / "helper.json").exists()


def without(folder: Path, *modules: str) -> dict[str, str]:
    """Hide modules from a process of Python, as if they were not installed."""
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules |= dict.fromkeys({modules!r})\n")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the system's own binding of GTK alone, for a Python of the system's version."""
    found = subprocess.run([ROOT / "tools" / "setup-window.sh"], capture_output=True, text=True)
    if found.returncode:
        lacking(found.stderr.strip())
    folder = tmp_path_factory.mktemp("bindings")
    (folder / "gi").symlink_to("/usr/lib/python3/dist-packages/gi")
    tried = subprocess.run([sys.executable, "-c", "import gi._gi"], env={"PYTHONPATH": str(folder)}, check=False)
    if tried.returncode:
        pytest.skip(f"the system's GTK is for another Python than {sys.version.split()[0]}")
    return folder


@pytest.fixture
def screen() -> Iterator[str]:
    """A screen that nobody sees."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1300x900x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait()


def colours(screen: str) -> tuple[Image.Image, int]:
    """Take a picture of the screen; returns it with how many colours it shows."""
    shot = ImageGrab.grab(xdisplay=screen).convert("RGB")
    return shot, len(shot.resize((325, 225), Image.Resampling.NEAREST).getcolors(325 * 225) or [])


def test_the_page_is_shown_in_a_window_paired_by_itself(bindings, screen, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(40):
        paint(photos / f"{number}.png", number, (160 + number % 50, 120))
    home = tmp_path / "home"
    index(home, photos)
    # WebKit's own sandbox needs rights that a container does not give; the page's protection is the helper's.
    variables = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
    window = subprocess.Popen(
        [sys.executable, "-m", "safelight", "app"],
        env=environment(home, DISPLAY=screen, PYTHONPATH=str(bindings), GDK_BACKEND="x11", **variables),
        stdout=subprocess.DEVNULL, stderr=(log := (tmp_path / "log").open("w+")),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 300
        shown, seen = colours(screen)
        while seen < 20_000 and time.monotonic() < deadline:  # photos of noise: no page without them has so many
            assert window.poll() is None, log.seek(0) or log.read()
            time.sleep(0.25)
            shown, seen = colours(screen)
        SHOTS.mkdir(parents=True, exist_ok=True)
        shown.save(SHOTS / "window.png")
        assert seen >= 20_000, log.seek(0) or log.read()
        assert len(json.loads((home / "sessions.json").read_text())) == 1, "paired once"
    finally:
        window.terminate()
        window.wait(timeout=600)
        helper = discovery.running(home)
        assert helper is not None, "the helper goes on without the window"
        os.kill(helper.pid, signal.SIGTERM)
