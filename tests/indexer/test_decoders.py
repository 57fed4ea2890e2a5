"""Decoder processes: each file answered exactly once, whatever happens to its decoder."""

import contextlib
import io
import json
import os
import platform
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from PIL import Image

from importers.base import Rendition, Smaller, Span
from importers.images import MAX_PIXELS, open_upright
from indexer.decode_worker import READ_AT_ONCE_BYTES, Decoded, Problem, pack, read_photo, unpack
from indexer.decoders import DecoderPool, Job
from indexer.duplicates.features import MIN_EDGE, describe_picture
from indexer.duplicates.features import pack as pack_features
from indexer.errors import IndexerError
from indexer.frames import pair, receive, send
from indexer.preprocess import PixelSpec, fit

SPEC = PixelSpec(64, 64, "exact", 0, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PATIENCE_S = 300.0


@pytest.fixture
def pictures(tmp_path):
    """Forty small pictures, each of its own colour."""
    paths = []
    for number in range(40):
        paths.append(tmp_path / f"{number:02}.png")
        Image.new("RGB", (80, 60), (number, 2 * number, 3 * number)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def slow_picture(tmp_path_factory):
    """A picture that takes many seconds to decode: its numbers are text, which Pillow reads in Python."""
    path = tmp_path_factory.mktemp("slow") / "slow.ppm"
    path.write_bytes(b"P3 3000 3000 255 " + b"7 " * (3 * 3000 * 3000))
    return path


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


# Answers


def test_an_answer_is_all_that_is_known_of_a_file(samples):
    path = samples / "images" / "exif" / "jpg" / "gps" / "DSCN0010.jpg"
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(7, path))
        pool.submit(Job.of_file(8, path, hash_only=True))
        got = answers(pool, [7, 8])
    picture = open_upright(path, min_edge=max(SPEC.min_edge, MIN_EDGE))
    assert got[7].problem is None
    assert got[7].digest == got[8].digest == xxhash.xxh3_128_digest(path.read_bytes())
    assert (got[7].width, got[7].height, got[7].format) == (640, 480, "JPEG")
    assert got[7].facts == picture.facts
    assert got[7].facts.latitude is not None
    assert got[7].size_bytes == path.stat().st_size
    assert got[7].stamp.inode == path.stat().st_ino
    assert got[7].pixels.dtype == np.uint8
    assert np.array_equal(got[7].pixels, fit(picture.rgb, SPEC))
    assert got[7].features == pack_features(describe_picture(picture))
    assert got[8].pixels is None
    assert got[8].features == b""


def test_frames_carry_answers_unchanged(samples):
    path = samples / "images" / "exif" / "heic" / "mobile" / "iphone_13_pro_max.HEIC"
    facts = open_upright(path, min_edge=64).facts
    assert facts.taken_at.tzinfo is not None
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    decoded = Decoded(3, None, b"0" * 16, 7, b"1" * 16, width=4, height=5, format="HEIC", facts=facts, pixels=pixels)
    decoded = replace(decoded, features=b"looks\n")
    back = unpack(pack(decoded))
    assert back.features == b"looks\n"
    assert np.array_equal(back.pixels, pixels)
    names = ("ticket", "problem", "digest", "size_bytes", "original_digest", "stamp", "width", "facts")
    assert [getattr(back, name) for name in names] == [getattr(decoded, name) for name in names]
    problem = Decoded(4, Problem("failed", 'a "reason"\nin two lines'))
    assert unpack(pack(problem)) == problem


def test_every_real_file_is_answered_once_in_any_order(samples):
    paths = [path for path in sorted((samples / "images").rglob("*")) if path.is_file()]
    paths = [path for path in paths if path.stat().st_size < 700_000]  # the rest is in the importers' tests
    assert len(paths) > 200
    outcomes = []
    for seed in (1, 2):
        order = list(range(len(paths)))
        random.Random(seed).shuffle(order)
        got = {}
        with DecoderPool(SPEC, 2, ahead=8) as pool:
            for ticket in order:
                while pool.full:
                    got |= {decoded.ticket: decoded for decoded in pool.results(wait=True)}
                pool.submit(Job.of_file(ticket, paths[ticket]))
            while pool.outstanding:
                got |= {decoded.ticket: decoded for decoded in pool.results(wait=True)}
        assert sorted(got) == sorted(order)
        outcomes.append({n: (d.problem, d.digest, d.pixels is None or d.pixels.tobytes()) for n, d in got.items()})
    assert outcomes[1] == outcomes[0]
    decoded = [outcome for outcome in outcomes[0].values() if outcome[0] is None]
    assert len(decoded) > 190
    assert all(len(digest) == 16 for _, digest, _ in decoded)


def test_odd_names_and_odd_files(tmp_path):
    names = [b"two\nlines.png", b"caf\xe9.png", b"-rf.png", "鳥.png".encode()]
    for name in names:
        Image.new("RGB", (9, 9)).save(tmp_path / os.fsdecode(name))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(4 << 30)
    paths = [*(tmp_path / os.fsdecode(name) for name in names)]
    paths += [tmp_path / name for name in ("pipe.png", "folder.png", "zero.png", "sparse.png", "gone.png")]
    with DecoderPool(SPEC, 1) as pool:
        for ticket, path in enumerate(paths):
            pool.submit(Job.of_file(ticket, path))
        got = answers(pool, range(len(paths)))
    assert [got[n].problem and got[n].problem.kind for n in range(9)] == [
        *[None] * 4,
        *["skipped"] * 3,
        *["failed"] * 2,
    ]


def test_a_file_too_large_to_hold_is_hashed_and_decoded_all_the_same(tmp_path):
    path = tmp_path / "large.bmp"
    Image.new("RGB", (6000, 4000), (1, 2, 3)).save(path)
    assert path.stat().st_size > READ_AT_ONCE_BYTES
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(1, path))
        (got,) = answers(pool, [1]).values()
    hasher = xxhash.xxh3_128()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    assert got.digest == hasher.digest()
    assert got.pixels[0, 0].tolist() == [1, 2, 3]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process has open is read from /proc")
