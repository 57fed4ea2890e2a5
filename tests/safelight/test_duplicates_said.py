"""What is said of large groups: of any number of photos the keeper, of hundreds that they are none; and taken back."""

from __future__ import annotations

import itertools

import pytest

from indexer.catalog import Catalog
from indexer.duplicates.store import Decision
from safelight.duplicates_said import MOST_APART, AllSaid, Said, put_back, say
from safelight.errors import SafelightError


@pytest.fixture
def catalog(tmp_path):
    """A planted catalog: 600 contents, each of which lies at two places."""
    catalog = Catalog(tmp_path)
    root = catalog.add_root("folder", tmp_path, None)
    with catalog.transaction():
        for content in range(1, 601):
            catalog.db.execute("INSERT INTO content VALUES (?, ?, 1, 60, 40, 'JPEG')", (content, b"%16d" % content))
        for photo in range(1, 1201):
            catalog.db.execute(
                "INSERT INTO photo (public_id, root_id, key, name, content_id, state, added_at)"
                " VALUES (?, ?, ?, '', ?, 'indexed', '')",
                (f"{photo:012}", root.id, str(photo), (photo + 1) // 2),
            )
    yield catalog
    catalog.close()


def photos(first: int, last: int) -> list[str]:
    return [f"{photo:012}" for photo in range(first, last + 1)]


def decisions(catalog: Catalog) -> int:
    return catalog.db.execute("SELECT count(*) FROM decision").fetchone()[0]


def test_the_keeper_of_a_group_of_any_size_is_kept(catalog):
    group = photos(1, 1200)
    assert say(catalog, Decision.KEEPER, group, group[-1]) == []
    assert AllSaid(catalog).of(group) == (Decision.KEEPER, group[-1])
    before = say(catalog, Decision.KEEPER, group, group[700])
    assert before == [Said(Decision.KEEPER, (group[-1],))]
    put_back(catalog, group, before)
    assert AllSaid(catalog).of(group) == (Decision.KEEPER, group[-1])
    put_back(catalog, group, [])
    assert AllSaid(catalog).of(group) == (None, None)


@pytest.mark.parametrize("decision", [Decision.DIFFERENT, Decision.IGNORED])
def test_hundreds_are_told_apart_and_what_was_said_comes_back_in_few_words(catalog, decision):
    group = photos(1, 2 * MOST_APART)
    say(catalog, decision, group)
    assert AllSaid(catalog).of(group) == (decision, None)
    said = decisions(catalog)
    before = say(catalog, Decision.KEEPER, group, group[0])
    assert len(before) <= 1 + MOST_APART, "not a line for each of 124,750 pairs"
    put_back(catalog, group, before)
    assert AllSaid(catalog).of(group) == (decision, None)
    assert decisions(catalog) == said


def test_pairs_that_are_no_whole_group_come_back_as_they_were(catalog):
    one, two, three, four = photos(1, 8)[::2]
    for pair in ((one, two), (three, four)):
        say(catalog, Decision.DIFFERENT, pair)
    before = say(catalog, Decision.IGNORED, [one, two, three, four])
    assert {frozenset(said.photos) for said in before} == {frozenset((one, two)), frozenset((three, four))}
    put_back(catalog, [one, two, three, four], before)
    apart = AllSaid(catalog)
    for pair in itertools.combinations((one, two, three, four), 2):
        assert (apart.of(pair)[0] is Decision.DIFFERENT) == (pair in ((one, two), (three, four)))


def test_more_than_that_is_refused_and_says_what_to_do(catalog):
    group = photos(1, 2 * MOST_APART + 2)
    with pytest.raises(SafelightError, match="501 different pictures.*choose the one to keep"):
        say(catalog, Decision.DIFFERENT, group)
    with pytest.raises(SafelightError, match="501 different pictures"):
        put_back(catalog, group, [Said(Decision.DIFFERENT, tuple(group[::2]))])
    assert decisions(catalog) == 0
    say(catalog, Decision.IGNORED, [group[0], group[1]])  # copies of one file are one picture
    assert decisions(catalog) == 1
