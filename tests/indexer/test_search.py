"""Search on a real catalog with planted vectors: who answers, in which order, at which place, and when nobody does."""

import os
import shutil
from datetime import datetime

import numpy as np
import pytest

from importers.base import Facts, FileStamp, Outcome
from indexer.catalog import Catalog, Content
from indexer.errors import QueryError
from indexer.filters import Filters
from indexer.photo_row import PhotoRow
from indexer.query import parse
from indexer.search import Search, _nothing

DIM = 64
AXES = {word: axis for axis, word in enumerate(["dog", "beach", "cat", "snow"])}


def unit(vector):
    vector = np.asarray(vector, np.float32)
    return vector / np.linalg.norm(vector)


def meaning(words, seed=0):
    """A vector that says exactly these words, and nothing else but a little noise."""
    vector = np.random.default_rng([seed, len(words)]).standard_normal(DIM) * 0.05
    for word in words.split():
        vector[AXES[word]] += 1
    return unit(vector)


class PlantedModel:
    """Words and pictures of a space made by hand: known words have axes, all else points its own random way."""

    def __init__(self):
        self.texts = 0
        self.files = 0

    def embed_texts(self, texts):
        self.texts += len(texts)
        return np.stack([self._text(text) for text in texts])

    def embed_file(self, path):
        self.files += 1
        return meaning(path.stem)

    def _text(self, text):
        text = text.removeprefix("a photo of ")
        if all(word in AXES for word in text.split()):
            return meaning(text, seed=1)
        vector = np.random.default_rng(list(text.encode())).standard_normal(DIM)
        vector[: len(AXES)] *= 0.1
        return unit(vector)


class Home:
    """A library on disk: real files, a real catalog, planted vectors."""

    def __init__(self, folder):
        self.folder = folder
        self.catalog = Catalog(folder / "home")
        self.model = self.catalog.add_model("planted", "planted", DIM)
        self.embedder = PlantedModel()
        self.search = Search(self.catalog, self.model, self.embedder)
        self.roots = {}
        self.ids = {}

    def add(self, name, words, root="photos", contents=None, state=Outcome.INDEXED, **facts):
        """Add one photo whose file holds `contents` (its own name where not given)."""
        import xxhash

        place = self.roots.setdefault(root, self.catalog.add_root("folder", self.folder / root, None))
        path = place.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((contents or name).encode())
        digest = xxhash.xxh3_128(path.read_bytes()).digest()
        with self.catalog.transaction():
            content_id = self.catalog.write_content(Content(digest, 1, 4, 3, "JPEG"))
            key = os.fsencode(name)
            stamp = FileStamp(1, 0, len(self.ids))
            row = PhotoRow(
                place.id, key, os.fsencode(path), name, stamp, state, None, "test", Facts(**facts), content_id
            )
            photo = self.catalog.write_photo(row)
            if words is not None:
                self.catalog.write_vector(self.model, content_id, meaning(words, seed=len(self.ids)))
        (self.ids[name],) = self.catalog.db.execute("SELECT public_id FROM photo WHERE id = ?", (photo,)).fetchone()
        return path

    def names(self, words, show_all=False, limit=20, **filters):
        answer = self.search.run(parse(words), Filters(**filters), limit, show_all=show_all)
        return [hit.place.name for hit in answer.hits]


@pytest.fixture
def home(tmp_path):
    library = Home(tmp_path)
    for i in range(6):
        library.add(f"dog{i}.jpg", "dog", taken_at=datetime(2015 + i, 6, 1))
    for i in range(3):
        library.add(f"dogbeach{i}.jpg", "dog beach", taken_at=datetime(2020, 1, 1 + i))
    for i in range(6):
        library.add(f"cat{i}.jpg", "cat")
    yield library
    library.catalog.close()


def test_words_find_their_photos_best_first(home):
    found = home.names("dog")
    assert set(found[:6]) == {f"dog{i}.jpg" for i in range(6)}
    assert set(found[6:]) == {f"dogbeach{i}.jpg" for i in range(3)}
    scores = [hit.score for hit in home.search.run(parse("dog")).hits]
    assert scores == sorted(scores, reverse=True)
    assert home.names("dog") == found, "the same question has the same answer"


def test_what_is_not_there_says_so_and_all_shows_the_nearest(home):
    answer = home.search.run(parse("helicopter"))
    assert answer.hits == ()
    assert answer.nearest is not None
    assert answer.nearest.clarity is not None
    assert answer.needed is not None
    assert answer.nearest.clarity < answer.needed
    assert 'nothing here looks like "helicopter"' in answer.reason
    assert answer.nearest.place.name in answer.reason
    assert "\n" not in answer.reason
    assert len(home.names("helicopter", show_all=True)) == 15


