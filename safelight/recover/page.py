"""The report as a page: self-contained, without a script, every text escaped."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from safelight.recover.ledger import IS_THERE, Outcome, Row
from safelight.recover.plan import DEVELOPED, MISSING, SMART

Totals = Mapping[tuple[str, Outcome], int]  # by state and outcome


class Summary(NamedTuple):
    """Counts over all pages.

    Attributes:
        totals: Photos by state and outcome.
        full_size: Recovered photos that are as large as the edited photo was.
        thumbnails: Recovered photos that are thumbnails.
        stale_left: Older renders that were not asked for.
    """

    totals: Totals
    full_size: int
    thumbnails: int
    stale_left: int

    @property
    def photos(self) -> int:
        """Rows in all."""
        return sum(self.totals.values())

    def count(self, *outcomes: Outcome, state: str | None = None) -> int:
        """Count photos that ended so."""
        return sum(n for (s, outcome), n in self.totals.items() if outcome in outcomes and state in (None, s))


def file_name(number: int) -> str:
    """Name a page of the report."""
    return "recovery-report.html" if number == 1 else f"recovery-report-{number}.html"


def page(summary: Summary, rows: Iterable[Row], number: int, pages: int) -> Iterator[bytes]:
    """Yield one page in pieces.

    Args:
        summary: Counts over all pages.
        rows: This page's.
        number: This page's, from 1.
        pages: How many there are.
    """
    yield _encoded(_HEAD, "<h1>Recovered photos</h1>", *_lead(summary), *_figures(summary))
    links = "".join(_page_link(n, n == number) for n in range(1, pages + 1))
    bar = f'<nav aria-label="Pages">{links}</nav>' if pages > 1 else ""
    yield _encoded(bar, '<ul class="photos">')
    for row in rows:
        yield _item(row)
    footer = (
        "<footer>All of it as a table: <a href=recovery-report.csv>recovery-report.csv</a></footer></main></html>\n"
    )
    yield _encoded(f"</ul>{bar}{footer}")


def _encoded(*texts: str) -> bytes:
    return "".join(texts).encode("utf-8", "backslashreplace")


def _lead(summary: Summary) -> Iterator[str]:
    there, lost = summary.count(*IS_THERE), summary.count(Outcome.MISSING, Outcome.FAILED)
    back, wanted = there - summary.thumbnails, there + lost
    full_size = f", {summary.full_size:,} in full size" if back else ""
    if back == wanted == 1:
        share, full_size = "The photo is", ", in full size" if summary.full_size else ""
    elif wanted == 1:
        share = "The photo is not"
    else:
        share = f"All {back:,} photos are" if back == wanted else f"{back:,} of {wanted:,} photos are"
    yield f'<p class="lead">{share} back{full_size}.</p>'
    if few := summary.thumbnails:
        yield f"<p>Of {few:,} {'photo' if few == 1 else 'photos'} there is only a thumbnail.</p>"
    if missing := summary.count(Outcome.MISSING):
        verb = "photo of the catalog has" if missing == 1 else "photos of the catalog have"
        yield f"<p>{missing:,} {verb} no preview at all: Lightroom never made one, or it was discarded.</p>"
    if summary.stale_left:
        yield (
            f"<p>{summary.stale_left:,} older renders, which show a photo before its last edits, were left where they "
            "are; <code>--stale</code> recovers them, too.</p>"
        )


def _figures(summary: Summary) -> Iterator[str]:
    there = IS_THERE
    figures = {
        "recovered": (summary.count(*there), "good"),
        "in full size": (summary.full_size, "good"),
        "only thumbnails": (summary.thumbnails, "bad"),
        "from damaged previews": (summary.count(Outcome.SALVAGED), "fair"),
        "older renders": (summary.count(*there, state="stale"), "fair"),
        "Smart Previews (DNG)": (summary.count(*there, state=SMART), "good"),
        "developed from Smart Previews": (summary.count(*there, state=DEVELOPED), "fair"),
        "unknown to the catalog": (summary.count(*there, state="orphan"), "fair"),
        "left out, not stored in that size": (summary.count(Outcome.LEFT_OUT), "fair"),
        "without a preview": (summary.count(Outcome.MISSING), "bad"),
        "could not be read": (summary.count(Outcome.FAILED), "bad"),
        "not reached yet": (summary.count(Outcome.PLANNED), "fair"),
    }
    yield '<dl class="figures">'
    for name, (value, kind) in figures.items():
        if value:
            yield f'<div class="{kind}"><dt>{name}</dt><dd>{value:,}</dd></div>'
    yield "</dl>"


def _page_link(number: int, here: bool) -> str:
    return f"<b>{number}</b>" if here else f'<a href="{file_name(number)}">{number}</a>'


def _item(row: Row) -> bytes:
    folder, _, name = row.original.rpartition("/")
    title, link, end = escape(name or row.original), "", ""
    if row.is_there:
        link, end = f'<a href="{quote(f"./{row.path}")}">', "</a>"
    details = f'<span class="folder">{escape(folder)}</span>' if folder else ""
    if row.is_there and row.path.rpartition("/")[2] != name:
        details += f'<span class="as">as {escape(row.path.rpartition("/")[2])}</span>'
    if row.note:
        details += f'<span class="note">{escape(row.note)}</span>'
    if row.details:
        details += f"<details><summary>what was found</summary>{escape(row.details)}</details>"
    badges = "".join(f'<span class="badge {kind}">{escape(text)}</span>' for text, kind in _badges(row))
    what = (
        f'{end}<div class="what"><strong>{link}{title}{end}</strong>{details}</div>'
        f'<div class="size">{_size(row)}</div><div class="badges">{badges}</div></li>\n'
    )
    return b"".join((_encoded("<li>", link), *_picture(row), _encoded(what)))


def _picture(row: Row) -> Iterator[bytes]:
    """Yield the picture, which is most of an item: to make it a text first would take as long as the rest."""
    if row.thumbnail is None:
        yield b'<span class="frame none" aria-hidden="true"></span>'
        return
    yield b'<span class="frame"><img alt="" loading="lazy" src="data:image/jpeg;base64,'
    yield base64.b64encode(row.thumbnail)
    yield b'"></span>'


def _size(row: Row) -> str:
    if not row.width or not row.height:
        return ""
    size = f"{row.width}\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}{row.height}"
    if not row.full_width or not row.full_height:
        return size
    if row.is_full_size:
        return f"{size}<small>full size</small>"
    full = f"{row.full_width}\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}{row.full_height}"
    return f"{size}<small>of {full}</small>"


def _badges(row: Row) -> Iterator[tuple[str, str]]:
    kinds = {"current": "good", SMART: "good", MISSING: "bad"}
    if row.is_there or row.state != "current":
        yield row.state, kinds.get(row.state, "fair")
    if row.is_thumbnail:
        yield "thumbnail", "bad"
    if row.outcome is Outcome.SALVAGED:
        yield "salvaged", "fair"
    elif row.outcome is Outcome.LEFT_OUT:
        yield "left out", "fair"
    elif row.outcome is Outcome.FAILED:
        yield "failed", "bad"
    elif row.outcome is Outcome.PLANNED:
        yield "not yet", "fair"


_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Recovered photos</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
:root { --paper: #faf9f7; --card: #fff; --ink: #1d1c1a; --soft: #6d6a64; --line: #e4e1db; --link: #1d1c1a;
  --good: #1c7346; --fair: #8a5a00; --bad: #b3261e; --good-bg: #e3f3ea; --fair-bg: #fbeed5; --bad-bg: #fbe3e1; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #161514; --card: #201f1d; --ink: #edebe6; --soft: #a09c94; --line: #35332f; --link: #edebe6;
    --good: #7fd3a3; --fair: #eabf6c; --bad: #f2a099; --good-bg: #16301f; --fair-bg: #38290c; --bad-bg: #40201d; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 3rem 1.5rem; }
h1 { font-size: 1.05rem; font-weight: 600; color: var(--soft); }
p { max-width: 44rem; color: var(--soft); margin-top: .5rem; }
.lead { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; color: var(--ink); margin: .25rem 0 .75rem; }
code { font: .9em ui-monospace, monospace; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .75rem; margin: 2rem 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .8rem 1rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dt { color: var(--soft); font-size: .85rem; }
dd { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.good dd { color: var(--good); } .fair dd { color: var(--fair); } .bad dd { color: var(--bad); }
.photos { list-style: none; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
li { display: grid; grid-template-columns: 7rem minmax(0, 1fr) 8rem 7.5rem; gap: 1.25rem; align-items: center;
  padding: .75rem 1rem; content-visibility: auto; contain-intrinsic-size: auto 6.5rem; }
li + li { border-top: 1px solid var(--line); }
.frame { display: grid; place-items: center; width: 7rem; height: 5rem; border-radius: .375rem; overflow: hidden; }
.frame img { max-width: 100%; max-height: 100%; border-radius: .25rem; }
.none { border: 1px dashed var(--line); }
.what > * { display: block; overflow-wrap: anywhere; }
.folder, .as, .note, details, small { font-size: .85rem; color: var(--soft); }
.note { color: var(--fair); }
summary { cursor: pointer; }
.size { font-variant-numeric: tabular-nums; white-space: nowrap; }
small { display: block; }
.badges { display: flex; flex-wrap: wrap; gap: .375rem; justify-content: flex-end; }
.badge { font-size: .8rem; font-weight: 500; padding: .1rem .6rem; border-radius: 1rem; }
.badge.good { color: var(--good); background: var(--good-bg); }
.badge.fair { color: var(--fair); background: var(--fair-bg); }
.badge.bad { color: var(--bad); background: var(--bad-bg); }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem; }
nav * { padding: .2rem .6rem; border-radius: .4rem; } nav b { background: var(--ink); color: var(--paper); }
footer { margin-top: 1.5rem; color: var(--soft); font-size: .85rem; } footer a { text-decoration: underline; }
@media (max-width: 42rem) {
  main { padding: 1.5rem 1rem; }
  .lead { font-size: 1.5rem; }
  .figures { grid-template-columns: 1fr 1fr; margin: 1.25rem 0; }
  li { grid-template-columns: 4.5rem minmax(0, 1fr) auto; gap: .25rem .9rem; padding: .75rem;
    align-items: start; }
  li > :first-child { grid-row: 1 / 3; }
  .frame { width: 4.5rem; height: 4.5rem; }
  .what { grid-column: 2 / 4; }
  .size { display: flex; flex-wrap: wrap; gap: 0 .5rem; font-size: .85rem; }
  small { display: inline; }
}
</style>
<main>
"""
