"""The cut on real photographs with the starter model: what is there is found, what is not is said to be absent."""

import os

import numpy as np
import pytest
from PIL import Image

from importers.base import Facts, Outcome
from indexer.catalog import Catalog, Content
from indexer.models import starter
from indexer.models.engine_onnx import OnnxEngine
from indexer.photo_row import PhotoRow
from indexer.query import parse
from indexer.search import Search

# What a picture of the answer is called.
PRESENT = {
    "cat": "cat|kitty",
    "bee": "bee",
    "books": "books",
    "cake": "cake",
    "boats on a lake": "boats",
    "photo camera": "camera",
    "lens": "camera lens",
    "a bird": "kookaburras|magpie|parrot|duck",
    "parrot": "parrot|kookaburras",
    "insects": "bee",
    "library": "books",
    "dessert": "cake",
    "a black cat": "cat|kitty",
    "kitten": "cat|kitty",
    "canoe": "boats",
}
ABSENT = [
    *("helicopter", "snow mountain skiing", "birthday invoice", "airplane", "school bus", "bicycle", "guitar", "piano"),
    *("violin", "elephant", "zebra", "shark", "pizza", "hamburger", "a wedding", "football match", "hospital", "x-ray"),
    *("fire truck", "ambulance", "laptop", "mobile phone", "television", "washing machine", "tax form", "passport"),
    *("receipt", "map of europe", "polar bear", "dinosaur", "sushi", "fireworks", "skyscraper", "volcano", "syringe"),
    *("trumpet", "skateboard", "boxing", "bathtub", "rifle", "parachute", "hot air balloon", "taxi", "wheelchair"),
    *("two people shaking hands", "children playing football", "a red sports car", "stock market chart", "subway"),
]


class Starter:
    """The starter model as Search wants it."""

    def __init__(self):
        self.model = starter.StarterEncoder(OnnxEngine())
        self.embed_texts = self.model.embed_texts

    def embed_file(self, path):
        return self.model.embed_pixels(self.pixels(path)[None])[0]

    def pixels(self, path):
        """Resize the shorter side and crop the centre."""
        spec = self.model.pixels
        with Image.open(path) as opened:
            rgb = opened.convert("RGB")
        scale = spec.short_side / min(rgb.size)
        rgb = rgb.resize([max(spec.width, round(edge * scale)) for edge in rgb.size], spec.resample)
        left, top = (rgb.width - spec.width) // 2, (rgb.height - spec.height) // 2
        return np.asarray(rgb.crop((left, top, left + spec.width, top + spec.height)))


@pytest.fixture(scope="module")
def model():
    if not starter.installed():
        pytest.skip("the extra `starter` is not installed")
    return Starter()


@pytest.fixture(scope="module")
def pictures(samples):
    folder = samples / "images" / "words" / "images"
    return sorted(p for p in folder.iterdir() if p.suffix != ".txt")


@pytest.fixture(scope="module")
def search(tmp_path_factory, model, pictures):
    return library(tmp_path_factory.mktemp("home"), model, pictures)


def library(home, model, pictures):
    catalog = Catalog(home)
    space = catalog.add_model(model.model.space, "starter", model.model.dim)
    root = catalog.add_root("folder", pictures[0].parent, None)
    for number, path in enumerate(pictures):
        with catalog.transaction():
            content_id = catalog.write_content(Content(number.to_bytes(16), 1, 4, 3, "JPEG"))
            key = os.fsencode(path.name)
            row = PhotoRow(
                root.id, key, os.fsencode(path), path.name, None, Outcome.INDEXED, None, "test", Facts(), content_id
            )
            catalog.write_photo(row)
            catalog.write_vector(space, content_id, model.embed_file(path))
    return Search(catalog, space, model)


@pytest.mark.parametrize("words", PRESENT)
def test_what_is_there_is_found_first(search, words):
    hits = search.run(parse(words)).hits
    assert hits, search.run(parse(words)).reason
    assert any(name in hits[0].place.name for name in PRESENT[words].split("|")), hits[0].place.name


def test_what_is_not_there_says_so(search):
    assert search.run(parse("helicopter")).hits == ()
    assert search.run(parse("snow mountain skiing")).hits == ()
    assert search.run(parse("birthday invoice")).hits == ()
    found = [words for words in ABSENT if search.run(parse(words)).hits]
    assert len(found) <= 0.1 * len(ABSENT), found


def test_three_photos_are_enough_to_tell(tmp_path, model, pictures):
    few = [p for p in pictures if p.name in ("cat.jpg", "bee.jpg", "books.jpg")]
    search = library(tmp_path, model, few)
    for words, name in {"cat": "cat.jpg", "bee": "bee.jpg", "books": "books.jpg"}.items():
        assert [hit.place.name for hit in search.run(parse(words)).hits][:1] == [name]
    found = [words for words in ABSENT if search.run(parse(words)).hits]
    assert len(found) <= 0.1 * len(ABSENT), found


def test_an_unwanted_word_moves_its_photos_down(search):
    def mean_rank_of_cats(words):
        names = [hit.place.name for hit in search.run(parse(words), limit=50, show_all=True).hits]
        return np.mean([rank for rank, name in enumerate(names) if "cat" in name or "kitty" in name])

    assert mean_rank_of_cats("animals -cat") > mean_rank_of_cats("animals") + 5
