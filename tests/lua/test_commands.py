"""`safelight lightroom` as it is typed, on a library with pictures in it."""

from __future__ import annotations

import json

import pytest
from lua.real_helper import Helper
from lua.smart_files import evaluate


def test_a_smart_collection_is_written_and_holds_what_was_found(helper: Helper, tmp_path):
    file = tmp_path / "animals.lrsmcol"
    said = helper.command("lightroom", "smart-collection", "an animal", "-o", str(file))
    assert "2 photos" in said
    paths = [str(path) for path in sorted(helper.photos.glob("*.jpg"))]
    assert [path.rsplit("/", 1)[-1] for path in evaluate(file.read_bytes(), paths)] == ["cat.jpg", "raccoon.jpg"]


def test_nothing_found_writes_no_file(helper, tmp_path):
    helper.command("lightroom", "smart-collection", "temple", "-o", str(tmp_path / "x.lrsmcol"), code=1)
    assert not (tmp_path / "x.lrsmcol").exists()


def test_a_minus_takes_away_here_too(helper, tmp_path):
    file = tmp_path / "x.lrsmcol"
    helper.command("lightroom", "smart-collection", "an animal", "-raccoon", "-o", str(file))
    assert b"cat.jpg" in file.read_bytes()


def test_push_says_what_becomes_of_it_and_status_shows_it(tmp_path):
    nobody = Helper(tmp_path)
    assert nobody.quick("lightroom", "push", "a kite", "--smart", "--name", "Kites") == "Queued: Kites\n"
    shown = nobody.quick("lightroom", "status", "--json", codes=(1,))  # no Lightroom has spoken yet
    assert [json.loads(line) for line in shown.splitlines()] == [
        {"action": "smart", "state": "waiting", "says": ""},  # and no collection lives before somebody wants it
    ]
    assert "queue\tKites\twaiting" in nobody.quick("lightroom", "status", codes=(1,))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--", "-beach"), 'only "not this" terms'),
        (("dog", "--since", "someday"), '--since "someday" is no date'),
        (("dog", "--smart", "--until", "2019-13"), '--until "2019-13" is no date'),
    ],
)
def test_what_lightroom_could_not_be_asked_is_not_queued(tmp_path, typed, said):
    nobody = Helper(tmp_path)
    assert said in nobody.quick("lightroom", "push", *typed, codes=(2,), errors=True)
    assert nobody.quick("lightroom", "status", "--json", codes=(1,)) == ""


def test_no_collection_is_queued_of_an_empty_library(tmp_path):
    nobody = Helper(tmp_path)
    assert "nothing is indexed yet" in nobody.quick("lightroom", "push", "a kite", codes=(2,), errors=True)
    assert nobody.quick("lightroom", "status", "--json", codes=(1,)) == ""


def test_install_into_a_folder(helper, tmp_path):
    assert "0.1.0" in helper.command("lightroom", "install", "--path", str(tmp_path))
    settings = json.loads((tmp_path / "Safelight.lrplugin" / "installed.json").read_text())
    assert settings["home"] == str(helper.data)


def test_another_kind_of_file_is_not_written_over(helper, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"dear to somebody")
    helper.quick("lightroom", "smart-collection", "an animal", "-o", str(photo), codes=(2,))
    assert photo.read_bytes() == b"dear to somebody"
