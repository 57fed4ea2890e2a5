"""The thread that owns the model: words overtake pictures, and go through it together."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from indexer.errors import ModelError
from safelight.worker import MERGED_TEXTS, PART, ModelRoom, ModelThread

PATIENCE_S = 600


class Slow:
    """An encoder that waits to be let go, and writes down what it was asked."""

    space, name, dim, engine = "test", "test", 4, "test"

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.calls: list[tuple[str, int]] = []
        self.go = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)

    def embed_pixels(self, pixels):
        return self._embed("pixels", list(pixels))

    def embed_texts(self, texts):
        if "poison" in texts:
            raise ModelError("poison")
        return self._embed("texts", texts)

    def _embed(self, what, items):
        assert threading.current_thread() is self.thread, "a model belongs to one thread"
        self.calls.append((what, len(items)))
        self.entered.release()
        assert self.go.acquire(timeout=PATIENCE_S)
        return np.array([[len(str(item)), 0, 0, 0] for item in items], np.float32)


@pytest.fixture
def slow():
    thread = ModelThread(Slow)
    yield thread
    for _ in range(50):
        thread.encoder.go.release()
    thread.close()


def batch() -> np.ndarray:
    return np.zeros((32, 2, 2, 3), np.uint8)


def wait_until_queued(thread: ModelThread, texts: int) -> None:
    for _ in range(10_000):
        if len(thread._texts) >= texts:
            return
        threading.Event().wait(0.005)
    raise AssertionError("nothing was queued")


def test_words_wait_for_one_batch_and_go_together(slow):
    batches = [slow.embed_pixels(batch()) for _ in range(3)]
    assert slow.encoder.entered.acquire(timeout=PATIENCE_S)  # the first batch is in the model
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(slow.embed_texts, ["x" * n]) for n in range(1, 11)]
        wait_until_queued(slow, 10)
        for _ in range(4):
            slow.encoder.go.release()
        answers = [future.result(timeout=PATIENCE_S) for future in asked]
    assert [int(a[0, 0]) for a in answers] == list(range(1, 11)), "each gets its own"
    for future in batches:
        future.result(timeout=PATIENCE_S)
    assert slow.encoder.calls == [("pixels", 32), ("texts", 10), ("pixels", 32), ("pixels", 32)]


def test_an_endless_stream_of_words_starves_no_run(slow):
    first = slow.embed_pixels(batch())
    assert slow.encoder.entered.acquire(timeout=PATIENCE_S)
    second = slow.embed_pixels(batch())
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(slow.embed_texts, ["x"] * (MERGED_TEXTS - 1))  # too many to merge
        wait_until_queued(slow, 8)
        for _ in range(50):
            slow.encoder.go.release()
        first.result(timeout=PATIENCE_S)
        second.result(timeout=PATIENCE_S)
    before = slow.encoder.calls.index(("pixels", 32), 1)
    assert before <= 5, slow.encoder.calls


def test_one_bad_text_spoils_it_for_nobody_else(slow):
    hold = slow.embed_pixels(batch())
    assert slow.encoder.entered.acquire(timeout=PATIENCE_S)
    with ThreadPoolExecutor(3) as pool:
        good, bad, fine = (pool.submit(slow.embed_texts, [text]) for text in ("good", "poison", "fine"))
        wait_until_queued(slow, 3)
        for _ in range(10):
            slow.encoder.go.release()
        assert good.result(timeout=PATIENCE_S).shape == (1, 4)
        assert fine.result(timeout=PATIENCE_S).shape == (1, 4)
        with pytest.raises(ModelError, match="poison"):
            bad.result(timeout=PATIENCE_S)
    hold.result(timeout=PATIENCE_S)


def test_a_picture_that_somebody_waits_for_goes_before_a_run(slow):
    done: list[str] = []

    def note(name: str):
        return lambda future: done.append(name)

    slow.embed_pixels(batch()).add_done_callback(note("run 1"))
    assert slow.encoder.entered.acquire(timeout=PATIENCE_S)
    last: Future = slow.embed_pixels(batch())
    last.add_done_callback(note("run 2"))
    slow.embed_pixels(batch()[:1], waited_for=True).add_done_callback(note("waited for"))
    for _ in range(3):
        slow.encoder.go.release()
    last.result(timeout=PATIENCE_S)
    assert done[:2] == ["run 1", "waited for"]


def test_pictures_that_are_waited_for_go_together_and_take_turns_with_words(slow):
    hold = slow.embed_pixels(batch())
    assert slow.encoder.entered.acquire(timeout=PATIENCE_S)
    sent = [slow.embed_pixels(np.full((n, 2, 2, 3), n, np.uint8), waited_for=True) for n in (1, 2, 30)]
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(slow.embed_texts, ["x"])
        wait_until_queued(slow, 1)
        for _ in range(10):
            slow.encoder.go.release()
        assert [len(future.result(timeout=PATIENCE_S)) for future in (hold, *sent)] == [32, 1, 2, 30]
        assert asked.result(timeout=PATIENCE_S).shape == (1, 4)
    # Thirty more would be more than a batch, and words need not wait for them.
    assert slow.encoder.calls == [("pixels", 32), ("texts", 1), ("pixels", 3), ("pixels", 30)]


def test_while_somebody_searches_a_run_goes_in_parts_and_they_wait_for_one(slow):
    for _ in range(50):
        slow.encoder.go.release()
    slow.embed_texts(["x"])
    slow._asked_at += 3600  # just now, however long this process is kept from going on
    pixels = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    assert slow.embed_pixels(pixels).result(timeout=PATIENCE_S).shape == (20, 4)
    assert slow.encoder.calls == [("texts", 1), ("pixels", PART), ("pixels", PART), ("pixels", 4)]
    slow._asked_at -= 3660  # a minute later
    slow.embed_pixels(batch()).result(timeout=PATIENCE_S)
    assert slow.encoder.calls[-1] == ("pixels", 32)


def test_a_part_that_fails_fails_its_batch(slow):
    for _ in range(50):
        slow.encoder.go.release()
    slow.embed_texts(["x"])
    slow._asked_at += 3600  # just now, however long this process is kept from going on
    embed, calls = slow.encoder.embed_pixels, []

    def fails_once(pixels):
        calls.append(len(pixels))
        if len(calls) == 2:
            raise ModelError("no memory")
        return embed(pixels)

    slow.encoder.embed_pixels = fails_once
    with pytest.raises(ModelError, match="no memory"):
        slow.embed_pixels(batch()).result(timeout=PATIENCE_S)
    assert slow.embed_pixels(batch()).result(timeout=PATIENCE_S).shape == (32, 4), "the next goes through"


def test_a_model_that_cannot_be_loaded_says_so_and_leaves_no_thread():
    before = set(threading.enumerate())

    def load():
        raise ModelError("damaged")

    with pytest.raises(ModelError, match="damaged"):
        ModelThread(load)
    for _ in range(5_000):
        if before.issuperset(threading.enumerate()):
            break
        threading.Event().wait(0.01)
    assert before.issuperset(threading.enumerate())


def test_a_room_loads_each_model_once_whoever_asks():
    loads: list[str] = []
    room = ModelRoom()

    def load(name: str):
        def loader():
            loads.append(name)
            return Slow()

        return loader

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: room.get("a", load("a")), range(20)))
    assert len(set(map(id, found))) == 1
    room.get("b", load("b"))
    assert loads == ["a", "b"]
    assert room.loaded == ("a", "b")
    room.close()
    assert room.loaded == ()
    with pytest.raises(RuntimeError):
        found[0].embed_pixels(batch())
