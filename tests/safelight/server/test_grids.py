"""Lists of photos are kept exactly as long as they are true."""

from __future__ import annotations

import base64
import random
import re
from pathlib import Path

from indexer.catalog import Catalog
from safelight.config import Settings
from safelight.server.grids import KEPT, Grids
from safelight.server.routes import grid
from safelight.server.shapes import GridIn
from safelight.service import Library


def counts(catalog: Catalog) -> bytes:
    return str(catalog.db.execute("SELECT count(*) FROM root").fetchone()[0]).encode()


def test_an_answer_is_made_again_when_the_catalog_has_changed(tmp_path: Path):
    catalog = Catalog(tmp_path)
    grids = Grids(catalog.path)
    made: list[bytes] = []

    def make() -> bytes:
        made.append(counts(catalog))
        return made[-1]

    assert [grids.get("time", make) for _ in range(3)] == [b"0"] * 3
    assert len(made) == 1
    catalog.add_root("folder", Path("/photos"), 1)
    assert grids.get("time", make) == b"1"
    assert grids.get("time", make) == b"1"
    assert len(made) == 2


def test_what_changes_while_an_answer_is_made_makes_it_stale(tmp_path: Path):
    catalog = Catalog(tmp_path)
    grids = Grids(catalog.path)

    def slow() -> bytes:
        answer = counts(catalog)
        catalog.add_root("folder", Path("/photos"), 1)
        return answer

    assert grids.get("time", slow) == b"0"
    assert grids.get("time", lambda: counts(catalog)) == b"1"


def test_few_are_kept(tmp_path: Path):
    grids = Grids(Catalog(tmp_path).path)
    for number in range(KEPT + 1):
        grids.get(str(number), lambda: b"old")
    assert grids.get("0", lambda: b"new") == b"new"
    assert grids.get(str(KEPT), lambda: b"new") == b"old"


def test_the_page_begins_with_the_grid_s_first_photos_and_with_nothing_that_a_file_says(helper):
    page = helper.ask("GET", "/").body.decode()
    (first,) = re.findall(r'data-first="([^"]*)"', page)
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", first)
    assert base64.b64decode(first) == helper.ask("POST", "/api/v1/grid", {}).body, "all of them: there are few"
    ahead = (
        r'<link rel="preload" as="image".* imagesrcset="/api/v1/photos/(\w{12})/picture/320 1x, .*/\1/picture/640 2x">'
    )
    links = re.findall(ahead, page)
    assert len(links) == len(set(links)) == 6
    assert all(photo_id.encode() in base64.b64decode(first) for photo_id in links)
    other = helper.ask("GET", "/?q=dog").body.decode()
    assert 'data-first=""' in other
    assert "imagesrcset" not in other
    assert "café" not in page
    assert "<b>" not in page


def test_the_first_photos_are_those_of_the_grid_also_where_contents_lie_at_several_places(tmp_path):
    chance = random.Random(3)
    with Library(Settings(), tmp_path / "home") as library:
        db = library.catalog.db
        root = library.catalog.add_root("folder", tmp_path, None)
        with library.catalog.transaction():
            for content in range(1, 301):
                db.execute("INSERT INTO content VALUES (?, ?, 1, ?, 100, 'JPEG')", (content, str(content), content))
            for photo in range(1, 601):
                state = chance.choice(["indexed", "indexed", "missing"])
                taken = chance.choice([None, f"20{photo % 24:02}-01-01T00:00:00"])
                db.execute(
                    "INSERT INTO photo (public_id, root_id, key, name, content_id, state, added_at, taken_at)"
                    " VALUES (?, ?, ?, '', ?, ?, '', ?)",
                    (f"{photo:012}", root.id, str(photo), chance.randint(1, 300), state, taken),
                )
        whole = grid._grid(library, GridIn(), None)  # type: ignore[arg-type]  # there is no folder to look up
        first = grid.first_rows(library)
    count, all_of_them = int.from_bytes(first[4:8], "little"), int.from_bytes(whole[4:8], "little")
    assert 80 < count <= grid.FIRST < all_of_them
    assert first[8 : 8 + 2 * count] == whole[8 : 8 + 2 * count]
    assert first[8 + 2 * count :] == whole[8 + 2 * all_of_them :][: 12 * count]


def test_months_are_those_of_the_list_in_its_order(helper):
    newest = helper.post("/api/v1/grid/months", {})["months"]
    assert sum(month["photos"] for month in newest) == helper.ask("POST", "/api/v1/grid", {}).body[4] == 13
    assert helper.post("/api/v1/grid/months", {"order": "oldest"})["months"] == newest[::-1]
    assert helper.post("/api/v1/grid/months", {"order": "random"})["months"] == []
    (one,) = helper.post("/api/v1/grid/months", {"filters": {"format": ["jpeg"]}})["months"]
    assert one["photos"] == 1
    assert re.fullmatch(r"\d{4}-\d{2}", one["month"])


def test_facets_are_those_of_now(helper, photos):
    facets = helper.get("/api/v1/facets")
    assert helper.get("/api/v1/facets") == facets
    assert sum(facet["photos"] for facet in facets["formats"]) == helper.get("/api/v1/status")["photos"]["indexed"]
    folder = next(folder for folder in facets["folders"] if folder["name"] == "2019")
    asked = {"filters": {"folder_id": [folder["id"]]}}
    assert helper.ask("POST", "/api/v1/grid", asked).body[4] == 12
