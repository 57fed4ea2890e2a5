"""What the documents tell people to type exists, and every command is told about."""

import re
import shlex
from pathlib import Path

import click
import pytest

from importers.extras import install_command
from safelight.cli.entry import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
INLINE = re.compile(r"`(safelight [^`]+)`")


def lines() -> list[tuple[str, str]]:
    """Every safelight command line in the documents, with the page it stands on."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL)
        commands = [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
        # In running text an ellipsis or a bare placeholder is no command line.
        commands += [line for line in INLINE.findall(text) if "..." not in line]
        found += [(page.name, line) for line in commands if line.startswith("safelight ")]
    return found


def every_command(group: click.Group, prefix: str = "safelight") -> dict[str, click.Command]:
    found = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= every_command(command, f"{prefix} {name}")
        else:
            found[f"{prefix} {name}"] = command
    return found


def test_the_readme_fits_a_terminal_of_120_columns():
    assert [line for line in PAGES[0].read_text("utf-8").splitlines() if len(line) > 120] == []


@pytest.mark.parametrize(("page", "line"), lines())
def test_the_command_line_can_be_typed(page, line):
    arguments = shlex.split(re.split(r"\s[|>]\s", line)[0], comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="safelight")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        assert arguments[0] in command.commands, f"{page}: there is no {line!r}"
        name, *arguments = arguments
        command = command.commands[name]
        context = click.Context(command, info_name=name, parent=context)
    try:
        command.make_context(context.info_name, arguments, parent=context.parent)
    except click.exceptions.Exit:
        pass  # --help and --version end there
    except click.UsageError as error:
        pytest.fail(f"{page}: {line!r}: {error.message}")


def test_messages_install_extras_as_the_readme_does():
    assert install_command() in (ROOT / "README.md").read_text("utf-8")


def test_there_are_command_lines_to_check():
    assert len(lines()) > 20


@pytest.mark.parametrize("name", every_command(cli))
def test_the_help_of_what_takes_something_shows_how_to_type_it(name):
    command = every_command(cli)[name]
    if {option.name for option in command.params} - {"as_json"}:
        assert re.search(rf"\b{name}(\s|$)", command.help or ""), f"the help of `{name}` has no example"


@pytest.mark.parametrize("name", every_command(cli))
def test_every_command_is_explained_and_documented(name):
    command = every_command(cli)[name]
    assert command.help, f"{name} has no help"
    assert command.help.strip()[0].isupper()
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts[0]} has no help"
    told = " ".join(page.read_text("utf-8") for page in PAGES)
    assert name in told, f"no document speaks of `{name}`"


def test_no_list_of_commands_is_cut_off_at_the_end_of_a_line():
    groups = [command for command in map(cli.commands.get, cli.commands) if isinstance(command, click.Group)]
    assert len(groups) > 2
    for group in groups:
        listed = group.get_help(click.Context(group, info_name=group.name, terminal_width=80))
        assert "..." not in listed.partition("Commands:")[2], group.name
