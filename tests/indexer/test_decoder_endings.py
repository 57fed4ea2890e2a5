"""How decoders end: with their pool, with their parent, by their own alarm, and not by Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict

import pytest
from decoder_processes import PATIENCE_S, SPEC, is_alive, is_zombie, wait_for

from indexer.decoders import DecoderPool, Job
from indexer.errors import IndexerError
from indexer.frames import pair, receive, send


def test_closing_takes_no_time_whatever_is_under_way(slow_picture, pictures):
    pool = DecoderPool(SPEC, 2)
    for ticket in range(6):
        pool.submit(Job.of_file(ticket, slow_picture))
    wait_for(lambda: len(pool.process_ids) == 2)
    process_ids = pool.process_ids
    for process_id in process_ids:
        os.kill(process_id, signal.SIGSTOP)  # a picture that takes for ever
    closing = threading.Thread(target=pool.close)
    closing.start()
    closing.join(PATIENCE_S)
    assert not closing.is_alive(), "it waits for a picture"
    assert not any(map(is_alive, process_ids))
    with pytest.raises(IndexerError):
        pool.submit(Job.of_file(9, pictures[0]))


def test_closing_while_starting(pictures):
    for _ in range(5):
        pool = DecoderPool(SPEC, 2)
        pool.submit(Job.of_file(0, pictures[0]))
        pool.close()
        assert pool.process_ids == []


PARENT = """
import sys, time
from dataclasses import replace
from pathlib import Path
from indexer.duplicates.features import MIN_EDGE, describe_picture
from indexer.duplicates.features import pack as pack_features
from indexer.decoders import Job, DecoderPool
from indexer.preprocess import PixelSpec
if __name__ != "__main__":
    print("imported again", flush=True)
pool = DecoderPool(PixelSpec(64, 64, "exact", 0, 2, (0.5,) * 3, (0.5,) * 3), 2)
for ticket in range(8):
    pool.submit(Job.of_file(ticket, Path(sys.argv[1])))
while len(pool.process_ids) < 2:
    time.sleep(0.01)
print(*pool.process_ids, flush=True)
pool.results(wait=True)
time.sleep(3600)
"""


@pytest.fixture
def parent(tmp_path, slow_picture):
    """A process that has two decoders at work: (process, ids of its decoders)."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    process = subprocess.Popen(
        [sys.executable, script, slow_picture], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process_ids = [int(word) for word in process.stdout.readline().split()]
    assert len(process_ids) == 2
    yield process, process_ids
    process.kill()
    process.communicate()


def test_decoders_end_with_their_parent(parent):
    process, process_ids = parent
    process.kill()
    wait_for(lambda: not any(is_alive(process_id) and not is_zombie(process_id) for process_id in process_ids))


def test_a_decoder_that_hangs_without_a_parent_ends_by_its_alarm(tmp_path, slow_picture):
    ours, theirs = pair()
    settings = {"spec": asdict(SPEC), "memory_bytes": 4 << 30, "max_pixels": 1 << 30, "timeout_s": 0.05}
    command = [sys.executable, "-P", "-m", "indexer.decode_worker", str(theirs.fileno()), json.dumps(settings)]
    with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
        assert receive(ours).header == b"ready"
        send(ours, Job.of_file(1, slow_picture).pack())
        assert process.wait(PATIENCE_S) == -signal.SIGALRM


def test_an_interrupt_is_for_the_parent_alone(parent):
    process, process_ids = parent
    for process_id in process_ids:
        os.kill(process_id, signal.SIGINT)
    time.sleep(0.2)
    assert all(is_alive(process_id) for process_id in process_ids)
    assert all(os.getpgid(process_id) != os.getpgid(process.pid) for process_id in process_ids)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert err.count("Traceback") == 1, "the parent's own, as this one does not catch it"
    assert "decode_worker" not in err
