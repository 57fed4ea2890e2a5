"""The pure parts of the page, in the browser that runs them: layout, scroll positions, query and address."""

from __future__ import annotations

import random

import pytest
from page_browser import new_context, opened
from playwright.sync_api import Page, expect
from safelight_server import RunningHelper


@pytest.fixture(scope="module")
def quiet(browser, served: RunningHelper):
    """One page for all of these: they only borrow its modules."""
    context = new_context(browser)
    page = opened(context, served, [])
    expect(page.locator("#count")).to_have_text("96 photos")
    yield page
    context.close()


def module(page: Page, name: str, expression: str, argument: object = None) -> object:
    """Evaluate an expression with a module as `m` and the argument as `a`."""
    load = f"""async a => {{
        const at = document.querySelector("script[type=module]").src.replace("main.js", {name!r});
        const m = await import(at);
        return ({expression});
    }}"""
    return page.evaluate(load, argument)


LAID = """(() => {
    const l = m.justify(Uint16Array.from(a.aspects), a.width, a.wanted, 4);
    return {start: [...l.start.slice(0, l.rows + 1)], top: [...l.top.slice(0, l.rows)],
        height: [...l.height.slice(0, l.rows)], rows: l.rows, total: l.total,
        ratios: a.aspects.map(m.ratio), rowOf: a.aspects.map((_, i) => m.rowOf(l, i)),
        boxes: a.aspects.map((_, i) => m.boxOf(l, a.aspects, i, 4)),
        below: a.aspects.map((_, i) => m.beside(l, a.aspects, i, 1, 4))};
})()"""


@pytest.mark.parametrize("seed", range(8))
def test_rows_fill_the_width_and_hold_every_photo_once(quiet: Page, seed):
    chance = random.Random(seed)
    aspects = [
        chance.choice([1, 300, 667, 750, 1000, 1333, 1500, 1778, 3000, 65535]) for _ in range(chance.randint(1, 400))
    ]
    width, wanted = chance.choice([360, 900, 2500]), chance.choice([124, 208])
    laid = module(quiet, "layout.js", LAID, {"aspects": aspects, "width": width, "wanted": wanted})
    assert laid["start"][0] == 0
    assert laid["start"][-1] == len(aspects)
    assert all(before < after for before, after in zip(laid["start"], laid["start"][1:], strict=False))
    for row in range(laid["rows"]):
        shown = range(laid["start"][row], laid["start"][row + 1])
        across = sum(laid["ratios"][i] * laid["height"][row] for i in shown) + 4 * (len(shown) - 1)
        last = row == laid["rows"] - 1
        assert across == pytest.approx(width, abs=0.5) or (last and across < width)
        assert all(laid["rowOf"][i] == row for i in shown)
        assert row == 0 or laid["top"][row] == pytest.approx(
            laid["top"][row - 1] + laid["height"][row - 1] + 4, abs=0.01
        )
    assert laid["total"] == pytest.approx(laid["top"][-1] + laid["height"][-1], abs=0.01)
    for index, below in enumerate(laid["below"]):
        row = laid["rowOf"][index]
        assert laid["rowOf"][below] == min(row + 1, laid["rows"] - 1) or below == index
    assert module(quiet, "layout.js", "m.justify(new Uint16Array(0), 900, 200, 4).rows") == 0


def test_past_the_cap_everything_is_reached_and_a_wheel_stays_a_wheel(quiet: Page):
    told = module(
        quiet,
        "scrollmap.js",
        """(() => {
            const map = new m.ScrollMap(10_000), seen = 800, total = 100_000, said = [];
            map.resize(total, seen);
            said.push(map.height);
            map.moved(100); said.push(map.top);             // a wheel
            map.moved(200); said.push(map.top);
            map.moved(4_600); said.push(map.top);           // a jump, half of what there is to scroll
            const before = map.top;
            map.moved(4_500); said.push(before - map.top);  // a wheel, upwards
            map.moved(9_200); said.push(map.top);           // the end
            map.moved(0); said.push(map.top);
            const at = map.go(50_000); said.push(map.top, Math.round(at), Math.round(map.shift));
            map.resize(5_000, seen); said.push(map.scale, map.shift, map.top);
            return said;
        })()""",
    )
    assert told == [10_000, 100, 200, 49_600, 100, 99_200, 0, 50_000, 4637, -45_363, 1, 0, 4_200]


PLAIN = {"words": "", "terms": [], "filters": {}, "order": "time", "seed": 0}
PICTURES = [{"picture": "4kq7z2m9xb3c", "weight": 1}, {"picture": "up-4kq7z2m9xb3c", "weight": -0.5}]
FILTERS = {"folder_id": ["a", "b"], "since": "2019", "favorite": True, "rating": 3}
QUERIES = [
    PLAIN,
    PLAIN | {"words": 'a "b" & c=d #?%', "order": "oldest"},
    PLAIN | {"terms": [{"text": "+1:x", "weight": -2.5}, {"text": "~y", "weight": 1}]},
    PLAIN | {"words": "x", "terms": PICTURES, "filters": FILTERS, "order": "random", "seed": 7},
]