def test_unwanted_terms_move_photos_down(home):
    found = home.names("dog -beach")
    assert set(found[:6]) == {f"dog{i}.jpg" for i in range(6)}
    plus = home.names("dog +beach")
    assert set(plus[:3]) == {f"dogbeach{i}.jpg" for i in range(3)}
    weighted = [home.search.run(parse(f"dog -{w}:beach"), show_all=True).hits for w in (0.2, 1)]
    gaps = [
        np.mean([h.score for h in hits if "beach" not in h.place.name and "dog" in h.place.name])
        - np.mean([h.score for h in hits if "beach" in h.place.name])
        for hits in weighted
    ]
    assert gaps[1] > gaps[0] > 0


def test_terms_that_cancel_out_are_an_error(home):
    with pytest.raises(QueryError, match="cancel"):
        home.search.run(parse("dog -dog"))


def test_an_absent_wish_is_not_answered_by_what_is_least_unwanted(home):
    assert home.names("helicopter -cat") == []


def test_limit_is_the_number_of_hits(home):
    assert len(home.names("dog", limit=4)) == 4
    assert home.names("dog", limit=4) == home.names("dog")[:4]


def test_filters_choose_who_may_answer(home):
    assert home.names("dog", until="2017") == home.names("dog", until="2017", limit=9)
    assert set(home.names("dog", since="2017", until="2019")) == {"dog2.jpg", "dog3.jpg", "dog4.jpg"}
    answer = home.search.run(parse("dog"), Filters(since="2031"))
    assert answer.hits == ()
    assert answer.reason == "no photo passes these filters: none is from 2031 or later"


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"folder": ["Icland"], "since": "2015"}, 'none lies in a folder "Icland"'),
        ({"format": ["jepg"]}, 'none has the format "jepg"; there are: jpeg'),
        ({"format": ["heic", "raw"]}, 'none has the format "heic" or "raw"; there are: jpeg'),
        ({"source": ["lightrom"], "until": "2020"}, 'none comes from "lightrom"; there are: folder'),
        ({"camera": ["leica"]}, 'none is of a camera "leica"'),
        ({"place": ["atlantis"]}, 'none was taken at a place "atlantis"'),
        ({"text": ["unicorn"]}, 'none has a title or caption with "unicorn"'),
        ({"near": "0,0,5"}, "none is known to be taken near 0,0,5"),
        ({"until": "1960", "format": ["jpeg"]}, "none is from 1960 or earlier"),
    ],
)
def test_the_filter_that_excludes_everything_is_named(home, filters, reason):
    assert home.search.run(parse("dog"), Filters(**filters)).reason == f"no photo passes these filters: {reason}"


def test_filters_that_only_together_exclude_everything_say_so(home):
    home.add("abroad.jpg", "dog", root="else where", taken_at=datetime(1990, 1, 1))
    answer = home.search.run(parse("dog"), Filters(folder=["else where"], since="2015"))
    assert answer.reason == "no photo passes all of these filters together"


def test_a_warm_process_filters_from_memory_and_sees_what_is_new(home, monkeypatch):
    def reads_no_sql(db, filters):
        raise AssertionError("asked SQL")

    years = [{"since": str(year)} for year in range(2015, 2019)]
    first = [home.names("dog", **filters) for filters in years]
    with monkeypatch.context() as warm:
        warm.setattr("indexer.search.kept_contents", reads_no_sql)
        assert [home.names("dog", **filters) for filters in years] == first
        assert set(home.names("dog", since="2018", until="2018")) == {"dog3.jpg"}
        assert home.names("dog", since="2018", source=["lightroom"]) == []
    home.add("new.jpg", "dog", taken_at=datetime(2018, 2, 2))
    for _ in range(2):
        assert [
            set(home.names("dog", **filters)) - set(before) for filters, before in zip(years, first, strict=True)
        ] == [{"new.jpg"}] * 4


def test_similar_never_loads_the_model_for_a_photo_of_the_library(home):
    answer = home.search.similar(home.ids["cat0.jpg"], limit=5)
    assert {hit.place.name for hit in answer.hits} == {f"cat{i}.jpg" for i in range(1, 6)}
    path = home.folder / "photos" / "cat0.jpg"
    assert home.search.similar(str(path), limit=5) == answer
    path.unlink()
    assert home.search.similar(str(path), limit=5) == answer, "known by its path when its drive is not there"
    assert (home.embedder.texts, home.embedder.files) == (0, 0)
    assert all(hit.clarity is None for hit in answer.hits)


