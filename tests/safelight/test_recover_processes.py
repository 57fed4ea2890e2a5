"""Recoveries as processes: stopped at bad moments, beside each other, with jobs of their own, watched on a terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from preview_folders import Library, levels_of
from recoveries import names, run

from safelight.errors import SafelightError
from safelight.recover import Pixels
from safelight.recover.ledger import FILE_NAME
from safelight.recover.shift import Crew


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safelight", "recover", *map(str, arguments)]


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """300 photos of some 150 kB: enough to be caught in the middle."""
    folder = tmp_path_factory.mktemp("large") / "lib"
    noise = Image.effect_noise((800, 600), 80).convert("RGB")
    levels = levels_of(noise)
    with Library(folder) as library:
        for number in range(300):
            library.photo(f"{number:04}.CR2", levels=levels)
    return folder


def is_whole(path: Path) -> bool:
    from lrprev import jpeg

    data = path.read_bytes()
    return jpeg.check(data).end == len(data)


def test_kill_at_any_moment_leaves_no_half_file_and_the_next_run_goes_on(large, tmp_path):
    out = tmp_path / "out"
    for kill in range(6):
        process = subprocess.Popen(command(large, "-o", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = len(names(out)) if out.exists() else 0
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline:
            if out.exists() and len(list(out.rglob("*.jpg"))) > seen + 3 + 11 * kill:
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(is_whole(path) for path in out.rglob("*.jpg"))
    done = subprocess.run(command(large, "-o", out, "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "done"
    assert last["recovered"] + last["unchanged"] == 300
    assert last["lost"] == 0
    assert names(out) == {f"Volumes/Photos/2024/{number:04}.CR2.jpg" for number in range(300)}
    assert all(is_whole(path) for path in out.rglob("*.jpg"))
    assert not list(out.rglob("*.safelight-part"))


HELD = """
import time
from safelight.cli import main
from safelight.recover.run import _Run
begin = _Run._begin
def held(run, jobs):
    while run._done >= 16 and not run._stop.is_set():
        time.sleep(0.01)
    return begin(run, jobs)
