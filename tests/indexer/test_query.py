"""What people type becomes the terms they mean; any string gives a Query or a QueryError in one clear line."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query import MAX_TERMS, Term, parse


def terms(words, **options):
    return [(t.value, t.weight) for t in parse(words, **options).terms]


@pytest.mark.parametrize(
    "sentence",
    [
        "cat",
        "a dog running on the beach at sunset",
        "close-up of a flower",
        "black-and-white portrait",
        "Paris, early morning",
        "rock'n'roll",
        'a 27" monitor',
        "aspect 16:9",
        "at 10:30",
        "2001:a space odyssey",
        "C++ conference",
        "50% off",
        "鳥",
        "🐕 on the 🏖️",
        "what's this?",
        "black/white photo",
        "readme.txt on a screen",
    ],
)
def test_a_plain_sentence_is_one_text(sentence):
    assert terms(sentence) == [(sentence, 1.0)]
    assert terms(sentence.split(" ")) == [(sentence, 1.0)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dog -beach", [("dog", 1), ("beach", -1)]),
        ("dog −beach", [("dog", 1), ("beach", -1)]),
        ("dog –beach", [("dog", 1), ("beach", -1)]),
        ("dog --beach", [("dog", 1), ("beach", -1)]),
        ("-beach dog", [("dog", 1), ("beach", -1)]),
        ("cat +window", [("cat", 1), ("window", 1)]),
        ("cat +window asleep", [("cat asleep", 1), ("window", 1)]),
        ("2:cat window", [("window", 1), ("cat", 2)]),
        ("cat -0.5:snow", [("cat", 1), ("snow", -0.5)]),
        ("cat -0,5:snow", [("cat", 1), ("snow", -0.5)]),
        ('"red car" -"blue car"', [("red car", 1), ("blue car", -1)]),
        ("“red car” -„blue car“", [("red car", 1), ("blue car", -1)]),
        ('1.5:"red car" bridge', [("bridge", 1), ("red car", 1.5)]),
        ("Paris - Eiffel tower", [("Paris Eiffel tower", 1)]),
        ("dog + cat", [("dog cat", 1)]),
        ('dog -"wet sand', [("dog", 1), ("wet sand", -1)]),
        ('cat ""', [("cat", 1)]),
        ("close-up -black-and-white", [("close-up", 1), ("black-and-white", -1)]),
    ],
)
def test_signs_weights_and_quotes(line, expected):
    assert terms(line) == expected
    assert terms([line]) == expected, "one argument is a line"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dog", "-beach"], [("dog", 1), ("beach", -1)]),
        (["red car", "-blue car"], [("red car", 1), ("blue car", -1)]),
        (["red car", "-2:blue car"], [("red car", 1), ("blue car", -2)]),
        (["dog -beach", "cat"], [("dog cat", 1), ("beach", -1)]),
        (["two", "dogs", "playing"], [("two dogs playing", 1)]),
    ],
)
def test_arguments_that_the_shell_unquoted(arguments, expected):
    assert terms(arguments) == expected


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("./a.dat", "./a.dat"),
        ("cat.jpg", "cat.jpg"),
        (["/photos/my cat.HEIC"], "/photos/my cat.HEIC"),
        (["IMG_2031 - Copy.jpg"], "IMG_2031 - Copy.jpg"),
        ('"/photos/my cat.jpg"', "/photos/my cat.jpg"),
        ("b2c3d4f5g6h7", "b2c3d4f5g6h7"),
    ],
)
def test_pictures_and_photo_ids_are_recognised(words, path):
    assert parse(words).terms == (Term(path, 1.0, is_picture=True),)


def test_a_picture_takes_words_signs_and_weights_beside_it():
    assert parse(["./cat.jpg", "at", "night", "-0.5:./dog.png"]).terms == (
        Term("at night"),
        Term("./cat.jpg", 1.0, is_picture=True),
        Term("./dog.png", -0.5, is_picture=True),
    )


def test_like_and_unlike_take_any_name():
    query = parse("beach", like=["-odd name", "b2c3d4f5g6h7"], unlike=["x.jpg"])
    assert [(t.value, t.weight, t.is_picture) for t in query.terms] == [
        ("beach", 1, False),
        ("-odd name", 1, True),
        ("b2c3d4f5g6h7", 1, True),
        ("x.jpg", -1, True),
    ]
    assert query.unwanted == query.terms[3:]
    assert parse("", like=["a.jpg"]).terms == (Term("a.jpg", 1.0, is_picture=True),)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "nothing to look for"),
        ([], "nothing to look for"),
        ("-", "nothing to look for"),
        ('""', "nothing to look for"),
        ("\x00\n\t", "nothing to look for"),
        ("-beach", "say what to look for too"),
        ("0:cat", "weight"),
        ("word " * 5000, "longer than"),
        ("+a " * (MAX_TERMS + 1), "terms"),
    ],
)
def test_what_cannot_be_searched_says_so_in_one_line(words, says):
    with pytest.raises(QueryError, match=says) as caught:
        parse(words)
    assert "\n" not in str(caught.value)


typed = st.lists(
    st.one_of(st.sampled_from([*'+-"“”„«»:−–— ', "2:", "-0.5:", "0:", "dog", "a-b", "x.jpg", "\ud800"]), st.text()),
    max_size=12,
).map("".join)


@given(st.one_of(typed, st.lists(typed, max_size=5)))
@example("-\ud800")
@example('-":')
def test_any_string_gives_a_query_or_a_clear_line(words):
    query, problem = None, ""
    try:
        query = parse(words)
    except QueryError as error:
        problem = str(error)
    if query is None:
        assert problem
        assert "\n" not in problem
        return
    assert query.wanted
    for term in query.terms:
        assert term.value.strip()
        assert term.weight != 0
        assert term.value.encode(), "a tokenizer can read it"
        assert not any(c in term.value for c in "\n\r\0")


@given(st.lists(st.from_regex(r"[^\W\d_]{1,8}(-[^\W\d_]{1,8})?", fullmatch=True), min_size=1, max_size=6))
def test_words_without_signs_are_one_text_as_typed(words):
    query = parse(" ".join(words))
    assert len(query.terms) == 1
    assert query.terms[0].weight == 1
