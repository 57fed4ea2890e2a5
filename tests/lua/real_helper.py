"""A real helper, with the demo's pictures and the starter model, and a fake Lightroom whose catalog holds them."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Container
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lua.fake import Lightroom
from safelight_server import free_port

from safelight.cli import main

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGIN = CHECKOUT / "lightroom-plugin" / "Safelight.lrplugin"
DEMO = ("cat", "raccoon", "rocket", "espresso", "pagoda", "dahlia", "bricks", "stairway", "astronaut", "photographer")


class Helper:
    """One helper process with a data folder of its own, where the plug-in looks for it on a Mac."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "Library" / "Application Support" / "safelight"
        self.photos = home / "Pictures"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("SAFELIGHT_")}
        self.env |= {"SAFELIGHT_HOME": str(self.data), "HOME": str(home), "SAFELIGHT_WORKERS": "1"}
        self.env["PYTHONPATH"] = str(CHECKOUT / "tests" / "lua" / "without_chroma")
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of_user(cls, indexed: Path, home: Path) -> Helper:
        """A helper that knows what the user at home `indexed` has indexed, and whose index nobody else has."""
        shutil.copytree(indexed / "Library", home / "Library")
        it = cls(home)
        (it.data / "helper.json").unlink(missing_ok=True)  # of the other's helper
        it.photos = indexed / "Pictures"
        return it

    def command(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "safelight", *arguments],
            env=self.env, cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done.stdout

    def quick(self, *arguments: str, codes: Container[int] = (0,), errors: bool = False) -> str:
        """The same in this process: for commands that load no model, most of what they cost is Python's own start."""
        out, err = io.StringIO(), io.StringIO()
        argv, environ = mock.patch.object(sys, "argv", ["safelight", *arguments]), mock.patch.dict(os.environ, self.env)
        with argv, environ, redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
        assert end.value.code in codes, (arguments, out.getvalue(), err.getvalue())
        return err.getvalue() if errors else out.getvalue()

    def index(self, *places: Path) -> None:
        self.command("index", *map(str, places), "--model", "starter")

    def start(self) -> None:
        (self.data / "helper.json").unlink(missing_ok=True)
        # Not at the usual port: another test's helper would take it over, once this one is killed.
        serve = [sys.executable, "-m", "safelight", "serve", "--port", str(free_port())]
        self.process = subprocess.Popen(serve, env=self.env, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self, other_than: dict[str, Any] | None = None) -> None:
        deadline = time.monotonic() + 300
        while not (self.data / "helper.json").exists() or self.said() == other_than:
            assert time.monotonic() < deadline, "the helper did not start"
            time.sleep(0.05)

    def said(self) -> dict[str, Any]:
        return json.loads((self.data / "helper.json").read_text())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)


def open_catalog(helper: Helper, name: str, *more: Path, language: str = "en") -> Lightroom:
    """A Lightroom of the helper's user, with the plug-in, and a catalog of all pictures in its folder and of more."""
    helper.home.joinpath("tmp").mkdir(exist_ok=True)
    it = Lightroom(helper.home, f"{helper.home}/Lightroom/{name}.lrcat")
    for picture in (*sorted(helper.photos.glob("*.jpg")), *more):
        it.catalog.add_photo(picture.stem.upper(), str(picture), captured="2020-05-01T12:00:00")
    it.load(PLUGIN, language)
    return it