_Run._begin = held
main()
"""
"""A run that waits in the middle until it is told to stop."""


def test_ctrl_c_finishes_the_batch_and_says_so(large, tmp_path):
    out = tmp_path / "out"
    held = [sys.executable, "-c", HELD, "recover", "--jobs", "1", large, "-o", out]
    process = subprocess.Popen(held, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(out.rglob("*.jpg")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "Interrupted" in stdout
    assert 0 < len(names(out)) < 300
    assert (out / "recovery-report.html").is_file()


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_output_that_is_a_file_is_told_apart(tmp_path, dry_run):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
    out = tmp_path / "out.jpg"
    out.write_bytes(b"mine")
    with pytest.raises(SafelightError, match=f"^{re.escape(str(out))} is a file; name a folder$"):
        run(tmp_path / "lib", out, dry_run=dry_run)
    assert out.read_bytes() == b"mine"
    with pytest.raises(SafelightError, match=r"cannot be written \(not a directory\); .* name another folder$"):
        run(tmp_path / "lib", out / "inside")


def test_an_output_that_cannot_be_written_is_told(tmp_path, read_only):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
    for out in (read_only, read_only / "new"):
        with pytest.raises(SafelightError, match=f"^{re.escape(str(out))} cannot be written") as error:
            run(tmp_path / "lib", out)
        assert "run it again" not in str(error.value)


def test_a_full_disk_is_one_clear_error_and_the_rest_is_intact(large, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        run_ = subprocess.run(command(large, "-o", small / "out"), capture_output=True, text=True, check=False)
        assert run_.returncode == 2
        assert "Traceback" not in run_.stderr
        (line,) = run_.stderr.strip().splitlines()
        assert "full" in line
        assert "run it again" in line
        written = list(small.rglob("*.jpg"))
        assert len(written) > 5
        assert all(is_whole(path) for path in written)
        assert not list(small.rglob("*.safelight-part"))
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        assert subprocess.run(command(large, "-o", small / "out"), capture_output=True, check=False).returncode == 0
        assert len(names(small / "out")) == 300
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_an_output_folder_that_cannot_be_written_is_one_clear_error(large, tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run(command(large, "-o", tmp_path / "file" / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_two_recoveries_into_one_folder_do_not_mix(large, tmp_path):
    first = subprocess.Popen(
        command(large, "-o", tmp_path / "out"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "out" / FILE_NAME).exists() and first.poll() is None:
        time.sleep(0.005)
    time.sleep(0.3)
    second = subprocess.run(command(large, "-o", tmp_path / "out"), capture_output=True, text=True, check=False)
    assert first.wait() == 0
    if second.returncode:  # unless the first was through already
        assert second.returncode == 2
        assert "another recovery" in second.stderr
    assert len(names(tmp_path / "out")) == 300


def test_photos_that_are_left_out_of_batch_after_batch(large, tmp_path):
    assert run(large, tmp_path / "out", jobs=1, pixels=Pixels(min_edge=100_000))[0].left_out == 300


def test_json_is_a_line_per_photo_and_ends_with_the_counts(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
        library.writer.photo("b.JPG")
    done = subprocess.run(
        command(tmp_path / "lib", "-o", tmp_path / "out", "--json"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    photos = [event for event in events if event["event"] == "photo"]
    assert sorted((photo["state"], photo["outcome"]) for photo in photos) == [
        ("current", "recovered"),
        ("missing", "missing"),
    ]
    assert events[-1] == {
        "event": "done", "recovered": 1, "unchanged": 0, "salvaged": 0, "orphans": 0, "full_size": 1, "thumbnails": 0,
        "stale": 0, "smart": 0, "developed": 0, "missing": 1, "failed": 0, "left_out": 0, "stale_left": 0,
        "lost_catalogs": 0, "interrupted": False, "lost": 1,
    }  # fmt: skip


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_photos_are_recovered_even_if_nobody_reads_of_it_any_more(large, tmp_path, dry_run):
    """`safelight recover ... --json | head -1`: whoever sees exit code 0 may trust that all photos are there."""
    process = subprocess.Popen(
        command(large, "-o", tmp_path / "out", "--json", *dry_run),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
    assert len(names(tmp_path / "out")) == (0 if dry_run else 300)


def test_on_a_terminal_a_bar_tells_how_far_it_is(large, tmp_path):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        command(large, "-o", tmp_path / "out"), stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
    )
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # that is how the end of a terminal reads
        while more := os.read(ours, 65536):
            drawn += more
    os.close(ours)
    assert process.communicate()[0].startswith("300 photos recovered, all in full size.")
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    counts = [int(done) for done in re.findall(r"recovering photos\W+(\d+) of 300", text)]
    assert counts == sorted(counts)
    assert counts
    assert drawn.count(b"\n") < 50, "one line that is drawn over, not one for each photo"


@pytest.mark.parametrize("jobs", [1, 3])
def test_jobs_says_how_many_processes_write_at_the_same_time(tmp_path, monkeypatch, jobs):
    from safelight.recover import run as module

    with Library(tmp_path / "lib") as library:
        for number in range(200):
            library.photo(f"{number}.JPG")
    forks, batches = [0], [0]

    class Counted(Crew):
        def start(self, jobs, expected=0):
            batches[0] += 1
            return super().start(jobs, expected)

    fork = os.fork

    def counted() -> int:
        forks[0] += 1
        return fork()

    monkeypatch.setattr(threading, "active_count", lambda: 1)  # else pytest's own threads may keep it from forking
    monkeypatch.setattr(os, "fork", counted)
    monkeypatch.setattr(module, "Crew", Counted)
    assert run(tmp_path / "lib", tmp_path / "out", jobs=jobs)[0].recovered == 200
    assert batches[0] > jobs >= forks[0] > 0
    assert len(names(tmp_path / "out")) == 200


def test_jobs_on_the_command_line_change_no_byte(large, tmp_path):
    outs = [tmp_path / jobs for jobs in ("1", "4")]
    for out in outs:
        subprocess.run(command(large, "-o", out, "--jobs", out.name), check=True, capture_output=True)
    one, four = ({name: (out / name).read_bytes() for name in names(out)} for out in outs)
    assert one == four
    assert len(one) == 300
    for jobs in ("0", "65", "many"):
        wrong = subprocess.run(
            command(large, "-o", tmp_path / "x", "--jobs", jobs), check=False, capture_output=True, text=True
        )
        assert (wrong.returncode, "--jobs" in wrong.stderr) == (2, True)


def test_a_service_with_threads_recovers_too(tmp_path):
    with Library(tmp_path / "lib") as library:
        for number in range(30):
            library.photo(f"{number}.JPG")
    with ThreadPoolExecutor(1) as pool:
        tally, _ = pool.submit(run, tmp_path / "lib", tmp_path / "out", jobs=4).result()
    assert (tally.recovered, tally.lost) == (30, 0)


def test_one_photo_is_counted_as_one(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
        library.writer.photo("b.JPG")
    done = subprocess.run(
        command(tmp_path / "lib", "-o", tmp_path / "out"), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("1 photo recovered, all in full size.\n1 photo of the catalog without any preview.\n")
