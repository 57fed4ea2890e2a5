"""Pictures that share a frame, a form, a studio or a sky are not one. Generated, around the demo's photographs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from indexer.duplicates.align import Alignment
from indexer.duplicates.find import find
from indexer.duplicates.nudge import nudged
from indexer.duplicates.overlay import overlay
from indexer.duplicates.picture import Picture
from indexer.duplicates.verify import Relation, Sensitivity, verify

EACH = 5
LIKE_PROGRAMS = {"slide"}  # little but words differs in them: the one kind of which a pair or two is found


@pytest.fixture(scope="module")
def families(lookalikes, photo, describe):
    """Kind -> features of EACH pictures of it."""

    made = lookalikes.families([photo(n)[0] for n in range(11)], EACH)
    return {kind: [describe(_jpeg(picture, 88)) for picture in pictures] for kind, pictures in made.items()}


def _jpeg(picture, quality):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_no_two_of_a_kind_are_taken_for_one(families):
    wrong = {}
    for kind, features in families.items():
        pictures = [Picture(f"{kind}-{n}", width=f.width, height=f.height) for n, f in enumerate(features)]
        if stars := find(features, pictures).stars:
            wrong[kind] = [(star.keeper, *star.members) for star in stars]
    assert len(families) > 20
    assert set(wrong) <= LIKE_PROGRAMS, wrong


def test_the_same_picture_encoded_again_is_found_in_every_kind(lookalikes, families, photo, describe):
    made = lookalikes.families([photo(n)[0] for n in range(11)], 1)
    missed = []
    for kind, (picture,) in made.items():
        features = [families[kind][0], describe(_jpeg(picture, 40))]
        if not find(features, [Picture(width=f.width, height=f.height) for f in features]).stars:
            missed.append(kind)
    assert missed == []


@pytest.mark.parametrize("number", [6, 9])
def test_frames_of_a_hand_that_hardly_moves_are_no_copies(photo, describe, number):
    """Names and times say nothing here; blurring and sharpening change as much."""
    picture, _ = photo(number)
    width, height = picture.width - 8, picture.height - 8
    rng = np.random.default_rng(number)
    features = []
    for left, top in ((4, 4), (5, 4), (5, 5), (4, 5), (3, 5)):
        frame = np.asarray(picture.crop((left, top, left + width, top + height)), np.float32)
        noisy = np.clip(frame + rng.normal(0, 3, (height, width, 1)), 0, 255).astype(np.uint8)
        features.append(describe(_jpeg(Image.fromarray(noisy), 90)))
    found = find(features, [Picture(width=width, height=height) for _ in features])
    assert [len(one.pictures) for one in found.series] == [5]
    assert found.stars == []


def test_what_was_blurred_or_sharpened_is_still_a_copy(photo, describe):
    for number in (0, 3, 6, 9):
        picture, file = photo(number)
        for changed in (picture.filter(ImageFilter.GaussianBlur(2)), picture.filter(ImageFilter.SHARPEN)):
            verdict = verify(describe(file), describe(_jpeg(changed, 85)), 0, Sensitivity.NORMAL)
            assert verdict is not None
            assert verdict.relation in (Relation.RE_ENCODED, Relation.EDITED)


def test_an_alignment_that_is_a_little_off_is_moved_to_where_it_fits(photo, describe):
    gray = describe(photo(0)[1]).gray
    off = Alignment(np.array([[1.02, 0.0, 0.012], [0.0, 0.98, -0.01]]), 5)
    better = nudged(gray, gray, off)
    assert better.deviation < 0.2 * off.deviation
    assert overlay(gray, gray, better).detail > overlay(gray, gray, off).detail
    far = Alignment(np.array([[0.5, 0.0, 0.4], [0.0, 0.5, 0.1]]), 5)
    noise = np.random.default_rng(0).integers(0, 255, gray.shape).astype(np.uint8)
    assert np.abs(nudged(gray, noise, far).matrix - far.matrix).max() < 0.13


@pytest.mark.parametrize("one", ["black", "white", "noise", "spot"])
@pytest.mark.parametrize("other", ["black", "white", "noise", "spot"])
def test_pictures_with_nothing_in_them_can_be_compared(one, other):
    """A lens cap left on, or a flash into nothing: there is nothing to solve for, and that is no fault."""
    drawn = {
        "black": np.zeros((48, 48), np.uint8),
        "white": np.full((48, 48), 255, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8),
        "spot": np.pad(np.full((4, 4), 255, np.uint8), 22),
    }
    if one != other:
        assert overlay(drawn[one], drawn[other], None).detail < 0.1
    where = Alignment(np.array([[0.9, 0.0, 0.05], [0.0, 0.9, 0.05]]), 5)
    assert np.abs(nudged(drawn[one], drawn[other], where).matrix - where.matrix).max() < 0.13


def with_words(words: str, photo: Image.Image) -> Image.Image:
    """A meme: words in a bar above a picture that all of its kind have."""
    meme = Image.new("RGB", (500, 480), "white")
    meme.paste(photo.resize((500, 380)), (0, 100))
    ImageDraw.Draw(meme).text((20, 30), words, "black", font_size=40)
    return meme


def slide(lines: int) -> Image.Image:
    """A slide on which one point appears after the other."""
    sheet = Image.new("RGB", (800, 450), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 800, 70), "navy")
    draw.text((20, 15), "Quarterly results", "white", font_size=34)
    for n in range(lines):
        draw.text((40, 100 + 70 * n), f"- Point number {n + 1}: revenue grew by {7 * n + 3} %", "black", font_size=28)
    return sheet


def icon(colour: str, letter: str) -> Image.Image:
    drawn = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((8, 8, 56, 56), colour)
    draw.text((24, 16), letter, "white", font_size=28)
    return drawn


@pytest.mark.parametrize("kind", ["memes", "slides", "icons"])
def test_what_has_other_words_in_one_form_is_no_copy(photo, describe, kind):
    """Generated, but for the photo of the memes."""
    pictures = {
        "memes": [with_words(words, photo(2)[0]) for words in ("WHEN MONDAY COMES", "ME AFTER LUNCH", "TAXES ARE DUE")],
        "slides": [slide(lines) for lines in (1, 2, 3, 4)],
        "icons": [icon(colour, letter) for colour, letter in (("red", "A"), ("green", "B"), ("black", "D"))],
    }[kind]
    features = [describe(_jpeg(one, 88)) for one in pictures]
    assert find(features, [Picture(width=one.width, height=one.height) for one in features]).stars == []
