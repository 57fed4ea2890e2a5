"""The plug-in's modules that know nothing of Lightroom: tokens, rules, pieces, paths, quoting."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lua.fake.marshal import from_text, plain, text
from lua.real_helper import PLUGIN
from lupa import lua51


def load():
    """A Lua with `require` for the plug-in's folder, and nothing of Lightroom's."""
    runtime = lua51.LuaRuntime(encoding="latin-1", unpack_returned_tuples=True)
    lua = runtime.globals()
    loaded = {}

    def require(name: str):
        if name not in loaded:
            loaded[name] = runtime.execute((PLUGIN / f"{name}.lua").read_bytes().decode("latin-1"))
        return loaded[name]

    lua["require"] = require
    lua["LOC"] = lambda shown, *_: shown
    return runtime, require


LUA, require = load()
Tokens, Rules, Batches = require("Tokens"), require("Rules"), require("Batches")
tokens = st.integers(0, 10**8 - 1).map("sq{:08d}".format)


@given(st.lists(tokens, unique=True, max_size=60), tokens)
def test_a_token_is_added_once_and_leaves_the_others(several, one):
    value = None
    for token in several:
        after = Tokens["add"](value, token)
        value = after if isinstance(after, str) else value
    held = (value or "").split()
    assert held == several[:46]
    assert len(value or "") <= 511
    added = Tokens["add"](value, one)
    if one in held:
        assert added == value
    elif len(held) == 46:
        assert added == (None, "full")
    else:
        assert Tokens["remove"](added, one) == value


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2019-07-04", "2019-07-04"),
        (" 2019-07-04 ", "2019-07-04"),
        ("2019-13-01", None),
        ("2019-7-4", None),
        ("x", None),
    ],
)
def test_days(typed, day):
    assert Rules["day"](typed) == day


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_text_is_cut_between_letters(long, most):
    short = text(require("Marks")["cut"](from_text(long), most))
    assert long.startswith(short)
    assert len(short.encode()) <= most
    assert short == long or len(short.encode()) > most - 4


@given(st.text(max_size=400))
def test_names_of_collections_are_one_short_line(typed):
    name = text(require("Finding")["name"](from_text(typed)))
    assert len(name.encode()) <= 100
    assert "\n" not in name


@given(st.lists(st.integers(0, 250), max_size=30))
def test_steps_hold_every_item_in_order_and_few_photos(sizes):
    """0 stands for an item that writes to a photo by itself, the others for collections' items of so many."""
    items = LUA.table_from([LUA.table_from({"photos": LUA.table_from(range(n))}) if n else LUA.table() for n in sizes])
    steps, following = [], Batches["steps"](items)
    while (step := following()) is not None:
        steps.append([len(item["photos"]) if item["photos"] is not None else 0 for item in step.values()])
    assert [size for step in steps for size in step] == sizes
    assert all(sum(size or 1 for size in step) <= 200 or len(step) == 1 for step in steps)


@given(st.text(max_size=40))
def test_a_name_in_a_url_is_itself_again(name):
    from urllib.parse import unquote

    encoded = require("Index")["encoded"](from_text(name))
    assert encoded.isascii()
    assert unquote(encoded) == name


@settings(deadline=None)  # a shell is started for each
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), max_size=4))
def test_the_shell_gets_every_argument_as_it_is(arguments):
    given_ = LUA.table_from([from_text(argument) for argument in arguments])
    line = text(require("Launch")["line"](given_, "/dev/null", False))
    quoted = line.removeprefix("nohup ").removesuffix(" > '/dev/null' 2>&1 < /dev/null &")
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {quoted}"], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == (arguments or [""])


class Shelf:
    """Photos that Spellings searches, as Lightroom does it."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths
        self.asked: list[list[str]] = []
        search = LUA.eval("function(f) return function(names) return f(names) end end")(self._search)
        deps = {"search": search, "folders": lambda: LUA.table_from(["/p", "C:\\Users\\me"])}
        self.spellings = require("Spellings")["new"](LUA.table_from(deps))

    def _search(self, names):
        wanted = [name.casefold() for name in plain(names)]
        self.asked.append(wanted)
        found = [p for p in self.paths if p.replace("\\", "/").rsplit("/", 1)[-1].casefold().startswith(tuple(wanted))]
        return LUA.table_from([LUA.table_from({"path": from_text(p), "photo": from_text(p)}) for p in found])

    def find(self, *paths: str) -> list[str | None]:
        refs = LUA.table_from([LUA.table_from({"path": from_text(path)}) for path in paths])
        found = self.spellings["find"](refs)
        return [found[i] and text(found[i]) for i in range(1, len(paths) + 1)]


def test_a_photo_is_found_in_another_case_or_with_other_slashes():
    shelf = Shelf("/p/A.jpg", "/p/sub/A.jpg", r"c:\users\ME\B.jpg", "/p/A.jpg.tif")
    assert shelf.find("/P/a.JPG", "C:/Users/me/b.jpg", "/P/none.jpg") == ["/p/A.jpg", r"c:\users\ME\B.jpg", None]


def test_two_candidates_are_none():
    assert Shelf("/p/A.jpg", "/p/a.jpg").find("/P/a.jpg") == [None]
    assert Shelf("/p/A.jpg", "/p/A.jpg").find("/P/a.jpg") == ["/p/A.jpg"], "a photo and its virtual copy are one file"


def test_what_was_not_found_is_not_looked_for_again():
    shelf = Shelf("/p/A.jpg")
    for _ in range(2):
        assert shelf.find("/p/x.jpg", "/q/y.jpg") == [None, None]
    assert shelf.asked == [["x.jpg"]], "nor what lies in no folder of the catalog"