def test_a_file_that_is_being_written_is_left_alone(tmp_path):
    path = tmp_path / "copying.bmp"
    Image.new("RGB", (8000, 8000)).save(path)
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(-1, path))  # so that the decoder is up, and the file in the page cache
        answers(pool, [-1])
        (process_id,) = pool.process_ids
        for ticket in range(20):  # the file is also open before and after it is read, and we may look too late
            pool.submit(Job.of_file(ticket, path))
            while not (got := pool.results()) and not is_open_in(process_id, path.resolve()):
                time.sleep(0.0005)
            with stopped(process_id), path.open("ab") as file:
                file.write(b"more")
            got = got or pool.results(wait=True)
            if got[0].problem:
                break
    assert got[0].problem == Problem(
        "failed", "the file was changed while it was being read; index again when it is at rest", passing=True
    )


# Deaths


def test_a_decoder_that_is_killed_once_costs_nothing(pictures):
    with DecoderPool(SPEC, 1) as pool:
        process_id = freeze(pool)
        for ticket, path in enumerate(pictures):
            pool.submit(Job.of_file(ticket, path))
        os.kill(process_id, signal.SIGKILL)
        got = answers(pool, range(40))
        assert all(decoded.problem is None for decoded in got.values())
        assert pool.process_ids != [process_id]


@pytest.mark.parametrize("deadly", [signal.SIGSEGV, signal.SIGKILL])
def test_a_file_that_ends_its_decoder_twice_is_blamed_alone(slow_picture, pictures, deadly):
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(0, slow_picture))
        for ticket, path in enumerate(pictures[:5], 1):
            pool.submit(Job.of_file(ticket, path))
        struck = None
        for _ in range(2):
            struck = strike(pool, struck, deadly)
        got = answers(pool, range(6))
        assert len(pool.process_ids) == 1
    assert got[0].problem == Problem("failed", f"the file makes its decoder crash ({signal.Signals(deadly).name})")
    assert all(got[ticket].problem is None for ticket in range(1, 6))


