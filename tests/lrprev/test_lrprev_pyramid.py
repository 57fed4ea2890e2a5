"""The header's Lua table: what Lightroom writes is read, anything else is an LrprevError, nothing is evaluated."""

from __future__ import annotations

import math
import string
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrprev import LevelSize, LrprevError, Pyramid, lua
from lrprev.container import walk
from lrprev.lua import parse_assignment
from lrprev.pyramid import parse
from lrprev.source import bytes_of

names = st.text(string.ascii_letters + "_", min_size=1, max_size=8).filter(lambda n: n not in ("true", "false", "nil"))
values = st.recursive(
    st.one_of(
        st.booleans(),
        st.none(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
    ),
    lambda inner: st.one_of(st.dictionaries(names, inner, max_size=4), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(value: object) -> str:
    """Write a value as Lua does."""
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n").replace("\r", "\\r")
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{" + "".join(f"\n\t{key} = {written(item)}," for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{ " + "; ".join(written(item) for item in value) + " }"
    return repr(value)


def as_table(value: object) -> object:
    """Say in Python what Lua makes of it: a list has the keys 1, 2, 3 ..."""
    if isinstance(value, dict):
        return {key: as_table(item) for key, item in value.items()}
    if isinstance(value, list):
        return {number: as_table(item) for number, item in enumerate(value, start=1)}
    return value


@given(names, values)
def test_what_lua_writes_is_read_back(name: str, value: object) -> None:
    assert parse_assignment(f"\n{name} = {written(value)}\n".encode()) == (name, as_table(value))


@given(st.binary(max_size=64) | st.text('pyramid={}[]"\\,;.-0123456789ex \n', max_size=64).map(str.encode))
def test_any_bytes_give_a_value_or_the_one_error(text: bytes) -> None:
    for function in (parse_assignment, parse):
        with suppress(LrprevError):
            function(text)


CHANGES = [b"", b",", b"}", b"{", b"=", b'"', b"1"]


@given(names, values, st.data())
def test_the_short_way_reads_what_the_long_way_reads(name: str, value: object, data: st.DataObject) -> None:
    """Headers as Lightroom writes them, and such with a byte changed, lost or added."""
    sizes = [{"height": data.draw(st.integers(0, 99)), "width": 5}] * data.draw(st.integers(0, 3))
    table = written({"a": value, "b": [1, value], "levels": sizes}).replace("; ", ", ").replace(" }", ", }")
    text = bytearray(f"\n{name} = {table}\n".encode())
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 1))] = data.draw(
            st.sampled_from([b"", b",", b"}", b"{", b"=", b'"', b"1"])
        )
    short = lua._plain_assignment(bytes(text))
    if short is not None:
        reader = lua._Reader(bytes(text), 0)
        long = reader.take_name()
        reader.take_sign(b"=")
        assert short == (long, reader.take_value(depth=0))
        reader.take_end()


def test_a_header_as_lightroom_writes_it_is_read_the_short_way(real_previews: list[Path]) -> None:
    for path in real_previews:
        header = next(iter(walk(bytes_of(data := path.read_bytes()), len(data))))
        assert lua._plain_assignment(data[header.data_offset : header.data_end])


def test_keys_in_brackets_and_escapes() -> None:
    text = rb'x = { ["a b"] = "\065\"\\\n", [2] = .5, "first", -7e2, "caf\195\169" }'
    assert parse_assignment(text) == ("x", {"a b": 'A"\\\n', 2: -700.0, 1: "first", 3: "café"})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b"x =",
        b"x = {",
        b"x = }",
        b"x = { 1 2 }",
        b"x = { a = }",
        b"x = { [nil] = 1 }",
        b'x = "open',
        b'x = "\\999"',
        b"x = 1e999",
        b"x = os.exit()",
        b"x = function() end",
        b"x = 1 y = 2",
        b"x = " + b"{" * 100_000,
    ],
)
def test_anything_else_is_an_error(text: bytes) -> None:
    with pytest.raises(LrprevError):
        parse_assignment(text)


def test_long_digit_strings_are_numbers_of_ordinary_size() -> None:
    _, value = parse_assignment(b"x = " + b"9" * 300)
    assert isinstance(value, float)
    assert math.isfinite(value)


