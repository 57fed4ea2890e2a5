"""safelight duplicates report: a page that needs nothing else, and never in somebody's way."""

from __future__ import annotations

import base64
import io
import re
import shutil
import threading
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from indexed_library import DEMO, duplicates, ignore, indexed_library
from PIL import Image

from safelight import duplicates_page, duplicates_report
from safelight.cli.entry import cli
from safelight.duplicates import Group, Member
from safelight.errors import SafelightError

HOSTILE = "<script>alert(1)</script>&\"'.jpg"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A cat, a smaller one under a hostile name, and a pagoda twice, whose copy is gone since."""
    base = tmp_path_factory.mktemp("report")
    folder = base / "photos"
    folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", folder / "cat.jpg")
    cat = Image.open(DEMO / "cat.jpg")
    cat.resize((cat.width // 2, cat.height // 2)).save(base / "small.jpg", quality=80)
    (base / "small.jpg").rename(folder / HOSTILE.replace("/", "\N{FRACTION SLASH}"))
    for name in ("a.jpg", "b.jpg"):
        Image.open(DEMO / "pagoda.jpg").save(folder / name, quality=90 if name == "a.jpg" else 50)
    with indexed_library(folder, base / "home") as library:
        groups = duplicates(library)
        assert len(groups) == 2
        (folder / "b.jpg").unlink()
        yield library, groups


def write(library, groups, out, **how):
    stop = how.pop("stop", threading.Event())
    return duplicates_report.write_report(library, groups, out, on_progress=ignore, stop=stop, **how)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else_and_escapes_every_name(library, tmp_path):
    (page,) = write(*library, tmp_path / "out.html")
    text = page.read_text("utf-8")
    tags = Tags(text).tags
    assert "script" not in {tag for tag, _ in tags}
    assert "&lt;script&gt;alert(1)" in text
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    sources = [attrs["src"] or "" for tag, attrs in tags if tag == "img"]
    assert len(sources) == 3
    for source in sources:
        picture = Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))))
        assert max(picture.size) == 160
    links = [attrs["href"] or "" for tag, attrs in tags if tag == "a"]
    assert all(link.startswith("file:///") for link in links)
    assert text.count("no picture now") == 1, "the file that is gone"
    assert "instead of" in text
    assert not list(tmp_path.glob("*part*"))


def test_what_is_there_is_left_alone_unless_told(library, tmp_path, monkeypatch):
    out = tmp_path / "out.html"
    out.write_text("mine")
    with pytest.raises(SafelightError, match="there already"):
        write(*library, out)
    monkeypatch.setenv("SAFELIGHT_HOME", str(library[0].home))
    run = CliRunner().invoke(cli, ["duplicates", "report", "-o", str(out)])
    assert isinstance(run.exception, SafelightError)
    assert out.read_text() == "mine"
    run = CliRunner().invoke(cli, ["duplicates", "report", "-o", str(out), "--overwrite"])
    assert run.exit_code == 0, run.output
    assert out.read_text("utf-8").startswith("<!doctype html>")


def test_many_groups_make_several_pages_and_none_is_replaced_in_passing(library, tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates_report, "GROUPS_A_PAGE", 1)
    (tmp_path / "out-2.html").write_text("mine")
    with pytest.raises(SafelightError, match="out-2.html is there already"):
        write(*library, tmp_path / "out.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-2.html"]
    pages = write(*library, tmp_path / "all.html")
    assert [page.name for page in pages] == ["all.html", "all-2.html"]
    assert 'href="./all-2.html"' in pages[0].read_text("utf-8")


def test_once_stopped_nothing_is_written(library, tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(SafelightError, match="stopped"):
        write(*library, tmp_path / "out.html", stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_clear_line(library, tmp_path):
    with pytest.raises(SafelightError, match="there is no folder .*name another place"):
        write(*library, tmp_path / "nowhere" / "out.html")


def test_a_long_series_shows_its_first_frames():
    frames = tuple(Member(f"{n}", None, f"{n}.jpg", "series", "time-lapse") for n in range(400))
    group = Group("series", "time-lapse", frames)
    counts = duplicates_page.summary([group])
    text = "".join(duplicates_page.page(counts, [(group, [None] * duplicates_report.MEMBERS_SHOWN)], ["x.html"], 1))
    assert "and 376 more" in text
    assert len(re.findall("<li", text)) == 24
