"""kill -9 in the middle of writing back: no torn file, nothing left lying about, and all of it can still be undone."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from importers.xmp import facts_of_packet
from safelight.writeback import Group, Member, Plan, apply, plan_xmp, runs, undo, wishes
from safelight.writeback.xmp_edit import edited, new_sidecar

PHOTOS, KILLS = 200, 6
KILLED = """
import os, signal, sys
from pathlib import Path
from safelight.writeback import Plan, apply, undo
seen, wait_s = int(sys.argv[1]), float(sys.argv[2])
def count(*_):
    global seen
    seen -= 1
    if seen == 0:
        signal.setitimer(signal.ITIMER_REAL, wait_s)
"""
APPLY = KILLED + "apply(Plan.from_json(Path(sys.argv[4]).read_text()), Path(sys.argv[3]), on_change=count)"
UNDO = KILLED + "undo(Path(sys.argv[3]), sys.argv[4], on_file=count)"


@pytest.fixture
def photos(tmp_path):
    """200 RAW files, every second one with a sidecar."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        (folder / f"{number:03}.CR2").write_bytes(b"raw")
        if number % 2:
            (folder / f"{number:03}.xmp").write_bytes(new_sidecar([("mine", str(number))]) + b" " * 20_000)
    return folder


def plan(photos: Path) -> Plan:
    keeper, *others = (Member(path.name, path.name, str(path)) for path in sorted(photos.glob("*.CR2")))
    return plan_xmp("tag duplicates", wishes([Group(keeper, tuple(others))]), photos.parent / "home")


def everything(photos: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(photos.iterdir()) if not path.name.startswith(".safelight")}


def leftovers(photos: Path) -> list[Path]:
    return list(photos.glob(".safelight*"))


def killed_after(seen: int, wait_s: float, script: str, *arguments: object) -> bool:
    """Run a script and have it killed a moment after it has handled `seen` files; tell whether it was still running.

    By the system, on a clock that the script sets: a signal of ours would come at any time, or too late, on a busy
    machine. Nothing in the process handles SIGALRM, which then ends it as SIGKILL does.
    """
    command = [sys.executable, "-c", script, str(seen), str(wait_s), *map(str, arguments)]
    ended = subprocess.run(command, check=False, timeout=600).returncode
    assert ended in (0, -signal.SIGALRM)
    return ended != 0


def test_200_writes_killed_again_and_again(photos, tmp_path):
    chance = random.Random(5)
    home, plan_file = tmp_path / "home", tmp_path / "plan.json"
    before = everything(photos)
    whole = plan(photos)
    after = dict(before)
    for change in whole.changes:
        name = Path(change.path).name
        after[name] = edited(before[name], change.add, change.remove) if name in before else new_sidecar(change.add)

    killed = 0
    for _ in range(KILLS):
        plan_file.write_text(plan(photos).to_json())
        killed += killed_after(chance.randint(1, 20), 0.0001 + chance.random() / 200, APPLY, home, plan_file)
        now = everything(photos)
        assert set(before) <= set(now) <= set(after)
        assert all(content in (before.get(name), after[name]) for name, content in now.items())
    assert killed == KILLS
    assert before != everything(photos) != after

    rest = apply(plan(photos), home)
    assert rest.all_well
    assert everything(photos) == after
    assert leftovers(photos) == []
    assert len(facts_of_packet((photos / "001.xmp").read_bytes()).keyword_paths) == 2

    for run in runs(home):
        killed_after(chance.randint(1, 4), 0.0001 + chance.random() / 200, UNDO, home, run.run)
        now = everything(photos)
        assert all(content in (before.get(name), after[name]) for name, content in now.items())
        undo(home, run.run)
    assert everything(photos) == before
    assert leftovers(photos) == []
    assert {run.state for run in runs(home)} == {"undone"}


def test_a_kill_at_each_step_of_one_write_leaves_the_old_or_the_new(photos, tmp_path):
    """Killed by itself before every system call that changes anything, one after the other."""
    home, plan_file = tmp_path / "home", tmp_path / "plan.json"
    command = [sys.executable, "-c", STEPS, str(home), str(plan_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stepping:
        kill_at_each_step(photos, home, plan_file, stepping)


def kill_at_each_step(photos: Path, home: Path, plan_file: Path, stepping: subprocess.Popen[str]) -> None:
    for name in ("000", "001"):  # a new sidecar, and one that is there
        before = everything(photos)
        whole = plan(photos)
        plan_file.write_text(Plan("tag", tuple(c for c in whole.changes if Path(c.path).stem == name)).to_json())
        steps = 0
        while killed_at_step(steps, stepping):
            now = everything(photos)
            changed = {one for one in now if now[one] != before.get(one)}
            assert changed <= {f"{name}.xmp"}
            if changed:
                assert b"Safelight|Duplicates" in now[f"{name}.xmp"]
                assert now[f"{name}.xmp"].rstrip().endswith(b"</x:xmpmeta>")
            assert set(before) <= set(now)
            if runs(home) and runs(home)[0].state != "undone":
                undo(home)
            assert everything(photos) == before
            assert leftovers(photos) == []
            steps += 1
        assert steps >= 8
        undo(home)


# Imports once and forks a process for each line it reads, a number of steps: so that some thirty cost one import.
STEPS = """
import os, signal, sys
from pathlib import Path
import safelight.writeback.journal
from safelight.writeback import Plan, apply

def run_until(left):
    plan = Plan.from_json(Path(sys.argv[2]).read_text())
    def step():
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
    def count(event, arguments):
        changes = event in ("os.rename", "os.remove", "os.link", "os.chmod", "os.chown", "os.setxattr")
        if changes or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            step()
    fsync = os.fsync
    def counted_fsync(descriptor):
        step()
        fsync(descriptor)
    os.fsync = counted_fsync
    sys.addaudithook(count)
    apply(plan, Path(sys.argv[1]))

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run_until(int(line))
            code = 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def killed_at_step(step: int, stepping: subprocess.Popen[str]) -> bool:
    assert stepping.stdin
    assert stepping.stdout
    print(step, file=stepping.stdin, flush=True)
    code = int(stepping.stdout.readline())
    assert code in (0, -signal.SIGKILL)
    return code != 0