HEADER = b"""
pyramid = {
\tcolorProfile = "AdobeRGB",
\tcroppedHeight = 2848,
\tcroppedWidth = 4272.4,
\tdigest = "07CC63f155500a902b21fef7be6585b5",
\tfileTimeStamp = 411156515.25,
\tformatVersion = 3,
\tfromProxy = false,
\tlevels = {
\t\t{
\t\t\theight = 45,
\t\t\twidth = 67,
\t\t},
\t\t{
\t\t\theight = 89,
\t\t\twidth = 134,
\t\t},
\t},
\tquality = "final",
\tsomethingNew = { 1, 2 },
\tuuid = "3829e5fc-7F3F-4B22-94F3-FB5E2C796026",
}
"""


def test_a_header_becomes_a_pyramid() -> None:
    assert parse(HEADER) == Pyramid(
        uuid="3829E5FC-7F3F-4B22-94F3-FB5E2C796026",
        digest="07cc63f155500a902b21fef7be6585b5",
        levels=(LevelSize(1, 67, 45), LevelSize(2, 134, 89)),
        color_profile="AdobeRGB",
        quality="final",
        cropped_width=4272,
        cropped_height=2848,
        file_time=datetime(2014, 1, 11, 18, 8, 35, 250000, tzinfo=UTC),
        format_version=3,
        from_proxy=False,
    )


def test_missing_keys_are_none() -> None:
    assert parse(b"pyramid = {}") == Pyramid()


def test_bytes_that_are_no_text_are_a_string_nevertheless() -> None:
    assert parse_assignment(b'x = { "\xff", a = "fin\xe4l\\\\" }') == ("x", {1: "\ufffd", "a": "fin\ufffdl\\"})


@pytest.mark.parametrize(
    ("good", "bad", "key"),
    [
        (b'"AdobeRGB"', b"7", "color_profile"),
        (b'"AdobeRGB"', b'"Adob\xe9RGB"', "color_profile"),
        (b"2848", b'"2848"', "cropped_height"),
        (b"2848", b"0", "cropped_height"),
        (b"2848", b"-1", "cropped_height"),
        (b"2848", b"0.2", "cropped_height"),
        (b"2848", b"1e300", "cropped_height"),
        (b"2848", b"true", "cropped_height"),
        (b"411156515.25", b"1e30", "file_time"),
        (b"411156515.25", b"-63113817601", "file_time"),
        (b"false", b"0", "from_proxy"),
        (b'"final"', b"{ 3 }", "quality"),
        (b'"07CC63f155500a902b21fef7be6585b5"', b'"../../../etc/passwd"', "digest"),
        (b'"3829e5fc-7F3F-4B22-94F3-FB5E2C796026"', b'"3829e5fc/7F3F-4B22-94F3-FB5E2C796026"', "uuid"),
    ],
)
def test_a_known_key_with_an_odd_value_is_unknown_and_costs_no_other(good: bytes, bad: bytes, key: str) -> None:
    assert good in HEADER
    found = parse(HEADER.replace(good, bad))
    (problem,) = found.problems
    assert found._replace(problems=()) == parse(HEADER)._replace(**{key: None})
    assert problem.startswith(f"{key.split('_')[0]}")


@pytest.mark.parametrize(
    ("good", "bad", "left"),
    [
        (b"height = 45", b"depth = 45", (LevelSize(2, 134, 89),)),
        (b"{\n\t\t\theight = 45,\n\t\t\twidth = 67,\n\t\t}", b"45", (LevelSize(2, 134, 89),)),
        (b"height = 45", b'height = "45"', (LevelSize(2, 134, 89),)),
        (HEADER[HEADER.index(b"{\n\t\t{") : HEADER.index(b",\n\tquality")], b"7", ()),
        (HEADER[HEADER.index(b"{\n\t\t{") : HEADER.index(b",\n\tquality")], b"{%s}" % (b"{}," * 65), ()),
    ],
)
def test_a_level_with_an_odd_size_is_not_listed(good: bytes, bad: bytes, left: tuple[LevelSize, ...]) -> None:
    assert good in HEADER
    found = parse(HEADER.replace(good, bad))
    (problem,) = found.problems
    assert problem.startswith("levels")
    assert found._replace(problems=()) == parse(HEADER)._replace(levels=left)


def test_a_time_that_lightroom_never_knew_is_nothing_odd() -> None:
    found = parse(HEADER.replace(b"411156515.25", b"-63113817600"))
    assert (found.file_time, found.problems) == (None, ())


def test_another_name_is_an_error() -> None:
    with pytest.raises(LrprevError):
        parse(HEADER.replace(b"pyramid", b"obelisk"))


def test_errors_count_from_the_start_of_the_file() -> None:
    with pytest.raises(LrprevError) as error:
        parse(b"pyramid = ?", offset_bytes=32)
    assert error.value.offset == 32 + len("pyramid = ")
