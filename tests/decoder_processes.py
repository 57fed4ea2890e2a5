"""Decoder processes under watch: their answers, whether they live, and ways to have them stand still or die."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from indexer.decoders import Job
from indexer.preprocess import PixelSpec

SPEC = PixelSpec(64, 64, "exact", 0, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PATIENCE_S = 300.0


def answers(pool, tickets):
    """Take results until every ticket is answered; more than one answer each is a failure."""
    got = {}
    while pool.outstanding:
        for decoded in pool.results(wait=True):
            assert decoded.ticket not in got, "answered twice"
            got[decoded.ticket] = decoded
    assert sorted(got) == sorted(tickets)
    return got


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not (met := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return met


def is_zombie(process_id):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True).stdout
    return state.startswith("Z")


@contextlib.contextmanager
def stopped(process_id):
    """Have a process stand still."""
    os.kill(process_id, signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)


def is_open_in(process_id, path):
    with contextlib.suppress(OSError):  # a file that is closed meanwhile
        return any(link.readlink() == path for link in list(Path(f"/proc/{process_id}/fd").iterdir()))
    return False


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def freeze(pool):
    """Stop the only decoder where it stands, once it takes jobs: what is submitted next hangs in it."""
    pool.submit(Job.of_file(-1, Path("/nowhere.png")))
    assert [decoded.ticket for decoded in pool.results(wait=True)] == [-1]
    (process_id,) = pool.process_ids
    os.kill(process_id, signal.SIGSTOP)
    return process_id


def strike(pool, before, deadly):
    """Kill the only decoder at work, once it is another than `before`; returns its process id."""
    wait_for(lambda: pool.process_ids not in ([], [before]))
    (process_id,) = pool.process_ids
    os.kill(process_id, deadly)
    return process_id
