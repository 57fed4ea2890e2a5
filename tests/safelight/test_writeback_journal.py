"""Journals of writing back: whatever stands in one, it is listed or called damaged."""

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import SafelightError
from safelight.writeback import journal, runs, undo

VALUES = st.none() | st.integers() | st.text(max_size=8) | st.just("eJwDAAAAAAE=")
LINES = st.fixed_dictionaries(
    {"n": VALUES, "path": VALUES.map(lambda value: f"/nowhere/{value}.xmp")},
    optional={"photo": VALUES, "before": VALUES, "content": VALUES, "after": VALUES, "end": VALUES, "run": VALUES},
)


@given(
    st.binary(max_size=300) | LINES.map(json.dumps).map(str.encode) | st.lists(LINES).map(json.dumps).map(str.encode)
)
def test_any_journal_is_listed_or_called_damaged(tmp_path_factory, content):
    home = tmp_path_factory.getbasetemp() / "fuzzed"
    journal.folder(home).mkdir(parents=True, exist_ok=True)
    (journal.folder(home) / "20260501-101112.jsonl").write_bytes(content)
    for act in (lambda: runs(home), lambda: undo(home)):
        with suppress(SafelightError):
            act()
