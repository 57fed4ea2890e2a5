"""Commands around the plug-in: what can only fail is refused at once; what was put elsewhere is found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from safelight.bridge import BridgeError
from safelight.bridge.matching import check
from safelight.bridge.question import Question, Ref
from safelight.cli.entry import cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--", "-beach"], "only"),
        (["dog", "--since", "nonsense"], "is no date"),
        (["dog", "--until", "2019-13", "--smart"], "is no date"),
        (["0:dog", "--smart", "-n", "5"], "weight"),
    ],
)
def test_a_push_that_can_only_fail_is_refused_and_not_queued(home: Path, arguments: list[str], says: str):
    refused = CliRunner().invoke(cli, ["lightroom", "push", *arguments])
    assert refused.exit_code != 0
    assert says in refused.stderr + str(refused.exception)
    status = CliRunner().invoke(cli, ["lightroom", "status", "--json"])
    assert "collection" not in status.stdout
    assert CliRunner().invoke(cli, ["lightroom", "push", "a dog in snow", "--smart", "--since", "2y"]).exit_code == 0
    assert "a dog in snow" in CliRunner().invoke(cli, ["lightroom", "status"]).output


def test_photos_alone_are_a_question_and_none_to_keep_away_from():
    check(Question(like=(Ref("UUID", None),), words="-beach"))
    with pytest.raises(BridgeError, match="only"):
        check(Question(unlike=(Ref("UUID", None),)))


def test_the_doctor_finds_a_plug_in_that_was_put_elsewhere(home: Path, tmp_path: Path):
    doctor = CliRunner().invoke(cli, ["doctor"]).output
    assert "the plug-in is not installed" in doctor
    assert CliRunner().invoke(cli, ["lightroom", "install", "--path", str(tmp_path / "mine")]).exit_code == 0
    doctor = CliRunner().invoke(cli, ["doctor"]).output
    assert "the plug-in is not installed" not in doctor
    assert "Safelight.lrplugin" in doctor
