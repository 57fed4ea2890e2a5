"""Filters answered from columns in memory and by SQL: the same, on random libraries."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.base import Facts, FileStamp, Outcome
from indexer.catalog import Catalog, Content, PhotoRow
from indexer.columns import Columns
from indexer.filters import Filters, kept_contents

SOURCES = ("folder", "lightroom", "takeout")
# Few moments, close together and at the ends of what is allowed, so that filters meet them exactly.
TIMES = (
    datetime(1, 1, 1),
    datetime(2018, 12, 31, 23, 59, 59),
    datetime(2019, 1, 1),
    datetime(2019, 7, 4, 18, 30),
    datetime(2019, 7, 4, 18, 30, 59, 999_999),
    datetime(2020, 1, 1),
    datetime(9998, 12, 31, 23, 59, 59),
)
DATES = (
    "0001",
    "2018",
    "2019",
    "2019-07",
    "2019-07-04",
    "2019-07-04T18:30",
    "2019-07-04 18:30:59",
    "2020",
    "9998",
    "1y",
)
photo = st.tuples(
    st.sampled_from(SOURCES), st.none() | st.integers(0, 5), st.sampled_from(TIMES) | st.none(), st.booleans()
)
filters = st.builds(
    Filters,
    since=st.none() | st.sampled_from(DATES),
    until=st.none() | st.sampled_from(DATES),
    source=st.lists(st.sampled_from((*SOURCES, " Folder ", "nothing")), max_size=2),
    now=st.just(datetime(2020, 7, 4, 12)),
)


@settings(max_examples=60, deadline=None)
@given(
    photos=st.lists(photo, max_size=12),
    asked=st.lists(filters, min_size=4, max_size=8),
    known=st.sets(st.integers(0, 5)),
)
def test_columns_keep_what_sql_keeps(photos, asked, known):
    with tempfile.TemporaryDirectory() as home:
        catalog = library(Path(home), photos)
        ids = dict(catalog.db.execute("SELECT size_bytes, id FROM content").fetchall())
        content_ids = np.array([ids[number] for number in sorted(known) if number in ids], np.int64)[::-1]
        columns = Columns.read(catalog.db, content_ids)
        for one in asked:
            if one.are_dates_and_sources:
                by_sql = np.isin(content_ids, kept_contents(catalog.db, one))
                assert columns.passing(one).tolist() == by_sql.tolist(), one
            else:
                assert not one
        catalog.close()


def library(home: Path, photos: list[tuple[str, int | None, datetime | None, bool]]) -> Catalog:
    """Write photos: source, content if any, time, and whether the file's own date stands in for a missing one."""
    catalog = Catalog(home)
    roots = {source: catalog.add_root(source, Path("/photos") / source, 1) for source in SOURCES}
    with catalog.transaction():
        for number, (source, content, time, has_stamp) in enumerate(photos):
            content_id = None
            if content is not None:
                content_id = catalog.write_content(Content(content.to_bytes(16, "big"), content, 10, 10, "JPEG"))
            stamp = FileStamp(1, 1_562_265_000_000_000_000, number) if has_stamp else None
            outcome = Outcome.FAILED if content is None else Outcome.INDEXED
            row = PhotoRow(
                roots[source].id, b"%d" % number, None, "", stamp, outcome, None, "", Facts(time), content_id
            )
            catalog.write_photo(row)
    return catalog


@pytest.mark.parametrize("other", [{"camera": ["canon"]}, {"folder": ["x"]}, {"near": "1,2,3"}, {"format": ["jpeg"]}])
def test_whatever_else_is_asked_goes_to_sql(other):
    assert Filters(since="2019", source=["folder"]).are_dates_and_sources
    assert not Filters(since="2019", source=["folder"], **other).are_dates_and_sources
    assert not Filters(**other).are_dates_and_sources
    assert not Filters().are_dates_and_sources
