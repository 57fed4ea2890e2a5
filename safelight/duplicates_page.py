"""A page of the report of near-duplicates: self-contained, without a script, every text escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from safelight.duplicates import SERIES, Group, Member

Illustrated = tuple[Group, Sequence[bytes | None]]
"""A group, and JPEGs of its first members; None where a picture could not be had."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all pages.

    Attributes:
        groups: Of duplicates.
        spare: Photos beside those to keep.
        spare_bytes: What these take.
        pairs: How many series are one photo each, in words; "" where none are.
    """

    groups: int
    spare: int
    spare_bytes: int
    series: int
    pairs: str = ""


def summary(groups: Iterable[Group], pairs: str = "") -> Summary:
    """Count.

    Args:
        pairs: How many series are one photo each, in words.
    """
    number, spare, size_bytes, series = 0, 0, 0, 0
    for group in groups:
        if group.kind == SERIES:
            series += 1
            continue
        number += 1
        spare += len(group.members) - 1
        size_bytes += sum(member.size_bytes for member in group.members[1:])
    return Summary(number, spare, size_bytes, series, pairs)


def page(counts: Summary, groups: Iterable[Illustrated], names: Sequence[str], number: int) -> Iterator[str]:
    """Yield the text of one page.

    Args:
        counts: Over all pages.
        groups: This page's.
        names: The files of all pages.
        number: This page's, from 1.
    """
    yield _HEAD
    yield f"<h1>Near-duplicates</h1>{_lead(counts)}"
    links = "".join(_page_link(name, n, n == number) for n, name in enumerate(names, 1))
    bar = f'<nav aria-label="Pages">{links}</nav>' if len(names) > 1 else ""
    yield bar
    for group, jpegs in groups:
        yield from _section(group, jpegs)
    yield f"{bar}<footer>Nothing was deleted or changed. What you decide stays: "
    yield "<code>safelight duplicates decide --keep ID</code>, <code>--different ID ID</code>.</footer></main></html>\n"


def _lead(counts: Summary) -> str:
    pairs = f"<p>{escape(counts.pairs)}.</p>" if counts.pairs else ""
    if not counts.groups and not counts.series:
        return f'<p class="lead">No photo is there twice.</p>{pairs}'
    lead = f'<p class="lead">{counts.groups:,} groups, {counts.spare:,} photos that are there in a better version.</p>'
    series = f" {counts.series:,} series are not duplicates: bursts, brackets, pairs." if counts.series else ""
    return f"{lead}<p>These take {size_text(counts.spare_bytes)}.{series}</p>{pairs}"


def size_text(size_bytes: int) -> str:
    """Write a size as people read it."""
    size, unit = float(size_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:,.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"


def _page_link(name: str, number: int, here: bool) -> str:
    return (
        f"<b>{number}</b>" if here else f'<a href="{escape(quote(f"./{name}", errors="surrogateescape"))}">{number}</a>'
    )


def _section(group: Group, jpegs: Sequence[bytes | None]) -> Iterator[str]:
    title = f"{group.what or group.kind}, {len(group.members)} photos"
    yield f'<section class="{"series" if group.kind == SERIES else "group"}"><h2>{escape(title)}</h2><ul>'
    for member, jpeg in zip(group.members, jpegs, strict=False):
        yield _item(member, jpeg)
    yield "</ul>"
    if len(jpegs) < len(group.members):
        yield f"<p>and {len(group.members) - len(jpegs):,} more</p>"
    yield "</section>\n"


def _item(member: Member, jpeg: bytes | None) -> str:
    picture = '<span class="none">no picture now</span>'
    if jpeg is not None:
        data = base64.b64encode(jpeg).decode()
        picture = f'<img alt="" loading="lazy" src="data:image/jpeg;base64,{data}">'
    name = escape(member.name)
    folder = ""
    if member.path is not None:
        link = escape(Path(member.path).absolute().as_uri())
        picture, name = f'<a href="{link}">{picture}</a>', f'<a href="{link}">{name}</a>'
        folder = f'<span class="soft">{escape(str(Path(member.path).parent))}</span>'
    size = f"{member.width} x {member.height}, {size_text(member.size_bytes)}" if member.width else ""
    keeps = member.relation == "keeper"
    relation = "keep" if keeps else "" if member.relation == SERIES else member.relation
    badge = f'<span class="badge">{escape(relation)}</span>' if relation else ""
    reason = "" if member.reason == relation or member.relation == SERIES else f"<span>{escape(member.reason)}</span>"
    return (
        f'<li{" class=keep" if keeps else ""}><div class="frame">{picture}</div>{badge}<strong>{name}</strong>{reason}'
        f'<span class="soft">{size}</span>{folder}<code>{escape(member.photo_id)}</code></li>'
    )


_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Near-duplicates</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
:root { --paper: #faf9f7; --card: #fff; --ink: #1d1c1a; --soft: #6d6a64; --line: #e4e1db;
  --good: #1c7346; --good-bg: #e3f3ea; --fair: #8a5a00; --fair-bg: #fbeed5; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #161514; --card: #201f1d; --ink: #edebe6; --soft: #a09c94; --line: #35332f;
    --good: #7fd3a3; --good-bg: #16301f; --fair: #eabf6c; --fair-bg: #38290c; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 3rem 1.5rem; }
h1 { font-size: 1.05rem; font-weight: 600; color: var(--soft); }
h2 { font-size: 1rem; font-weight: 600; margin-bottom: .75rem; }
p, .soft, footer { color: var(--soft); }
.lead { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; color: var(--ink); margin: .25rem 0 .75rem; }
a { color: inherit; text-decoration: none; }
a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem;
  margin-top: 1.25rem; content-visibility: auto; contain-intrinsic-size: auto 20rem; }
ul { list-style: none; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
li { font-size: .85rem; min-width: 0; }
li > * { display: block; overflow-wrap: anywhere; }
.frame { display: grid; place-items: center; height: 10rem; margin-bottom: .4rem; border-radius: .4rem;
  background: var(--paper); border: 2px solid transparent; overflow: hidden; }
.keep .frame { border-color: var(--good); }
img { display: block; max-width: 100%; max-height: 9.6rem; }
.none { color: var(--soft); font-size: .8rem; }
.badge { display: inline-block; font-size: .8rem; font-weight: 500; padding: .05rem .6rem; border-radius: 1rem;
  color: var(--fair); background: var(--fair-bg); margin-bottom: .2rem; }
.keep .badge { color: var(--good); background: var(--good-bg); }
code { font: .85em ui-monospace, monospace; color: var(--soft); }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem; }
nav * { padding: .2rem .6rem; border-radius: .4rem; } nav b { background: var(--ink); color: var(--paper); }
footer { margin-top: 1.5rem; font-size: .85rem; }
@media (max-width: 30rem) { main { padding: 1.5rem 1rem; } ul { grid-template-columns: 1fr 1fr; } }
</style>
<main>
"""
