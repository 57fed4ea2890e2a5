"""A helper that ends while a command waits for it: one line, and what is done is kept."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from safelight_server import MODEL, own_helper, paint


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_run_whose_helper_ends_says_so_in_one_line(tmp_path, gate, ending):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        paint(folder / f"{number}.png", number)
    with own_helper(tmp_path, gate) as helper:
        run = subprocess.Popen(
            [sys.executable, "-m", "safelight", "index", str(folder)],
            env=os.environ | {"SAFELIGHT_HOME": str(helper.home), "SAFELIGHT_MODEL": str(MODEL)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        helper.wait_until(lambda: helper.get("/api/v1/status")["photos"]["indexed"] > 0)
        if ending == "stop":
            helper.stop()
        else:
            helper.kill()
        out, said = run.communicate(timeout=600)
    assert (run.returncode, out) == (2, "")
    assert "Traceback" not in said
    assert said.startswith("safelight: the helper has ended ("), said
    assert said.count("\n") == 1