def test_a_file_that_really_crashes_its_library_fails_alone(samples, tmp_path, pictures):
    # pi_heif 1.4.0 takes a content type for text; where it is not, the process ends in SIGSEGV.
    data = (samples / "images" / "heic" / "heif" / "L_xmp.heif").read_bytes()
    crashing = tmp_path / "crashing.heic"
    crashing.write_bytes(data.replace(b"application/rdf+xml", b"\xedpplication/rdf+xml"))
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(0, pictures[0]))
        pool.submit(Job.of_file(1, crashing))
        pool.submit(Job.of_file(2, pictures[2]))
        got = answers(pool, range(3))
    assert [got[ticket].problem for ticket in (0, 2)] == [None, None]
    assert got[1].problem is None or got[1].problem.kind == "failed", "one day it may be read"


def test_mutated_heic_files_are_each_answered_once(samples, tmp_path):
    folder = samples / "images" / "heic"
    seeds = [
        folder / "heif" / "L_xmp.heif",
        folder / "heif" / "RGB_8__29x100.heif",
        folder / "heif" / "LA_8__29x100.heif",
    ]
    chance = random.Random(2026)
    with DecoderPool(SPEC, 2, ahead=200) as pool:
        for ticket in range(150):
            broken = bytearray(chance.choice(seeds).read_bytes())
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(min(len(broken), 600))] = chance.randrange(256)
            path = tmp_path / f"{ticket}.heic"
            path.write_bytes(broken)
            pool.submit(Job.of_file(ticket, path))
        got = answers(pool, range(150))
    pictures = [decoded for decoded in got.values() if decoded.problem is None]
    assert 20 < len(pictures) < 150


def test_decoders_killed_at_random_never_cost_an_answer(pictures):
    chance = random.Random(11)
    got = {}
    with DecoderPool(SPEC, 3, ahead=400) as pool:
        for ticket in range(400):
            pool.submit(Job.of_file(ticket, pictures[ticket % 40]))
        for _ in range(6):
            ids = wait_for(lambda: pool.process_ids)
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(ids), signal.SIGKILL)
            got |= {decoded.ticket: decoded for decoded in pool.results(wait=True)}
        while pool.outstanding:
            for decoded in pool.results(wait=True):
                assert decoded.ticket not in got, "answered twice"
                got[decoded.ticket] = decoded
    assert sorted(got) == list(range(400))
    assert all(decoded.problem is None or "crash" in decoded.problem.reason for decoded in got.values())
    assert sum(decoded.problem is not None for decoded in got.values()) <= 3


def test_a_hang_is_ended_by_the_clock_and_blamed_alone(pictures):
    with DecoderPool(SPEC, 1) as pool:
        process_id = freeze(pool)
        pool._timeout_s = 2.5  # of the hang alone: on a busy machine a picture may take longer
        for ticket, path in enumerate(pictures[:5]):
            pool.submit(Job.of_file(ticket, path))
        wait_for(lambda: not is_alive(process_id))
        pool._timeout_s = PATIENCE_S
        got = answers(pool, range(5))
    assert got[0].problem.kind == "failed"
    assert got[0].problem.reason.startswith("reading it took longer than ")
    assert all(got[ticket].problem is None for ticket in range(1, 5))


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_AS")
def test_a_picture_that_needs_too_much_memory_fails_alone(tmp_path, pictures):
    # A header that asks for 900 MB, and hardly any pixels: decoders reserve before they read.
    head = (tmp_path / "00.png").read_bytes()
    header = b"IHDR" + struct.pack(">IIBBBBB", 15_000, 15_000, 8, 2, 0, 0, 0)
    greedy = tmp_path / "greedy.png"
    greedy.write_bytes(head[:12] + header + struct.pack(">I", zlib.crc32(header)) + head[33:])
    reasons = []
    for memory_bytes in (1 << 30, 4 << 30):
        with DecoderPool(SPEC, 1, memory_bytes=memory_bytes) as pool:
            pool.submit(Job.of_file(0, greedy))
            pool.submit(Job.of_file(1, pictures[1]))
            got = answers(pool, [0, 1])
        assert got[1].problem is None
        reasons.append(got[0].problem.reason)
    assert "memory" in reasons[0]
    assert "memory" not in reasons[1], "with enough of it, the missing pixels are what is wrong"


