"""Groups are stars around a keeper; series are told by times and names. Verdicts are made up, the rules are not."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.duplicates.candidates import by_hash, by_keypoints, by_vectors
from indexer.duplicates.groups import Found, Star, group
from indexer.duplicates.picture import Picture
from indexer.duplicates.pixels import saved_from
from indexer.duplicates.series import BRACKET, BURST, RAW_AND_JPEG, SCENE, TIME_LAPSE, sort_out
from indexer.duplicates.turns import hashes, spectra
from indexer.duplicates.verify import Relation, Verdict

SAME = Verdict(Relation.RE_ENCODED, "")
NOON = datetime(2020, 5, 1, 12)


def test_a_chain_is_no_group():
    def judge(one, other):
        return SAME if abs(one - other) == 1 else None

    pairs = [(n, n + 1) for n in range(9)]
    found = group(range(10), pairs, judge)
    assert all(len(star.members) <= 1 for star in found.stars)


@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40))
def test_every_member_was_compared_with_its_keeper_and_is_in_one_group(alike):
    alike = {(min(pair), max(pair)) for pair in alike if pair[0] != pair[1]}
    found = group(range(12), alike, lambda one, other: SAME if (min(one, other), max(one, other)) in alike else None)
    seen = [n for star in found.stars for n in (star.keeper, *star.members)]
    assert len(seen) == len(set(seen))
    for star in found.stars:
        assert all((min(star.keeper, n), max(star.keeper, n)) in alike for n in star.members)


def test_a_screenshot_with_more_pixels_does_not_become_the_keeper():
    # 0 is a screenshot of 1; 2 to 4 are copies of 1 that cannot be seen in the screenshot.
    framed = Verdict(Relation.EDITED, "on a screen", -1, part=True)

    def judge(one, other):
        if {one, other} == {0, 1}:
            return framed if one == 0 else Verdict(Relation.EDITED, "on a screen", 1, part=True)
        return SAME if 0 not in (one, other) else None

    (star,) = group(range(5), [(a, b) for b in range(5) for a in range(b)], judge).stars
    assert star.keeper == 1
    assert set(star.members) == {0, 2, 3, 4}


CROPPED = Verdict(Relation.EDITED, "cropped to 44 %", 1, part=True)
SHOWS_MORE = Verdict(Relation.EDITED, "the keeper is a crop of it, of 44 %", -1, part=True)


def crops(one, other):
    """0 is the photo, 1 and 2 are crops of it that have nothing in common, 3 is a copy that no crop is found in."""
    if {one, other} == {0, 3}:
        return SAME
    return {(0, 1): CROPPED, (0, 2): CROPPED, (1, 0): SHOWS_MORE, (2, 0): SHOWS_MORE}.get((one, other))


def test_the_chosen_one_is_the_keeper_of_all_that_it_is_one_with():
    pairs = [(0, 1), (0, 2), (0, 3), (1, 3)]
    (star,) = group([1, 0, 2, 3], pairs, crops, {1}).stars
    assert star == Star(1, {0: SHOWS_MORE, 2: CROPPED, 3: SAME}, {2: 0, 3: 0})
    (star,) = group([1, 0, 2, 3], pairs, crops, {1}, lambda one, other: (one, other) == (1, 3)).stars
    assert star == Star(1, {0: SHOWS_MORE, 2: CROPPED}, {2: 0})


def test_a_pair_is_told_in_the_direction_in_which_it_is_shown():
    (star,) = group([1, 0, 2, 3], [(0, 1), (0, 2), (0, 3), (1, 3)], crops).stars
    assert (star.keeper, star.members) == (0, {1: CROPPED, 2: CROPPED, 3: SAME}), "the crop came first"


def test_what_is_seen_in_one_direction_only_is_turned_round():
    (star,) = group([1, 0], [(0, 1)], lambda one, other: CROPPED if (one, other) == (0, 1) else None, {1}).stars
    assert star == Star(1, {0: Verdict(Relation.EDITED, "the keeper was made from it", -1, part=True)})


def test_the_file_that_pixels_were_saved_from_is_kept():
    def judge(one, other):
        if 2 in (one, other):
            return SAME
        return Verdict(Relation.SAME_PIXELS, "", 1 if one == 1 else -1)

    pairs = [(0, 1), (0, 2), (1, 2)]
    (star,) = group(range(3), pairs, judge).stars
    assert (star.keeper, set(star.members)) == (1, {0, 2})
    (star,) = group(range(3), pairs, judge, {0}).stars
    assert (star.keeper, set(star.members)) == (0, {1, 2})
    assert saved_from("PNG", "GIF") == -1, "a still was saved from what moves"
    assert (saved_from("JPEG", "PNG"), saved_from("TIFF", "HEIC"), saved_from("RAW", "TIFF")) == (1, -1, 0)


def test_the_file_that_others_were_encoded_from_is_kept_however_often_that_was():
    # 2 is the original, 1 was made from it, and 0 from that; all others would come before it.
    def judge(one, other):
        return Verdict(Relation.RE_ENCODED, "", (one < other) * -2 + 1)

    pairs = [(0, 1), (0, 2), (1, 2)]
    (star,) = group(range(3), pairs, judge).stars
    assert (star.keeper, set(star.members)) == (2, {0, 1})
    (star,) = group(range(3), pairs, judge, {0}).stars
    assert star.keeper == 0, "the user chose it"
    resized = Verdict(Relation.RESIZED, "", -1)
    (star,) = group(range(2), [(0, 1)], lambda one, other: resized).stars
    assert star.keeper == 0, "of a smaller camera's file and a larger one without its data, say"


def test_of_files_with_the_same_pixels_their_own_order_decides():
    def judge(one, other):
        return Verdict(Relation.SAME_PIXELS, "") if 2 not in (one, other) else SAME

    pairs = [(0, 1), (0, 2), (1, 2)]
    (star,) = group(range(3), pairs, judge, order_without_size=[2, 1, 0]).stars
    assert (star.keeper, set(star.members)) == (1, {0, 2}), "2 is first in that order, but is another picture"
    (star,) = group(range(3), pairs, judge, {0}, order_without_size=[2, 1, 0]).stars
    assert star.keeper == 0, "the user chose it"


def test_where_edits_are_each_better_than_another_the_oldest_is_kept():
    # 2 is the original, 1 and 3 are sharper and softer, which looks like another encoding, and 0 is far sharper.
    re_encoded = {(1, 2), (2, 3)}

    def judge(one, other):
        return SAME if (min(one, other), max(one, other)) in re_encoded else Verdict(Relation.EDITED, "other tones")

    pairs = [(a, b) for b in range(4) for a in range(b)]
    (star,) = group(range(4), pairs, judge, order_without_size=[2, 3, 1, 0]).stars
    assert (star.keeper, set(star.members)) == (2, {0, 1, 3})


def test_hundreds_of_frames_cost_no_comparison_of_all_with_all():
    asked = []

    def judge(one, other):
        asked.append((one, other))
        return Verdict(Relation.SCENE, "")

    found = group(range(300), [(a, b) for b in range(300) for a in range(b)], judge)
    assert [len(scene) for scene in found.scenes] == [300]
    assert len(asked) < 1000


def shots(*pictures: Picture) -> dict[int, Picture]:
    return dict(enumerate(pictures))


def named(found, pictures):
    result = sort_out(found, pictures, {n: n for n in pictures})
    return [(one.what, one.pictures) for one in result.series], result.stars


def test_frames_that_a_camera_took_at_other_times_are_a_burst():
    pictures = shots(
        *(Picture(f"a{n}", camera="C", taken_at=NOON + timedelta(seconds=n), width=9, height=6) for n in range(3))
    )
    series, stars = named(Found([Star(0, {1: SAME, 2: SAME})], []), pictures)
    assert series == [(BURST, [0, 1, 2])]
    assert stars == []


def test_a_copy_that_kept_its_time_is_no_frame():
    picture = Picture("a", camera="C", taken_at=NOON, width=9, height=6)
    series, stars = named(Found([Star(0, {1: SAME})], []), shots(picture, picture))
    assert series == []
    assert list(stars[0].members) == [1]


def test_the_frames_of_a_panorama_are_no_crops_of_it():
    pano = Picture("pano", camera="C", taken_at=NOON, width=20, height=6)
    frames = (Picture("a", camera="C", taken_at=NOON + timedelta(seconds=2 * n), width=9, height=6) for n in range(3))
    pictures = shots(pano, *frames, Picture("crop", camera="C", taken_at=NOON, width=5, height=5))
    series, (star,) = named(Found([Star(0, dict.fromkeys(range(1, 5), CROPPED))], []), pictures)
    assert series == [(BURST, [0, 1, 2, 3])]
    assert list(star.members) == [4]


def test_a_clock_set_to_another_zone_is_no_other_time():
    there, back = (Picture("a", camera="C", taken_at=NOON + timedelta(hours=h), width=9, height=6) for h in (0, 2))
    assert named(Found([Star(0, {1: SAME})], []), shots(there, back))[0] == []


@pytest.mark.parametrize("minutes", [[15 * n for n in range(6)], [60 * n for n in range(3)], [0, 15, 45, 60]])
def test_a_time_lapse_of_quarters_of_an_hour_is_no_clock_set_to_other_zones(minutes):
    frames = shots(
        *(
            Picture(f"cam {'abcdef'[n]}.jpg", "/a", camera="C", taken_at=NOON + timedelta(minutes=m), width=9, height=6)
            for n, m in enumerate(minutes)
        )
    )
    alike = Found([Star(0, dict.fromkeys(range(1, len(frames)), SAME))], [])
    series, stars = named(alike, frames)
    assert stars == []
    assert [pictures for _, pictures in series] == [list(frames)]
    there_and_back = dict(frames)
    for n in range(2, len(frames)):  # copies of the two
        there_and_back[n] = frames[n % 2]
    series, (star,) = named(alike, there_and_back)
    assert series == []
    assert set(star.members) == {*frames} - {0}, "two times are one shot's, in two zones"


def test_a_bursts_next_frame_is_no_third_zone():
    times = (timedelta(0), timedelta(seconds=1), timedelta(hours=2))
    pictures = shots(*(Picture("a", "/a", camera="C", taken_at=NOON + time, width=9, height=6) for time in times))
    series, (star,) = named(Found([Star(0, {1: SAME, 2: SAME})], []), pictures)
    assert series == [(BURST, [0, 1])]
    assert list(star.members) == [2]


def test_numbered_frames_are_a_series_and_numbered_copies_in_other_sizes_are_not():
    frames = shots(*(Picture(f"IMG_{n:04}.jpg", "/a", width=9, height=6) for n in range(5)))
    star = Found([Star(0, dict.fromkeys(range(1, 5), SAME))], [])
    assert named(star, frames)[0] == [(SCENE, [0, 1, 2, 3, 4])]
    copies = frames | {4: Picture("IMG_0004.jpg", "/a", width=3, height=2)}
    assert named(star, copies)[0] == []


def test_what_is_regular_is_a_time_lapse_and_what_is_exposed_otherwise_a_bracket():
    regular = shots(*(Picture(f"{n}", taken_at=NOON + timedelta(minutes=n)) for n in range(6)))
    assert named(Found([], [list(regular)]), regular)[0][0][0] == TIME_LAPSE
    exposures = (0.01, 0.04, 0.0025)
    bracket = shots(
        *(
            Picture(f"{n}", taken_at=NOON + timedelta(seconds=n), exposure=(s, 8.0, 100.0))
            for n, s in enumerate(exposures)
        )
    )
    assert named(Found([], [list(bracket)]), bracket)[0][0][0] == BRACKET


@pytest.mark.parametrize(
    ("exposures", "what"),
    [
        # Four shots by hand with the ISO number left to the camera, as in exif-rotn of ThreatExchange's PDQ samples.
        ([(0.1, 1.7, 320.0), (0.1, 1.7, 500.0), (0.1, 1.7, 500.0), (0.1, 1.7, 200.0)], SCENE),
        ([(0.01, 2.8, 400.0), (0.02, 2.8, 200.0), (0.04, 2.8, 100.0)], SCENE),  # the same light, otherwise
        ([(0.01, 2.8, 100.0), (0.04, 2.8, 125.0), (0.0025, 2.8, 100.0)], BRACKET),
        ([(0.01, 2.8, 100.0), (0.01, 5.6, 100.0), (0.01, 4.0, 100.0)], BRACKET),
        ([(0.01, None, None), (0.04, None, None)], BRACKET),
        ([(None, None, None)] * 3, SCENE),
    ],
)
def test_an_iso_number_that_the_camera_chose_makes_no_bracket(exposures, what):
    times = (timedelta(seconds=seconds) for seconds in (0, 9, 13, 24))
    shots = {n: Picture(f"{n}", taken_at=NOON + next(times), exposure=one) for n, one in enumerate(exposures)}
    assert named(Found([], [list(shots)]), shots)[0] == [(what, list(shots))]


def test_raw_and_jpeg_of_one_shot_are_a_pair():
    pictures = shots(Picture("IMG_1.CR2", "/a", "RAW"), Picture("IMG_1.JPG", "/a", "JPEG"))
    series, stars = named(Found([Star(0, {1: SAME})], []), pictures)
    assert series == [(RAW_AND_JPEG, [0, 1])]
    assert stars == []


def test_raw_and_jpeg_of_one_name_in_one_folder_are_a_pair_however_they_look():
    pictures = shots(
        Picture("IMG_1.CR2", "/a", "RAW"),
        Picture("IMG_1.jpg", "/a", "JPEG"),  # black and white, say: no verdict
        Picture("img_1.HEIC", "/a", "HEIC"),
        Picture("IMG_1.JPG", "/b", "JPEG"),
        Picture("IMG_2.CR2", "photos", "RAW"),  # not in a folder of the user's: names say nothing there
        Picture("IMG_2.JPG", "photos", "JPEG"),
        Picture("IMG_3.CR2", "/a", "RAW", taken_at=NOON, camera="Acme"),
        Picture("IMG_3.JPG", "/a", "JPEG", taken_at=NOON + timedelta(seconds=77), camera="Acme"),
    )
    series, stars = named(Found([Star(0, {1: SAME, 3: SAME})], []), pictures)
    assert series == [(RAW_AND_JPEG, [0, 1, 2])]
    assert [set(star.members) for star in stars] == [{3}]
    assert named(Found([], []), pictures) == ([(RAW_AND_JPEG, [0, 1, 2])], [])


def test_a_smaller_export_of_a_pair_stays_a_duplicate():
    pictures = shots(Picture("IMG_1.CR2", "/a", "RAW"), Picture("IMG_1.JPG", "/a"), Picture("web.jpg", "/a"))
    series, (star,) = named(Found([Star(0, {1: SAME, 2: SAME})], []), pictures)
    assert series == [(RAW_AND_JPEG, [0, 1])]
    assert (star.keeper, set(star.members)) == (0, {2})


def brute_force(gray, turn):
    one, other = hashes(spectra(gray), turn), hashes(spectra(gray))
    far = np.bitwise_count(one[:, None] ^ other[None]).sum(-1)
    return {(i, j) for i, j in np.argwhere(far <= 16) if i < j}


def test_the_bands_find_what_comparing_all_with_all_finds():
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (40, 8, 8)).repeat(6, 1).repeat(6, 2).astype(np.float64)
    gray = np.concatenate([coarse, coarse + rng.normal(0, 4, coarse.shape), coarse[:, :, ::-1]])
    gray = np.clip(gray, 0, 255).astype(np.uint8)
    for turn, pairs in by_hash(spectra(gray)):
        assert brute_force(gray, turn) <= {tuple(pair) for pair in pairs.tolist()}


def test_pictures_that_share_descriptions_are_candidates():
    rng = np.random.default_rng(4)
    bits = rng.integers(0, 1 << 63, (60, 100), np.uint64)
    bits[41, :12] = bits[7, 50:62]
    pairs = by_keypoints(bits.ravel(), np.repeat(np.arange(60), 100))
    assert (7, 41) in {tuple(pair) for pair in pairs.tolist()}
    assert len(pairs) < 100


def test_the_model_may_have_seen_two_or_three_pictures_only():
    for count in range(5):
        vectors = np.eye(4, 8, dtype=np.float32)[:count]
        assert sum(map(len, by_vectors(vectors))) <= count * (count - 1) // 2


def test_landmarks_lose_hardly_a_pair_that_is_near():
    rng = np.random.default_rng(6)
    vectors = rng.standard_normal((6000, 64)).astype(np.float32)
    vectors[3000:3400] = vectors[:400] + 0.25 * vectors[3000:3400]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = {tuple(pair) for found in by_vectors(vectors) for pair in found.tolist()}
    assert sum((n, 3000 + n) in pairs for n in range(400)) >= 390


def test_what_watches_the_search_can_end_it():
    class Enough(Exception):  # noqa: N818
        pass

    def enough(share):
        assert 0 <= share <= 1
        raise Enough

    spectrum = np.zeros((3, 16, 16), np.float32)
    with pytest.raises(Enough):
        list(by_hash(spectrum, enough))
    with pytest.raises(Enough):
        by_keypoints(np.arange(9, dtype=np.uint64), np.arange(9), enough)


def test_vectors_nearest_each_other_are_candidates():
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((5000, 32)).astype(np.float32)
    vectors[4321] = vectors[17] + 0.05 * vectors[4321]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = {tuple(pair) for found in by_vectors(vectors) for pair in found.tolist()}
    assert (17, 4321) in pairs
    assert len(pairs) < 30_000
