"""Decoders that die, hang, run out of memory or never start: the file that does it is blamed, and no other."""

import contextlib
import os
import random
import shutil
import signal
import struct
import sys
import zlib

import pytest
from decoder_processes import PATIENCE_S, SPEC, answers, freeze, is_alive, strike, wait_for

from indexer.decode_worker import Problem
from indexer.decoders import DecoderPool, Job
from indexer.errors import IndexerError
from indexer.frames import receive


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
