"""helper.json, by which the helper is found, as others may have left it."""

from __future__ import annotations

import os

import pytest
from safelight_server import write_helper_file

from safelight.server import discovery
from safelight.server.private_files import read_private, write_private


def test_a_sound_file_is_believed(tmp_path):
    write_helper_file(tmp_path)
    found = discovery.running(tmp_path)
    assert found is not None
    assert (found.port, found.pid) == (4711, os.getpid())


@pytest.mark.parametrize(
    "changes",
    [{"pid": 2**22 + 1}, {"pid": -1}, {"pid": 0}, {"pid": "1"}, {"pid": 2**70}, {"port": 0}, {"port": 70000},
     {"port": True}, {"token": None}, {"token": "a\r\nb"}, {"api": "1"}, {"version": 1}],
)  # fmt: skip
def test_an_unsound_file_is_not(tmp_path, changes):
    write_helper_file(tmp_path, **changes)
    assert discovery.running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"port": 1}', "x" * 100_000, "\0", "[" * 60_000])
def test_damaged_files_are_no_helper(tmp_path, text):
    write_private(tmp_path / "helper.json", text)
    assert discovery.read(tmp_path) is None


def test_files_that_others_may_have_written_are_not_believed(tmp_path):
    write_helper_file(tmp_path)
    file = tmp_path / "helper.json"
    file.chmod(0o644)
    assert discovery.read(tmp_path) is None
    file.rename(tmp_path / "elsewhere.json")
    (tmp_path / "elsewhere.json").chmod(0o600)
    file.symlink_to(tmp_path / "elsewhere.json")
    assert discovery.read(tmp_path) is None
    file.unlink()
    os.mkfifo(file, 0o600)
    assert discovery.read(tmp_path) is None
    file.unlink()
    file.mkdir()
    assert discovery.read(tmp_path) is None


def test_writing_replaces_a_link_and_not_what_it_leads_to(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "helper.json").symlink_to(victim)
    before = os.umask(0)
    try:
        write_private(tmp_path / "helper.json", "{}")
    finally:
        os.umask(before)
    assert victim.read_text() == "mine"
    assert read_private(tmp_path / "helper.json") == "{}"
    assert list(tmp_path.glob(".helper*")) == []
