"""A look at places that are there, gone, or hang."""

import subprocess
import sys
import threading
import time

from safelight import at_hand
from safelight.at_hand import away


def test_a_place_that_hangs_holds_nobody_up(tmp_path, monkeypatch):
    fine, empty, hangs = (tmp_path / name for name in ("fine", "empty", "hangs"))
    for folder in (fine, empty, hangs):
        folder.mkdir()
    (fine / "a.jpg").touch()
    look, over = at_hand.is_mounted, threading.Event()
    monkeypatch.setattr(at_hand, "is_mounted", lambda place: over.wait(3600) if place == hangs else look(place))
    started = time.monotonic()
    files = {fine: [fine / "a.jpg", fine / "b.jpg"], empty: [empty / "a.jpg"], hangs: [hangs / "a.jpg"]}
    assert away(files | {tmp_path / "gone": []}, seconds=2) == ({empty, hangs, tmp_path / "gone"}, {fine / "b.jpg"})
    assert time.monotonic() - started < 600
    over.set()


STOPPED = """
import os, signal, subprocess, sys, time
from pathlib import Path
from safelight import at_hand
look, wake = at_hand.is_mounted, f"sleep 1.5; while kill -CONT {os.getpid()}; do sleep 1.5; done"
def stopped(place):
    subprocess.Popen(["sh", "-c", wake], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.2)  # it is waited for by now
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.1)
    return look(place)
at_hand.is_mounted = stopped
lost, gone = at_hand.away({Path(sys.argv[1]): []}, seconds=1)
print(len(lost), len(gone))
"""


def test_a_process_that_is_left_waiting_calls_no_place_away(tmp_path):
    """As one is on a busy machine, or a laptop that sleeps: longer than a place has to answer."""
    (tmp_path / "a.jpg").touch()
    done = subprocess.run([sys.executable, "-c", STOPPED, tmp_path], capture_output=True, text=True, timeout=600)
    assert (done.stdout, done.stderr) == ("0 0\n", "")