@pytest.mark.parametrize("executable", [shutil.which("false"), "/nowhere"])
def test_a_decoder_that_cannot_start_is_an_error_not_a_hang(pictures, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(0, pictures[0]))
        with pytest.raises(IndexerError, match="a decoder process cannot be started"):
            pool.results(wait=True)


# Bounds and endings


def test_what_lies_waiting_is_bounded(pictures):
    with DecoderPool(SPEC, 2, ahead=4) as pool:
        for ticket in range(8):
            assert not pool.full
            pool.submit(Job.of_file(ticket, pictures[ticket]))
        assert pool.full
        wait_for(lambda: pool.results())
        assert not pool.full
        while pool.outstanding:
            pool.results(wait=True)
        assert pool.results() == pool.results(wait=True) == []


def test_one_slow_picture_keeps_no_answer_back(slow_picture, pictures):
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(0, pictures[0]))
        pool.submit(Job.of_file(1, slow_picture))
        assert [decoded.ticket for decoded in pool.results(wait=True, at_least=2)] == [0]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")  # noqa: PTH110
def test_memory_stays_flat(tmp_path):
    def peak(process_id):
        with open(f"/proc/{process_id}/status") as file:  # noqa: PTH123
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) >> 10

    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.jpg")
        noise = np.random.default_rng(number).integers(0, 256, (90, 120, 3), np.uint8)
        Image.fromarray(noise).resize((1800, 1350)).save(paths[-1])
    peaks_mb = []
    with DecoderPool(SPEC, 1) as pool:
        for _ in range(4):
            for round_ in range(15):
                for ticket, path in enumerate(paths):
                    pool.submit(Job.of_file(100 * round_ + ticket, path))
                while pool.outstanding:
                    pool.results(wait=True)
            peaks_mb.append(peak(pool.process_ids[0]))
    assert peaks_mb[-1] - peaks_mb[0] < 10, peaks_mb
    assert peaks_mb[-1] < 200


def stored_thrice(path):
    """A file with a large picture, red, and behind it the same in half of the pixels, green, and in a quarter, blue."""
    data, spans = b"AgHg" * 8, []
    for width, height, colour in ((960, 720, "red"), (480, 360, "lime"), (240, 180, "blue")):
        stream = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(stream, "JPEG")
        spans.append(Span(len(data), len(stream.getvalue())))
        data += stream.getvalue()
    path.write_bytes(data)
    large, half, quarter = spans
    return Rendition(path, 960, 720, span=large, smaller=(Smaller(180, quarter), Smaller(360, half)))


def colour_of(decoded):
    return ["red", "green", "blue"][int(decoded.pixels[10, 10].argmax())]


@pytest.mark.parametrize(
    ("short_side", "colour"),
    [(64, "green"), (180, "green"), (181, "red"), (224, "red"), (512, "red")],  # 2 x 128 pixels are for duplicates
)
def test_the_smallest_stored_picture_is_decoded_that_has_twice_the_pixels(tmp_path, short_side, colour):
    spec = replace(SPEC, resize="short_side", short_side=short_side)
    rendition = stored_thrice(tmp_path / "a.lrprev")
    decoded = read_photo(Job(1, (rendition,)), spec, MAX_PIXELS)
    assert colour_of(decoded) == colour
    named = read_photo(Job(1, (replace(rendition, smaller=()),)), spec, MAX_PIXELS)
    assert colour_of(named) == "red"
    assert (decoded.width, decoded.height, decoded.size_bytes) == (960, 720, rendition.span.length_bytes)
    assert (decoded.digest, decoded.stamp, decoded.format) == (named.digest, named.stamp, "JPEG")


