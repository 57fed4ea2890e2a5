"""Near-duplicates in Lightroom with the real finder behind them: found, written with reasons, decided."""

from __future__ import annotations

import json

import pytest
from lua.real_helper import CHECKOUT, Helper, open_catalog
from lua.test_plugin_duplicates import DIALOG, find, keep, part
from PIL import Image, ImageOps


@pytest.fixture(scope="module")
def finding(reader):
    """The running helper of one who has two generated versions of a cat among other pictures."""
    versions = reader.home / "Versions"
    versions.mkdir()
    cat = Image.open(CHECKOUT / "assets" / "demo" / "cat.jpg")
    cat.resize((cat.width // 2, cat.height // 2)).save(versions / "small.jpg", quality=80)
    ImageOps.mirror(cat).save(versions / "mirrored.jpg", quality=60)  # a larger file would be kept
    reader.index(versions)
    return reader


@pytest.fixture
def found(finding, request):
    it = open_catalog(finding, request.node.name, *(finding.home / "Versions").iterdir())
    find(it)
    yield it
    assert it.violations == [], "Lightroom would have refused"


def roles(lr) -> dict[str, str | None]:
    return {u: lr.photo(u).properties.get("duplicateRole") for u in ("CAT", "SMALL", "MIRRORED", "PAGODA")}


def test_what_the_helper_finds_is_written_with_its_reasons(found):
    assert roles(found) == {"CAT": "keeper", "SMALL": "duplicate", "MIRRORED": "duplicate", "PAGODA": None}
    assert "instead of" in found.photo("SMALL").properties["duplicateReason"]
    assert "mirrored" in found.photo("MIRRORED").properties["duplicateReason"]


def test_the_selection_alone_can_be_looked_at(found):
    found.catalog.selected = [found.photo(u).id for u in ("SMALL", "MIRRORED", "PAGODA")]
    found.answer(DIALOG, lambda dialog: dialog.set(scope="selection") or "ok")
    found.answer(DIALOG, "ok")
    found.click("MenuDuplicates.lua")
    assert "1 group with 2 photos." in found.around.dialogs[-1].texts[0]


def keepers(helper: Helper) -> list[str]:
    """What `safelight duplicates` says is to be kept of the groups with one of the cats in it."""
    said = helper.quick("duplicates", "--json", codes=(0, 1))
    groups = [json.loads(line)["members"] for line in said.splitlines()]
    cats = [group for group in groups if {m["name"] for m in group} & {"cat.jpg", "small.jpg", "mirrored.jpg"}]
    return [m["name"] for group in cats for m in group if m["relation"] == "keeper"]


def test_decisions_hold_when_they_are_looked_for_again(found, finding):
    keep(found, "SMALL")
    find(found)
    assert roles(found) == {"CAT": "duplicate", "SMALL": "keeper", "MIRRORED": "duplicate", "PAGODA": None}
    assert keepers(finding) == ["small.jpg"], "the command line honours it, too"
    keep(found, "CAT")  # another one: the first choice holds no more
    find(found)
    assert roles(found)["CAT"] == "keeper"
    assert keepers(finding) == ["cat.jpg"]
    part(found, "MIRRORED", "CAT", "SMALL")
    find(found)
    assert set(roles(found).values()) == {None}
    assert keepers(finding) == []
