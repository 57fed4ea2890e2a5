"""A second helper says which one runs, in the same voice however it was started."""

from __future__ import annotations

from pathlib import Path

import pytest
from safelight_command import Safelight
from safelight_server import own_helper


@pytest.mark.parametrize("how", [(), ("--background",)])
def test_a_second_helper_is_refused_in_one_voice(tmp_path: Path, how: tuple[str, ...]):
    with own_helper(tmp_path) as helper:
        said = Safelight(helper.home)("serve", *how, code=2).stderr
    assert said.startswith(f"safelight: the helper runs already: process {helper.process.pid}")
    assert len(said.splitlines()) == 1
