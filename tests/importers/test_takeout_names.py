"""Google Takeout's names: every rule that is known as a case, a real tree whole, and generated exports."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from takeout_exports import SAMPLE

from importers.takeout_names import agrees, cut, is_video, match_sidecars, units
from importers.takeout_pairs import EDITED, MADE, match_motion, match_originals, relate

FACES = "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋"

# (the files, the JSON files, what belongs to what), each rule as it was seen in an export
RULES = {
    "a JSON of today": (["IMG.jpg"], ["IMG.jpg.supplemental-metadata.json"], {"IMG.jpg": 0}),
    "a JSON of old": (["IMG.jpg"], ["IMG.jpg.json"], {"IMG.jpg": 0}),
    "both in one export": (
        ["a.jpg", "b.jpg"],
        ["b.jpg.supplemental-metadata.json", "a.jpg.json"],
        {"a.jpg": 1, "b.jpg": 0},
    ),
    "another photo's": (["PXL_20211013_220651958.jpg"], ["PXL_20211013_220651983.jpg.json"], {}),
    "a counter moves behind the suffix": (
        ["IMG.jpg", "IMG(1).jpg"],
        ["IMG.jpg.json", "IMG.jpg(1).json"],
        {"IMG.jpg": 0, "IMG(1).jpg": 1},
    ),
    "a counter moves behind the supplement": (
        ["IMG.jpg", "IMG(1).jpg", "IMG(12).jpg"],
        [f"IMG.jpg.supplemental-metadata{n}.json" for n in ("(1)", "(12)", "")],
        {"IMG.jpg": 2, "IMG(1).jpg": 0, "IMG(12).jpg": 1},
    ),
    "another counter": (["DSC(1).JPG"], ["DSC.JPG(2).json"], {}),
    "a counter without its file": (["DSC.JPG"], ["DSC.JPG(1).json"], {}),
    "a counter without its JSON": (["DSC(1).JPG"], ["DSC.JPG.json"], {}),
    "a counter that is the name's own": (
        ["IMG(1).jpg", "IMG.jpg"],
        ["IMG(1).jpg.supplemental-metadata.json", "IMG.jpg.supplemental-metadata.json"],
        {"IMG(1).jpg": 0, "IMG.jpg": 1},
    ),
    "a counter of a name with one of its own": (
        ["IMG(1).jpg", "IMG(1)(1).jpg"],
        ["IMG(1).jpg.json", "IMG(1).jpg(1).json"],
        {"IMG(1).jpg": 0, "IMG(1)(1).jpg": 1},
    ),
    "the supplement is cut to a dot": ([f"{'x' * 41}.jpg"], [f"{'x' * 41}.jpg..json"], {f"{'x' * 41}.jpg": 0}),
    "the supplement is cut within": (
        ["PXL_20230102_030405678.PORTRAIT.jpg"],
        ["PXL_20230102_030405678.PORTRAIT.jpg.supplement.json"],
        {"PXL_20230102_030405678.PORTRAIT.jpg": 0},
    ),
    "the supplement is cut elsewhere": (["IMG.jpg"], ["IMG.jpg.suppl.json"], {"IMG.jpg": 0}),
    "the name's suffix is cut": ([f"{'y' * 43}.jpg"], [f"{'y' * 43}.jp.json"], {f"{'y' * 43}.jpg": 0}),
    "file and JSON are both cut": ([f"{'z' * 47}.jpg"], [f"{'z' * 46}.json"], {f"{'z' * 47}.jpg": 0}),
    "a suffix of five": ([f"{'z' * 46}.jpeg"], [f"{'z' * 46}.json"], {f"{'z' * 46}.jpeg": 0}),
    "both cut, and counted": (
        [f"{'z' * 47}(494).jpg"],
        [f"{'z' * 46}(494).json", f"{'z' * 46}(185).json"],
        {f"{'z' * 47}(494).jpg": 0},
    ),
    "a cut suffix, and counted": (
        [f"{'y' * 44}(1).jpg", f"{'y' * 44}.jpg"],
        [f"{'y' * 44}.j(1).json", f"{'y' * 44}.j.json"],
        {f"{'y' * 44}(1).jpg": 0, f"{'y' * 44}.jpg": 1},
    ),
    "cut at UTF-16 units, not letters nor bytes": ([f"{FACES}😛.jpg"], [f"{FACES}.json"], {f"{FACES}😛.jpg": 0}),
    "not cut at all": (
        [f"{'long name ' * 6}.jpg"],
        [f"{'long name ' * 6}.jpg.supplemental-metadata.json"],
        {f"{'long name ' * 6}.jpg": 0},
    ),
    "only the file is cut": ([f"{'w' * 47}.jpg"], [f"{'w' * 60}.jpg.json", "v.json"], {f"{'w' * 47}.jpg": 0}),
    "a title without suffix": (
        ["Peanut Butter Balls.jpg"],
        ["Peanut Butter Balls.supplemental-metadata.json"],
        {"Peanut Butter Balls.jpg": 0},
    ),
    "a title without suffix, counted": (["Balls.jpg", "Balls(1).jpg"], ["Balls(1).json"], {"Balls(1).jpg": 0}),
    "a title without suffix, with a number of its own": (
        ["Balls(1).jpg"],
        ["Balls(1).supplemental-metadata.json"],
        {"Balls(1).jpg": 0},
    ),
    "a title without suffix that two might have": (["a.jpg", "a.png"], ["a.json"], {}),
    "a title without suffix beside one with": (
        ["a.jpg", "a.png"],
        ["a.json", "a.jpg.json"],
        {"a.jpg": 1, "a.png": 0},
    ),
    "accents written apart": (
        [unicodedata.normalize("NFD", "Déjà vu.jpg")],
        [unicodedata.normalize("NFC", "Déjà vu.jpg.supplemental-metadata.json")],
        {unicodedata.normalize("NFD", "Déjà vu.jpg"): 0},
    ),
    "a Pixel's": (["PXL_2.MP.jpg"], ["PXL_2.MP.jpg.json"], {"PXL_2.MP.jpg": 0}),
    "a Pixel's second": (["PXL_2.MP~2.jpg"], ["PXL_2.MP~2.jpg.json"], {"PXL_2.MP~2.jpg": 0}),
    "a suffix in another case": (["IMG.JPG"], ["IMG.jpg.json"], {"IMG.JPG": 0}),
    "a suffix in another case, of today": (["IMG.jpg"], ["IMG.JPG.supplemental-metadata.json"], {"IMG.jpg": 0}),
    "a suffix in another case, cut": ([f"{'x' * 41}.JPG"], [f"{'x' * 41}.jpg..json"], {f"{'x' * 41}.JPG": 0}),
    "a suffix in another case, counted": (
        ["IMG.JPG", "IMG(1).JPG"],
        ["IMG.jpg.json", "IMG.jpg(1).json"],
        {"IMG.JPG": 0, "IMG(1).JPG": 1},
    ),
    "a suffix in another case, and a number of its own": (["IMG(1).JPG"], ["IMG(1).jpg.json"], {"IMG(1).JPG": 0}),
    "a suffix in another case, where the same case is there": (
        ["IMG.JPG", "IMG.jpg"],
        ["IMG.jpg.json"],
        {"IMG.jpg": 0},
    ),
    "a suffix in another case, that two might have": (["IMG.JPG", "IMG.Jpg"], ["IMG.jpg.json"], {}),
    "a name in another case": (["img.jpg"], ["IMG.jpg.json"], {}),
    "an album's": (["IMG.jpg"], ["metadata.json", "métadonnées.json"], {}),
    "more files than JSON, all cut: one of them is an edited copy that lost its name": (
        [f"{'z' * 47}.jpg", f"{'z' * 47}(1).jpg", f"{'z' * 47}(2).jpg"],
        [f"{'z' * 46}.json", f"{'z' * 46}(1).json"],
        {f"{'z' * 47}.jpg": 0},
    ),
    "alike once cut, and no titles": (
        [f"{'q' * 46}a.jpg", f"{'q' * 46}b.jpg"],
        [f"{'q' * 46}.json", f"{'q' * 46}(1).json"],
        {},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule(rule: str) -> None:
    media, sidecars, expected = RULES[rule]
    assert match_sidecars(media, sidecars) == {name: sidecars[number] for name, number in expected.items()}


def test_titles_decide_between_names_that_are_alike_once_cut() -> None:
    same = "q" * 46
    titles = {f"{same}.json": f"{same}bcd.jpg", f"{same}(1).json": f"{same}a.jpg"}
    found = match_sidecars([f"{same}a.jpg", f"{same}b.jpg"], titles, titles.get)
    assert found == {f"{same}a.jpg": f"{same}(1).json", f"{same}b.jpg": f"{same}.json"}


def test_titles_keep_a_file_from_the_json_of_one_that_is_not_there() -> None:
    same = "q" * 46
    assert match_sidecars([f"{same}a.jpg"], [f"{same}.json"], lambda name: f"{same}b.jpg") == {}


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("a&b?.jpg", "a_b_.jpg", True),
        ("a&b.jpg", "a-b.jpg", False),
        ("IMG.HEIC", "IMG.jpg", False),
        ("IMG.JPG", "IMG.jpg", True),
        ("St.John", "St.John.jpg", True),
        ("IMG", "IMG.jpg", True),
        ("IMG2", "IMG.jpg", False),
        ("k" * 60 + ".jpg", "k" * 47 + ".jpg", True),
        ("k" * 60 + ".HEIC", "k" * 47 + ".jpg", False),
        ("k" * 46 + ".jpg", "k" * 47 + ".jpg", False),
    ],
)
def test_whether_a_title_can_be_a_files(title: str, name: str, expected: bool) -> None:
    assert agrees(title, name) is expected


# Edited copies


@pytest.mark.parametrize("added", EDITED + MADE)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_copy_leads_to_its_original(added: str, form: str) -> None:
    copy = unicodedata.normalize(form, f"IMG{added}.jpg")
    kinship = relate(["IMG.jpg", copy], ["IMG.jpg.supplemental-metadata.json"])
    assert kinship.originals == {copy: "IMG.jpg"}
    assert kinship.sidecars[copy] == kinship.sidecars["IMG.jpg"] == "IMG.jpg.supplemental-metadata.json"
    assert kinship.copies == {copy}


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (["IMG(1).jpg", "IMG.jpg", "IMG-edited(1).jpg"], {"IMG-edited(1).jpg": "IMG(1).jpg"}),
        (["IMG.HEIC", "IMG-edited.jpg"], {"IMG-edited.jpg": "IMG.HEIC"}),
        (["IMG.JPG", "IMG-edited.jpg"], {"IMG-edited.jpg": "IMG.JPG"}),
        (["IMG.jpg", "IMG.HEIC", "IMG-edited.jpg"], {"IMG-edited.jpg": "IMG.jpg"}),
        (["IMG.jpg", "IMG-EFFECTS-edited.jpg"], {"IMG-EFFECTS-edited.jpg": "IMG.jpg"}),
        ([f"{'x' * 42}.jpg", f"{'x' * 42}-edit.jpg"], {f"{'x' * 42}-edit.jpg": f"{'x' * 42}.jpg"}),
        ([f"{'x' * 43}.jpg", f"{'x' * 43}-edi.jpg"], {f"{'x' * 43}-edi.jpg": f"{'x' * 43}.jpg"}),
        ([f"{'x' * 45}.jpg", f"{'x' * 45}-e.jpg"], {f"{'x' * 45}-e.jpg": f"{'x' * 45}.jpg"}),
        ([f"{'x' * 46}.jpg", f"{'x' * 46}-.jpg"], {f"{'x' * 46}-.jpg": f"{'x' * 46}.jpg"}),
        ([f"{'x' * 47}.jpg", f"{'x' * 47}(1).jpg"], {f"{'x' * 47}(1).jpg": f"{'x' * 47}.jpg"}),
        ([f"{'x' * 44}-ha.jpg", f"{'x' * 44}.jpg"], {f"{'x' * 44}-ha.jpg": f"{'x' * 44}.jpg"}),
        (["IMG.jpg", "IMG-edi.jpg", "IMG-e.jpg", "IMG(1).jpg"], {}),
        (["IMG-edited.jpg"], {"IMG-edited.jpg": "IMG.jpg"}),
        (["-edited.jpg"], {}),
    ],
)
def test_what_a_copy_was_made_from(media: list[str], expected: dict[str, str]) -> None:
    assert match_originals(media, ()) == expected


def test_a_photo_that_came_with_such_a_name_is_no_copy() -> None:
    kinship = relate(["IMG.jpg", "IMG-edited.jpg"], ["IMG.jpg.json", "IMG-edited.jpg.json"])
    assert kinship.originals == {}
    assert kinship.sidecars["IMG-edited.jpg"] == "IMG-edited.jpg.json"


@pytest.mark.parametrize("sidecar", ["IMG.jpg.json", "IMG.HEIC.supplemental-metadata.json"])
def test_a_copy_whose_original_is_in_a_missing_part_is_described_all_the_same(sidecar: str) -> None:
    kinship = relate(["IMG-edited.jpg", "other.jpg"], [sidecar])
    assert (kinship.sidecars, kinship.originals) == ({"IMG-edited.jpg": sidecar}, {})
    assert kinship.copies == {"IMG-edited.jpg"}


def test_a_copy_takes_nothing_from_its_original_where_the_cut_made_them_alike() -> None:
    original, copy, sidecar = f"{'x' * 46}.jpg", f"{'x' * 46}-.jpg", f"{'x' * 46}.json"
    kinship = relate([original, copy], [sidecar], {sidecar: original}.get)
    assert kinship.sidecars == {original: sidecar, copy: sidecar}
    assert kinship.originals == {copy: original}


@pytest.mark.parametrize(
    "added",
    [
        "-измененный",
        "-redigerad",
        "-수정됨",
        "-已編輯",
        "-muokattu",
        "-แก้ไข",
        "-संपादित",
        "-đã chỉnh sửa",
        "-ویرایش\u200cشده",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_copy_leads_to_its_original_in_a_language_that_was_not_seen(added: str, form: str) -> None:
    one, two = (unicodedata.normalize(form, f"IMG{added}{counter}.jpg") for counter in ("", "(1)"))
    kinship = relate(["IMG.jpg", "IMG(1).jpg", one, two], ["IMG.jpg.json", "IMG.jpg(1).json"])
    assert kinship.originals == {one: "IMG.jpg", two: "IMG(1).jpg"}
    assert kinship.sidecars[one] == "IMG.jpg.json"
    assert kinship.sidecars[two] == "IMG.jpg(1).json"
    assert kinship.copies == {one, two}


@pytest.mark.parametrize(
    ("media", "described", "expected"),
    [
        (["IMG.HEIC", "IMG-retušováno.jpg"], ["IMG.HEIC"], {"IMG-retušováno.jpg": "IMG.HEIC"}),
        (["IMG.HEIC", "IMG.jpg", "IMG-x.jpg"], ["IMG.HEIC", "IMG.jpg"], {"IMG-x.jpg": "IMG.jpg"}),
        (["IMG.HEIC", "IMG.png", "IMG-x.jpg"], ["IMG.HEIC", "IMG.png"], {}),  # two that it might be
        (["IMG.jpg", "IMG-수정됨.jpg"], [], {}),
        (["IMG.jpg", "IMG-수정됨.jpg"], ["IMG.jpg", "IMG-수정됨.jpg"], {}),
        (["IMG.jpg", "IMG-2.jpg", "IMG-a2.jpg", "IMG-.jpg", "IMG-a .jpg", "IMGa.jpg"], ["IMG.jpg"], {}),
        (["IMG.jpg", "IMG-a-b.jpg"], ["IMG.jpg"], {}),
        (["IMG.jpg", "IMG-수정됨.mp4"], ["IMG.jpg"], {}),
        (["IMG.jpg", "IMG-수정됨(1).jpg"], ["IMG.jpg"], {}),
    ],
)
def test_words_after_a_dash_make_a_copy_only_of_what_is_described(media, described, expected) -> None:
    assert match_originals(media, described) == expected


# Live and motion photos


@pytest.mark.parametrize(
    ("media", "described", "expected"),
    [
        (["IMG.HEIC", "IMG.MP4"], ["IMG.HEIC"], {"IMG.MP4": "IMG.HEIC"}),
        (["IMG.jpg", "IMG.mov"], ["IMG.jpg"], {"IMG.mov": "IMG.jpg"}),
        (["IMG(1).HEIC", "IMG(1).MP4", "IMG.HEIC"], [], {"IMG(1).MP4": "IMG(1).HEIC"}),
        (["PXL.MP.jpg", "PXL.MP"], ["PXL.MP.jpg"], {"PXL.MP": "PXL.MP.jpg"}),
        (["PXL.jpg", "PXL.MP"], ["PXL.jpg"], {"PXL.MP": "PXL.jpg"}),
        (["PXL.jpg", "PXL.MV"], ["PXL.jpg"], {"PXL.MV": "PXL.jpg"}),
        (["PXL.MP~2.jpg", "PXL.MP~2", "PXL.MP.jpg"], [], {"PXL.MP~2": "PXL.MP~2.jpg"}),
        (
            # Xentraxx/GooglePhotosTakeoutHelper_Neo#119, whose author looked at the pictures
            ["IMG_2552(1).MP4", "IMG_2552.HEIC", "IMG_2552.JPG", "IMG_2552.MP4", "IMG_2551.HEIC", "IMG_2551.MP4"],
            ["IMG_2552.HEIC", "IMG_2552.JPG", "IMG_2551.HEIC"],
            {"IMG_2552.MP4": "IMG_2552.HEIC", "IMG_2552(1).MP4": "IMG_2552.JPG", "IMG_2551.MP4": "IMG_2551.HEIC"},
        ),
        (["IMG.HEIC", "IMG.MP4"], ["IMG.HEIC", "IMG.MP4"], {}),  # a video of its own
        (["IMG.HEIC", "IMG(1).MP4"], [], {}),  # the half of another still, which is not here
        (["clip.MP4"], [], {}),
    ],
)
def test_which_still_moves(media: list[str], described: list[str], expected: dict[str, str]) -> None:
    assert match_motion(media, described) == expected


def test_one_json_is_for_both_halves() -> None:
    for sidecar in ("IMG.HEIC.json", "IMG.json"):
        assert relate(["IMG.HEIC", "IMG.MP4"], [sidecar]).sidecars == {"IMG.HEIC": sidecar, "IMG.MP4": sidecar}
    long = "u" * 46
    kinship = relate([f"{long}.HEIC", f"{long}.MP4"], [f"{long}.json"])
    assert kinship.sidecars == {f"{long}.HEIC": f"{long}.json", f"{long}.MP4": f"{long}.json"}
    assert kinship.motion == {f"{long}.MP4": f"{long}.HEIC"}


# A real tree


def test_a_real_tree(samples) -> None:
    listed = (samples / "takeout" / "takeout-full-tree.txt").read_text().splitlines()
    folders: dict[str, list[str]] = defaultdict(list)
    for line in listed:
        path = PurePosixPath(line)
        if len(path.parts) == 3:
            folders[path.parent.name].append(path.name)
    found, left = {}, []
    for folder, names in folders.items():
        sidecars = [name for name in names if name.endswith(".json")]
        media = [name for name in names if not name.endswith(".json")]
        matched = relate(media, sidecars).sidecars
        found |= {f"{folder}/{name}": f"{folder}/{sidecar}" for name, sidecar in matched.items()}
        left += [f"{folder}/{name}" for name in sidecars if name not in matched.values() and name != "metadata.json"]
    there = {name: row for name, row in SAMPLE.items() if row.get("in_export", True)}
    expected = {name: f"{PurePosixPath(name).parent}/{row['sidecar']}" for name, row in there.items()}
    assert found == expected
    assert sorted(left) == sorted(f"{name}.json" for name in SAMPLE.keys() - there.keys())
    for name, sidecar in expected.items():  # the table itself is right: the JSON is of this photo
        title = json.loads((samples / "takeout" / "Google Photos" / sidecar).read_bytes())["title"]
        assert title == PurePosixPath(name).name.replace("-edited", "").replace("(1)", "")


# Generated exports (by the rule that Google is seen to follow)

STEMS = st.one_of(
    st.text(st.sampled_from("ab1_-. 😀é("), min_size=1, max_size=8),
    st.builds(
        lambda base, tail: base + tail, st.sampled_from(["w" * 40, "😀" * 21, "w" * 44]), st.text("xy.", max_size=8)
    ),
).filter(lambda stem: stem.strip(" .") == stem and not stem.endswith(".json"))
TITLES = st.builds(
    lambda stem, suffix: stem + suffix, STEMS, st.sampled_from([".jpg", ".HEIC", ".jpeg", ".mp4", ".png"])
)


def export(titles: list[str], *, old: set[int]) -> tuple[dict[str, str], dict[str, str]]:
    """Name files and JSON as Google does: returns file -> JSON, and JSON -> title."""
    files, sidecars = Counter[str](), Counter[str]()
    pairs, stated = {}, {}
    for number, title in enumerate(titles):
        stem, _, suffix = title.rpartition(".")
        shown = cut(stem, 51 - units("." + suffix))
        counter = files[f"{shown}.{suffix}".casefold()]
        files[f"{shown}.{suffix}".casefold()] += 1
        kept = cut(title if number in old else title + ".supplemental-metadata", 46)
        of_sidecar = sidecars[kept.casefold()]
        sidecars[kept.casefold()] += 1
        sidecar = kept + (f"({of_sidecar})" if of_sidecar else "") + ".json"
        stated[sidecar] = title
        pairs[shown + (f"({counter})" if counter else "") + f".{suffix}"] = sidecar
    return pairs, stated


@example(["w" * 44 + "xx.jpg", "w" * 44 + "xxx.jpg"], set(), None)  # the first one may look cut
@settings(max_examples=120, deadline=None)
@given(st.lists(TITLES, max_size=8), st.sampled_from([set(), set(range(8))]), st.data())
def test_generated_exports_are_matched_exactly(titles: list[str], old: set[int], data: st.DataObject | None) -> None:
    pairs, stated = export(titles, old=old)
    assert match_sidecars(pairs, stated, stated.get) == pairs
    if pairs and data:  # with a part missing, what is left is matched with its own, or with nothing
        media = data.draw(st.sets(st.sampled_from(sorted(pairs))))
        sidecars = data.draw(st.sets(st.sampled_from(sorted(stated))))
        found = match_sidecars(media, sidecars, stated.get)
        assert found.items() <= pairs.items()


@settings(max_examples=120, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8), st.lists(st.text(max_size=60), max_size=8))
def test_any_names_give_a_match_of_each_json_with_one_file_or_its_kin(media: list[str], others: list[str]) -> None:
    sidecars = [f"{name}.json" for name in (*others, *media)]
    kinship = relate(media, sidecars)
    assert set(kinship.sidecars) <= set(media)
    assert set(kinship.sidecars.values()) <= set(sidecars)
    assert all(is_video(video) and not is_video(still) for video, still in kinship.motion.items())
    own = match_sidecars(media, sidecars)
    assert len(set(own.values())) == len(own)
