"""The command line as a real process, in a home of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path


class Safelight:
    """Runs safelight in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("SAFELIGHT_")}
        self.env["SAFELIGHT_HOME"] = str(home)

    def __call__(self, *arguments: str, code: int = 0, text: bool = True, **how) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "-m", "safelight", *arguments],
            env=self.env,
            capture_output=True,
            text=text,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
            **how,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in str(done.stderr)
        return done

    def records(self, *arguments: str, code: int = 0) -> list[dict]:
        return [json.loads(line) for line in self(*arguments, "--json", code=code).stdout.splitlines()]
