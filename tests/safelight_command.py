"""The command line as a real process, in a home of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

PATIENCE_S = 600
FORKING = """
import json, os, sys
import chromadb_rust_bindings, indexer.models.engine_onnx, indexer.models.load, indexer.pipeline, indexer.search
import safelight.cli.entry, safelight.service
for line in sys.stdin:
    asked = json.loads(line)
    if (child := os.fork()) == 0:
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        for number, name in enumerate((os.devnull, asked["out"], asked["err"])):
            os.dup2(os.open(name, os.O_RDWR), number)
        sys.argv = ["safelight", *asked["arguments"]]
        safelight.cli.entry.main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _forking() -> subprocess.Popen[str]:
    """The process whose children are the commands; it ends with this one, whose pipe it reads."""
    return subprocess.Popen([sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Safelight:
    """Runs safelight in a home of its own."""

    def __init__(self, home: Path, *, forked: bool = False) -> None:
        """Prepare.

        Args:
            home: The data folder.
            forked: Whether commands begin where their imports are done, which most of the time of one goes to.
        """
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("SAFELIGHT_")}
        self.env |= {"SAFELIGHT_HOME": str(home), "SAFELIGHT_WORKERS": "1"}
        self._run = self._forked if forked else self._fresh

    def __call__(
        self, *arguments: str, code: int = 0, text: bool = True, cwd: Path | None = None
    ) -> subprocess.CompletedProcess:
        done = self._run(arguments, cwd or Path.cwd())
        assert done.returncode == code, (done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        if text:
            done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def records(self, *arguments: str, code: int = 0) -> list[dict]:
        return [json.loads(line) for line in self(*arguments, "--json", code=code).stdout.splitlines()]

    def _fresh(self, arguments: tuple[str, ...], cwd: Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "safelight", *arguments],
            env=self.env,
            cwd=cwd,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        )

    def _forked(self, arguments: tuple[str, ...], cwd: Path) -> subprocess.CompletedProcess[bytes]:
        forking = _forking()
        assert forking.stdin
        assert forking.stdout
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            asked = {"arguments": arguments, "env": self.env, "cwd": str(cwd), "out": out.name, "err": err.name}
            print(json.dumps(asked), file=forking.stdin, flush=True)
            assert select.select([forking.stdout], [], [], PATIENCE_S)[0], "the command does not end"
            code = int(forking.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, out.read(), err.read())
