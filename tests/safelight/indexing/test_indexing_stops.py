"""Runs that are stopped, that fail on the way or have no room: what is done is kept."""

import threading
from types import SimpleNamespace

import pytest
from indexed_library import ignore
from indexing_runs import Runner, paint
from small_disk import small_disk

from indexer.decoders import DecoderPool
from indexer.errors import CatalogError
from indexer.events import Progress
from safelight.indexing import index_paths
from safelight.worker import MERGED_TEXTS, ModelThread


def test_a_stop_keeps_what_is_done(index, photos):
    stop = threading.Event()
    stop.set()
    assert index(photos, stop=stop).interrupted
    assert index(photos).indexed == 6


def embedded_texts(index, monkeypatch, told) -> list[int]:
    """Tell `told` of each call to embed texts before it is made; returns how many texts each one had."""
    counts: list[int] = []
    embed = ModelThread.embed_texts

    def embed_texts(thread, texts):
        counts.append(len(texts))
        told(len(texts))
        return embed(thread, texts)

    monkeypatch.setattr(ModelThread, "embed_texts", embed_texts)
    return counts


def test_a_run_that_is_stopped_ends_without_measuring_what_a_match_looks_like(index, photos, monkeypatch):
    stop = threading.Event()

    def stop_at_the_first_photo(event: Progress) -> None:
        if event.stage == "indexing" and event.done:
            stop.set()

    index.progress = SimpleNamespace(append=stop_at_the_first_photo)
    counts = embedded_texts(index, monkeypatch, lambda count: None)
    assert index(photos, stop=stop).interrupted
    assert index.count("embedding") > 0
    assert index.count("model WHERE calibration IS NOT NULL") == 0
    assert counts == [1], "the words that try a new model, and no others"
    stop.clear()
    index.progress = []
    index(photos)
    assert index.count("model WHERE calibration IS NOT NULL") == 1


def test_a_stop_while_it_is_measured_what_a_match_looks_like_is_heard(index, photos, monkeypatch):
    stop = threading.Event()
    counts = embedded_texts(index, monkeypatch, lambda count: stop.set() if count > 1 else None)
    assert index(photos, stop=stop).interrupted
    assert counts == [1, MERGED_TEXTS], "the part at hand is finished, and no other begun"
    assert (index.count("embedding"), index.count("model WHERE calibration IS NOT NULL")) == (6, 0)
    assert index.remarks == []


def test_what_fails_among_many_answers_ends_the_run(index, tmp_path, monkeypatch):
    """The reader of the progress has gone away, say; the answers that came with the one at hand are not waited for."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.jpg").write_bytes(b"no picture %d" % number)
    results = DecoderPool.results

    def many_at_once(pool, *, wait=False, at_least=1):
        assert pool.outstanding or not wait, "it waits for what nobody owes"
        return results(pool, wait=True, at_least=pool.outstanding) if wait else []

    monkeypatch.setattr(DecoderPool, "results", many_at_once)
    met: list[Progress] = []

    def on_progress(event):
        if event.stage == "indexing" and event.done:
            met.append(event)
            if len(met) == 1:
                raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        index_paths(
            index.library,
            [str(folder)],
            stop=threading.Event(),
            on_progress=on_progress,
            on_problem=ignore,
            on_remark=ignore,
        )


def test_a_full_disk_is_one_clear_error_and_the_catalog_stays_sound(photos, tmp_path):
    with small_disk(tmp_path / "small", "300k") as small:
        for number in range(400):
            paint(photos / f"more-{number}.png", 1000 + number, (16, 12))
        runner = Runner(small / "home")
        with pytest.raises(CatalogError, match="cannot (write|open) the catalog"):
            runner(photos)
        assert runner.library.catalog.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        runner.library.close()
