"""Which catalog speaks to the bridge, whatever leads to it, and which may be read."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from bridge_photos import CATALOG, catalog_at, hello
from PIL import Image

from safelight.bridge import BridgeError, consent
from safelight.bridge.known import catalog_path


@pytest.mark.parametrize("linked", ["indexed", "opened"])
def test_a_catalog_behind_a_link_is_the_same(library, planted, bridge, tmp_path, linked):
    """Indexed through a link and opened without, or the other way round; that the photo has no path leaves the UUID."""
    real = catalog_at(tmp_path / "real")
    (tmp_path / "link").symlink_to(real.parent)
    link = tmp_path / "link" / real.name
    indexed, opened = (link, real) if linked == "indexed" else (real, link)
    planted.roots["real"] = library.catalog.add_root("lightroom", indexed, None)
    planted.add("real", "UUID-R", "/gone/r.jpg", [0.9, 0.2, 0, 0], 9)
    catalog_id = hello(bridge, opened)
    question = {"like": [{"path": "/photos/c.jpg"}]}
    assert "UUID-R" in [p["uuid"] for p in bridge.search({"catalog": catalog_id, "question": question})["photos"]]
    assert bridge.catalog_to_index({"catalog": catalog_id}) == str(indexed), "no second place for one file"


def test_one_catalog_has_one_journal_however_it_is_opened(bridge, tmp_path):
    real = catalog_at(tmp_path / "real")
    (tmp_path / "link").symlink_to(real.parent)
    link = tmp_path / "link" / real.name
    assert hello(bridge, real) == hello(bridge, link) == hello(bridge, real)
    (known,) = bridge.actions.plugins()
    assert known.path == str(real), "as it was said last"
    run = bridge.journal_begin({"catalog": hello(bridge, link), "title": "x"})["run"]
    bridge.journal_add({"run": run, "changes": [{"op": "field"}]})
    assert bridge.journal_last({"catalog": hello(bridge, real)})["run"] == run


def test_two_files_whose_paths_look_alike_are_two_catalogs(library, bridge, tmp_path):
    lower, upper = catalog_at(tmp_path / "work"), catalog_at(tmp_path / "WORK")
    library.catalog.add_root("lightroom", lower, None)
    assert catalog_path(library, str(upper)) == str(upper)
    assert hello(bridge, lower) != hello(bridge, upper)


def test_other_machines_are_not_asked_which_file_a_path_names(library, bridge, monkeypatch):
    asked, stat = [], os.stat
    monkeypatch.setattr(os, "stat", lambda path, **how: asked.append(str(path)) or stat(path, **how))
    library.catalog.add_root("lightroom", Path("//elsewhere/y/C.lrcat"), None)
    for said in (r"\\elsewhere\x\C.lrcat", "//elsewhere/x/C.lrcat", "/here/C.lrcat"):
        assert catalog_path(library, said) == said
        hello(bridge, said)
    assert "/here/C.lrcat" in asked
    assert not any("elsewhere" in path for path in asked)


# Which catalog may be read


@pytest.fixture
def stranger(bridge, tmp_path) -> tuple[str, Path]:
    """A catalog in no usual folder, and its id."""
    path = tmp_path / "far" / "X.lrcat"
    path.parent.mkdir()
    path.touch()
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": str(path), "lightroom": "14.3"}
    return bridge.hello(hello)["catalog"], path


def test_a_path_of_a_request_alone_is_not_opened(bridge, stranger):
    with pytest.raises(BridgeError, match="opens no file on a request") as caught:
        bridge.catalog_to_index({"catalog": stranger[0]})
    assert caught.value.code == "no_place"
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    with pytest.raises(BridgeError, match="choose Index This Catalog first"):
        bridge.thumbnail({"catalog": stranger[0], "uuid": "U", "name": "x"}, stream.getvalue(), np.ones(4, np.float32))
    assert bridge.library.catalog.roots() == [], "nor does a thumbnail make a place of it"


def test_what_the_plugin_wrote_into_our_folder_is(bridge, stranger):
    catalog_id, path = stranger
    file = bridge.library.home / consent.FILE_NAME
    with file.open("w") as writing:  # in place, as Lua does it: it stays this user's alone
        writing.write(str(path))
    assert bridge.catalog_to_index({"catalog": catalog_id}) == str(path)
    file.write_text("/other/Y.lrcat")
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})


def test_a_file_that_others_could_have_written_is_not_believed(bridge, stranger, tmp_path):
    catalog_id, path = stranger
    file = bridge.library.home / consent.FILE_NAME
    file.write_text(str(path))
    file.chmod(0o666)
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text(str(path))
    elsewhere.chmod(0o600)
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})


def test_a_catalog_that_was_indexed_before_is_known(bridge, planted, catalog_id):
    assert bridge.catalog_to_index({"catalog": catalog_id}) == CATALOG


@pytest.mark.parametrize(
    ("protocol", "todo"), [(0, "safelight lightroom install"), (2, "upgrade Safelight"), ("1", "install")]
)
def test_another_protocol_is_refused_with_what_to_do(bridge, protocol, todo):
    with pytest.raises(BridgeError, match=todo) as caught:
        bridge.hello({"protocol": protocol, "plugin": "9", "catalog": CATALOG, "lightroom": "14"})
    assert caught.value.code == "wrong_version"


def test_a_catalog_keeps_its_id(bridge, catalog_id):
    again = bridge.hello({"protocol": 1, "plugin": "0.2.0", "catalog": CATALOG, "lightroom": "15"})
    assert again["catalog"] == catalog_id
    (known,) = bridge.actions.plugins()
    assert (known.plugin, known.alive) == ("0.2.0", True)
    with pytest.raises(BridgeError, match="say hello first"):
        bridge.poll({"catalog": "0" * 16})
