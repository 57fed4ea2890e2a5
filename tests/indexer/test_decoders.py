"""Decoder processes: each file answered exactly once, whatever happens to its decoder."""

import os
import platform
import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from decoder_processes import SPEC, answers, is_open_in, stopped, wait_for
from PIL import Image

from importers.images import open_upright
from indexer.decode_worker import READ_AT_ONCE_BYTES, Decoded, Problem, pack, unpack
from indexer.decoders import DecoderPool, Job
from indexer.duplicates.features import MIN_EDGE, describe_picture
from indexer.duplicates.features import pack as pack_features
from indexer.preprocess import fit

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
