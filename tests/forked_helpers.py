"""Helpers that begin where their imports are done, which half the time of a start goes to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

FORKING = """
import json, os, sys
import chromadb_rust_bindings, indexer.models.engine_onnx, indexer.models.load, indexer.pipeline, indexer.search
import safelight.cli.entry, safelight.cli.serving, safelight.server.serve
for line in sys.stdin:
    asked = json.loads(line)
    if "ended" in asked:
        pid, status = os.waitpid(asked["ended"], os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
        continue
    if (child := os.fork()) == 0:
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        for number, name in enumerate((os.devnull, asked["log"], asked["log"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_APPEND), number)
        sys.argv = ["safelight", *asked["arguments"]]
        exec(asked["code"])
    print(child, flush=True)
"""
_one_at_a_time = threading.Lock()


@cache
def _forking() -> subprocess.Popen[str]:
    """The process whose children are the helpers; it ends with this one, whose pipe it reads."""
    return subprocess.Popen([sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(**asked: object) -> int | None:
    forking = _forking()
    assert forking.stdin
    assert forking.stdout
    with _one_at_a_time:
        print(json.dumps(asked), file=forking.stdin, flush=True)
        return json.loads(forking.stdout.readline())


class ForkedHelper:
    """A helper's process, with what the tests use of subprocess.Popen."""

    def __init__(self, code: str, arguments: list[str], env: dict[str, str], log: Path) -> None:
        """Start it.

        Args:
            code: What runs the command line.
            arguments: Of the command line.
            env: All of its environment.
            log: A file that is there, and gets what it prints.
        """
        pid = _ask(code=code, arguments=arguments, env=env, log=str(log), cwd=str(Path.cwd()))
        assert pid is not None
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("safelight serve", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