def test_similar_to_a_file_from_elsewhere_embeds_it(home, tmp_path):
    stranger = tmp_path / "beach.jpg"
    stranger.write_bytes(b"not in the library")
    assert home.search.similar(str(stranger), limit=1).hits[0].place.name.startswith("dogbeach")
    copy = tmp_path / "copy of a cat.jpg"
    shutil.copy(home.folder / "photos" / "cat3.jpg", copy)
    assert "cat3.jpg" not in [hit.place.name for hit in home.search.similar(str(copy)).hits]
    assert home.embedder.files == 1


@pytest.mark.parametrize("target", ["/nowhere/x.jpg", "b2c3d4f5g6h7", "nothing"])
def test_a_target_that_is_not_there_is_a_clear_line(home, target):
    with pytest.raises(QueryError, match=r"there is no (file|photo)") as caught:
        home.search.similar(target)
    assert "\n" not in str(caught.value)


def test_pictures_and_words_mix(home):
    query = parse("beach", like=[home.ids["dog0.jpg"]])
    assert home.search.run(query).hits[0].place.name.startswith("dogbeach")
    query = parse("dog", unlike=[home.ids["dogbeach0.jpg"]])
    assert all("beach" not in hit.place.name for hit in home.search.run(query, limit=6).hits)


def test_one_content_at_two_places_is_one_hit(home):
    home.add("copies/dog0 copy.jpg", "dog", contents="dog0.jpg")
    home.add("dog0.jpg", "dog", root="elsewhere")
    hits = [hit for hit in home.search.run(parse("dog")).hits if "dog0" in hit.place.name]
    assert len(hits) == 1
    assert hits[0].place.name == "dog0.jpg"
    assert sorted((p.root.name, p.name) for p in hits[0].others) == [
        ("elsewhere", "dog0.jpg"),
        ("photos", "copies/dog0 copy.jpg"),
    ]
    inside = home.search.run(parse("dog"), Filters(folder=["copies"])).hits
    assert [hit.place.name for hit in inside] == ["copies/dog0 copy.jpg"], "the place that passes is the one shown"
    assert "copies/dog0 copy.jpg" not in [
        hit.place.name for hit in home.search.similar(home.ids["dog0.jpg"], limit=30).hits
    ], "a byte-identical copy is no answer to similar"


def test_a_copy_that_knows_no_place_does_not_hide_one_that_does(home):
    home.add("dog0 in iceland.jpg", "dog", contents="dog0.jpg", latitude=64.15, longitude=-21.94)
    assert home.names("dog", near="64.1,-21.9,10") == ["dog0 in iceland.jpg"]
    assert home.names("dog", near="64.1,-22.9,10") == []


def test_missing_and_offline_photos_are_marked_and_give_way(home):
    home.add("spare.jpg", "dog", root="drive", contents="dog1.jpg")
    home.add("away.jpg", "snow", root="drive")
    db = home.catalog.db
    drive = home.roots["drive"]
    home.catalog.mark_root(drive, "offline", None)
    db.execute("UPDATE photo SET state = 'missing' WHERE name IN ('dog1.jpg', 'dog2.jpg')")
    states = {hit.place.name: hit.place.state for hit in home.search.run(parse("dog")).hits}
    assert states["dog2.jpg"] == "missing"
    assert states["dog0.jpg"] == "here"
    assert home.search.run(parse("snow")).hits[0].place.state == "offline"
    home.catalog.mark_root(drive, "online", None)
    hit = next(h for h in home.search.run(parse("dog")).hits if h.place.name in ("spare.jpg", "dog1.jpg"))
    assert (hit.place.name, hit.place.state, hit.others[0].state) == ("spare.jpg", "here", "missing")


def test_photos_that_the_catalog_forgot_or_could_not_read_never_show(home):
    home.search.run(parse("dog"))
    home.catalog.db.execute("DELETE FROM photo WHERE name = 'dog0.jpg'")
    home.catalog.db.execute("UPDATE photo SET state = 'failed' WHERE name = 'dog1.jpg'")
    assert set(home.names("dog")) == {*(f"dog{i}.jpg" for i in range(2, 6)), *(f"dogbeach{i}.jpg" for i in range(3))}


def test_new_photos_answer_at_once(home):
    assert home.names("snow") == []
    home.add("snow.jpg", "snow")
    assert home.names("snow") == ["snow.jpg"]
    other = Catalog(home.folder / "home")
    other.db.execute("DELETE FROM photo WHERE name = 'snow.jpg'")
    other.close()
    assert home.names("snow") == []


def test_an_empty_library_says_what_to_do(tmp_path):
    library = Home(tmp_path)
    answer = library.search.run(parse("dog"))
    assert answer.hits == ()
    assert "safelight index" in answer.reason
    library.catalog.close()


def test_a_long_query_is_not_echoed_whole():
    said = _nothing(parse("nothing of the kind " * 480), Filters(), None)
    assert said.startswith('nothing here looks like "nothing of')
    assert len(said) < 300
