"""undo on the command line, and how a command that writes back shows its plan and its report."""

import json

import click
import pytest
from click.testing import CliRunner

from safelight.cli.entry import cli
from safelight.cli.writing_back import carry_out
from safelight.errors import SafelightError
from safelight.writeback import Group, Member, Plan, apply, plan_xmp, wishes


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.CR2", "b.CR2", "c\n.jpg"):
        (folder / name).write_bytes(b"raw")
    return folder


def plan(photos) -> Plan:
    keeper, *others = (Member(path.name, path.name, str(path)) for path in sorted(photos.glob("*.[Cj]*")))
    return plan_xmp("tag duplicates", wishes([Group(keeper, tuple(others))]), photos.parent / "home")


def tag(plan: Plan, *arguments: str):
    """A command that writes back, as small as can be."""

    @click.command()
    @click.option("--apply", "apply_it", is_flag=True)
    @click.option("--json", "as_json", is_flag=True)
    def command(apply_it: bool, as_json: bool) -> None:
        raise click.exceptions.Exit(carry_out(plan, apply_it=apply_it, as_json=as_json))

    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def undo(*arguments: str):
    return CliRunner().invoke(cli, ["undo", *arguments], catch_exceptions=False)


def records(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_plan_is_shown_and_nothing_is_written(photos):
    result = tag(plan(photos))
    assert result.exit_code == 0
    assert f"{photos}/a.xmp (new)\t+ Safelight|Duplicates|keeper\n" in result.stdout
    assert "+ Safelight|Duplicates|duplicate of a.CR2" in result.stdout
    assert f"left out: {photos}/c\\n.jpg: programs keep keywords inside" in result.stderr
    assert "2 to change, 0 are so already, 1 left out." in result.stderr
    assert "Nothing was written. With --apply it is." in result.stderr
    assert not (photos / "a.xmp").exists()


def test_a_plan_for_programs(photos):
    found = records(tag(plan(photos), "--json"))
    assert [record["event"] for record in found] == ["change", "change", "left out", "plan"]
    assert found[0] == {
        "event": "change",
        "target": "xmp",
        "id": "a.CR2",
        "picture": str(photos / "a.CR2"),
        "path": str(photos / "a.xmp"),
        "new": True,
        "add": ["Safelight|Duplicates|keeper"],
        "remove": [],
    }
    assert found[3] == {"event": "plan", "changes": 2, "left_out": 1, "unchanged": 0}


def test_apply_says_how_it_went_and_undo_takes_it_back(photos):
    result = tag(plan(photos), "--apply")
    assert (result.exit_code, result.stdout) == (0, "2 written.\n")
    run = result.stderr.split("`safelight undo ")[1].split("`")[0]
    listed = records(undo("--list", "--json"))
    assert [(one["run"], one["state"], one["files"], one["purpose"]) for one in listed] == [
        (run, "applied", 2, "tag duplicates")
    ]
    result = undo(run)
    assert (result.exit_code, result.stdout) == (0, f"Run {run} (tag duplicates): 2 removed.\n")
    assert not (photos / "a.xmp").exists()
    assert undo("--list").stdout.split("\t")[-1] == "undone\n"


def test_what_was_not_well_is_named_and_shows_in_the_exit_code(photos):
    planned = plan(photos)
    (photos / "b.xmp").write_text("mine")
    result = tag(planned, "--apply")
    assert result.exit_code == 1
    assert f"skipped\t{photos}/b.xmp\tit is no XMP\n" in result.stdout
    (photos / "a.xmp").write_text("later")
    result = undo()
    assert result.exit_code == 1
    assert f"kept\t{photos}/a.xmp\tit has been changed since\n" in result.stdout
    assert (photos / "a.xmp").read_text() == "later"


def test_where_nothing_was_ever_written_undo_says_so_and_makes_no_folder(photos):
    for arguments, says in (
        ((), "there is nothing to undo"),
        (("20260501-101112",), "there is no run 20260501-101112"),
    ):
        with pytest.raises(SafelightError, match=says):
            undo(*arguments)
    assert not (photos.parent / "home").exists()


def test_apply_and_undo_for_programs(photos):
    found = records(tag(plan(photos), "--apply", "--json"))
    assert [record["event"] for record in found] == ["changed", "changed", "done"]
    assert {key: found[2][key] for key in ("written", "unchanged", "skipped", "failed", "interrupted")} == {
        "written": 2,
        "unchanged": 0,
        "skipped": 0,
        "failed": 0,
        "interrupted": False,
    }
    back = records(undo("--json"))
    assert [record.get("outcome") for record in back] == ["removed", "removed", None]
    assert back[2]["removed"] == 2


def test_nothing_to_do(photos):
    apply(plan(photos), photos.parent / "home")
    assert tag(plan(photos)).exit_code == 1
    undo()
    listing = undo("--list")
    assert listing.exit_code == 0
    for arguments in ((), ("2020",)):
        result = CliRunner().invoke(cli, ["undo", *arguments])
        assert type(result.exception).__name__ == "SafelightError"


def test_an_empty_list(photos):
    result = undo("--list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing was written back yet." in result.stderr