def test_pictures_for_people_and_for_comparing_pixels_are_chosen_likewise(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    small, large = (read_photo(Job(1, (rendition,), longest=longest), SPEC, MAX_PIXELS) for longest in (320, 640))
    assert (colour_of(small), colour_of(large)) == ("green", "red")
    whole, plain = (
        read_photo(Job(1, (each,), in_full=True), SPEC, MAX_PIXELS)
        for each in (rendition, replace(rendition, smaller=()))
    )
    assert whole.pixel_digest == plain.pixel_digest != b""


def test_a_smaller_picture_that_is_damaged_costs_nothing(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    quarter, half = rendition.smaller
    for span in (Span(half.span.offset_bytes + 2, 90), Span(half.span.offset_bytes, 90), Span(1 << 30, 90)):
        damaged = replace(rendition, smaller=(quarter, Smaller(360, span)))
        decoded = read_photo(Job(1, (damaged,)), SPEC, MAX_PIXELS)
        assert (decoded.problem, colour_of(decoded)) == (None, "red")


def test_smaller_pictures_of_a_file_that_is_the_picture_are_not_looked_for(tmp_path):
    rendition = stored_thrice(tmp_path / "a.lrprev")
    large = tmp_path / "a.jpg"
    large.write_bytes((tmp_path / "a.lrprev").read_bytes()[32:])
    alone = read_photo(Job(1, (replace(rendition, path=large, span=None),)), SPEC, MAX_PIXELS)
    sizeless = read_photo(Job(1, (replace(rendition, width=None, height=None),)), SPEC, MAX_PIXELS)
    assert (colour_of(alone), colour_of(sizeless)) == ("red", "red")
    assert (sizeless.width, sizeless.height) == (960, 720)


def test_the_orientation_and_the_full_size_hold_for_smaller_pictures(tmp_path):
    rendition = replace(stored_thrice(tmp_path / "a.lrprev"), width=720, height=960, orientation=6)
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job(1, (rendition,)))
        decoded = answers(pool, [1])[1]
    assert (decoded.width, decoded.height, colour_of(decoded)) == (720, 960, "green")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's heap; reads /proc")
def test_memory_of_one_picture_serves_the_next(tmp_path):
    def faults(process_id):
        return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[7])  # proc(5): minflt

    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (72, 96, 3), np.uint8))
    paths = [tmp_path / f"{width}.jpg" for width in (480, 720, 960, 1280, 1920)]
    for path in paths:
        noise.resize((int(path.stem), int(path.stem) * 3 // 4)).save(path, subsampling=0)
    counts = []
    with DecoderPool(SPEC, 1) as pool:
        for path in paths:
            for count in (10, 40):
                before = faults(pool.process_ids[0]) if pool.process_ids else 0
                for number in range(count):
                    pool.submit(Job.of_file(number, path))
                answers(pool, range(count))
            counts.append((faults(pool.process_ids[0]) - before) / 40)
    assert max(counts) < 50, counts  # hundreds a picture where each asks the system for its memory


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


@pytest.mark.parametrize("nonsense", [b"{", b"[1]", b'{"ticket": 0, "shape": 3}', b'{"ticket": 0, "pixels": [9]}'])
def test_a_decoder_that_answers_nonsense_is_one_that_died(pictures, monkeypatch, nonsense):
    """As one would that a picture had got the better of."""

    def garbled(connection):
        frame = receive(connection)
        return frame if frame.header == b"ready" else frame._replace(header=nonsense)

    monkeypatch.setattr("indexer.decoders.receive", garbled)
    with DecoderPool(SPEC, 1) as pool:
        pool.submit(Job.of_file(0, pictures[0]))
        (answer,) = pool.results(wait=True)
    assert answer.problem.kind == "failed"
    assert "crash" in answer.problem.reason


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
