"""Importing without looking for garbage: afterwards Python looks for it again, whatever went wrong."""

from __future__ import annotations

import gc

import pytest

from safelight.cli.loading import Loading


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_garbage_is_collected_again_even_if_an_import_fails():
    with Loading():
        assert not gc.isenabled()
        kept = [object()]
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    with pytest.raises(ImportError), Loading():
        raise ImportError(kept)
    assert gc.isenabled()
