"""A test that needs a program is skipped without it on somebody's own machine, and fails where the suite decides."""

from __future__ import annotations

import pytest
from needed import lacking


def test_what_is_lacking_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        lacking("no Chromium")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        lacking("no Chromium")