@pytest.mark.parametrize("query", QUERIES)
def test_an_address_says_the_query_and_nothing_is_lost(quiet: Page, query):
    assert module(quiet, "query.js", "m.read(m.write(a))", query) == query


def test_an_address_by_anyone_is_no_error(quiet: Page):
    chance = random.Random(3)
    for _ in range(200):
        address = "?" + "".join(chance.choice("qt=&+-~:%2B5rderating0\u202e<>") for _ in range(chance.randint(0, 40)))
        query = module(quiet, "query.js", "m.read(a)", address)
        assert all(-100 <= term["weight"] <= 100 and term["weight"] for term in query["terms"])


@pytest.mark.parametrize(
    ("typed", "words", "terms"),
    [
        ("dog -beach", "dog", [("beach", -1)]),
        ('a +"red car" b', "a b", [("red car", 1)]),
        ("well-known half-timbered", "well-known half-timbered", []),
        ("cat \u2212sofa +2:sun", "cat", [("sofa", -1), ("sun", 2)]),
        ("Paris - Eiffel", "Paris - Eiffel", []),
        ('plain "a phrase"', 'plain "a phrase"', []),
    ],
)
def test_signs_at_the_start_of_words_make_terms(quiet: Page, typed, words, terms):
    expected = {"words": words, "terms": [{"text": text, "weight": weight} for text, weight in terms]}
    assert module(quiet, "query.js", "m.split(a)", typed) == expected


# Whoever holds the lock has the stream, a moment later; without locks each page has its own at once.
NO_LOCKS = 'Object.defineProperty(navigator, "locks", {value: undefined, configurable: true});'

ENDS = (
    f"(() => {{{NO_LOCKS}"
    """
    const told = [];
    let stream;
    window.EventSource = class extends EventTarget {
        constructor() { super(); stream = this; }
        close() {}
    };
    const listen = name => {
        const jobs = new m.Jobs();
        jobs.addEventListener("end", ({detail: {id}}) => told.push(`${name}: ${id}`));
        jobs.listen();
        const send = (id, state) => stream.dispatchEvent(new MessageEvent("job", {data: JSON.stringify({id, state})}));
        return [jobs, send, () => stream.dispatchEvent(new Event("listed"))];
    };
    const [watching, sent, listed] = listen("while watching");
    sent("before", "done");
    sent("long", "running");
    listed();
    sent("long", "done");
    sent("short", "done");
    watching.started({id: "ours", state: "queued"});
    sent("ours", "running");
    sent("ours", "failed");
    sent("ours", "failed");
    const [early, seen, all] = listen("before the list");
    seen("before", "done");
    seen("ours", "done");
    early.started({id: "ours", state: "queued"});
    all();
    return told;
})()"""
)


def test_the_end_of_a_job_is_told_however_short_it_was(quiet: Page):
    """The stream is played: it says what the helper's says, in the orders in which that may come."""
    ended = ["while watching: long", "while watching: short", "while watching: ours", "before the list: ours"]
    assert module(quiet, "jobs.js", ENDS) == ended


BEHIND = (
    f"(() => {{{NO_LOCKS}"
    """
    const made = [], real = window.EventSource;
    window.EventSource = class extends EventTarget {
        constructor() { super(); made.push(this); }
        close() {}
    };
    let hidden = true;
    Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
    new m.Jobs().listen();
    const behind = made.length;
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    delete document.hidden;
    window.EventSource = real;
    return [behind, made.length > 0];
})()"""
)


def test_a_page_that_is_opened_behind_another_takes_no_connection_from_it(quiet: Page):
    """A browser has six to one place: with seven such pages none could ask for anything."""
    assert module(quiet, "jobs.js", BEHIND) == [0, True]


FOLLOWED = """(() => {
    const jobs = new EventTarget(), said = [];
    jobs.running = [];
    let shown = 0;
    const page = {
        isSearch: true, results: {isMeagre: a.nothing}, grid: {photos: null},
        say: text => said.push(text), show: () => (shown += 1),
    };
    m.follow(jobs, {page, isBusy: () => false, isTold: () => a.told});
    const job = {kind: "index", title: "Pictures", state: a.state, error: "the disk is full", counts: a.counts};
    jobs.dispatchEvent(new CustomEvent("end", {detail: job}));
    return [shown, said];
})()"""


@pytest.mark.parametrize(
    ("state", "counts", "nothing", "told", "shown", "said"),
    [
        ("done", {"indexed": 3}, True, False, 1, []),
        ("done", {"indexed": 3}, False, False, 0, ["Photos were indexed meanwhile; search again to find them, too."]),
        ("done", {"indexed": 0}, True, False, 1, []),
        ("failed", {}, False, False, 0, ["Index Pictures failed: the disk is full"]),
        ("failed", {}, False, True, 0, []),
    ],
    ids=["nothing was found before", "something was found", "nothing is new", "failed", "failed in sight"],
)
def test_the_end_of_a_job_is_seen_where_one_is(quiet: Page, state, counts, nothing, told, shown, said):
    ended = {"state": state, "counts": counts, "nothing": nothing, "told": told}
    assert module(quiet, "progress.js", FOLLOWED, ended) == [shown, said]
