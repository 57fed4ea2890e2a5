"""Settings: file, environment, flags."""

import sys

import pytest

from indexer.catalog import Catalog
from indexer.errors import CatalogError
from indexer.home import data_home
from safelight.config import Settings, config_file, load_settings, save_setting
from safelight.errors import SafelightError


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    for name in ("MODEL", "ENGINE", "PRECISION", "WORKERS", "RESULTS"):
        monkeypatch.delenv(f"SAFELIGHT_{name}", raising=False)
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_a_file_everything_has_its_default(own_home):
    assert load_settings() == Settings()
    assert data_home() == own_home
    assert not own_home.exists(), "reading settings makes no folder"


def test_without_a_home_named_the_systems_own_folders_are_taken(tmp_path, monkeypatch):
    for name in ("SAFELIGHT_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    support = tmp_path / "Library" / "Application Support"
    data, settings = (
        (support, support) if sys.platform == "darwin" else (tmp_path / ".local/share", tmp_path / ".config")
    )
    assert data_home() == data / "safelight"
    save_setting("results", "24")
    assert (settings / "safelight" / "config.toml").read_text("utf-8") == "results = 24\n"
    assert load_settings().results == 24


def test_the_environment_wins_over_the_file(monkeypatch):
    save_setting("results", "24")
    save_setting("model", "clip-b32")
    monkeypatch.setenv("SAFELIGHT_RESULTS", "6")
    settings = load_settings()
    assert (settings.results, settings.model) == (6, "clip-b32")


def test_setting_a_key_keeps_comments_and_unsetting_takes_it_out(own_home):
    own_home.mkdir()
    config_file().write_text('# my notes\nmodel = "starter"  # for now\n', "utf-8")
    save_setting("results", "5")
    assert "# my notes" in config_file().read_text("utf-8")
    assert "# for now" in config_file().read_text("utf-8")
    save_setting("model", None)
    assert load_settings() == Settings(results=5)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("colour", "red", "there is no setting `colour`; there are: model, engine"),
        ("results", "many", "`results` must be a whole number"),
        ("results", "0", "`results` must be a whole number"),
        ("workers", "-1", "`workers` must be a whole number"),
        ("engine", "torch", "`engine` must be auto, mlx or onnx, not 'torch'"),
    ],
)
def test_a_wrong_setting_is_one_clear_line_and_changes_nothing(key, value, says):
    with pytest.raises(SafelightError) as error:
        save_setting(key, value)
    assert says in str(error.value)
    assert not config_file().exists()


def test_a_broken_file_names_itself(own_home):
    own_home.mkdir()
    config_file().write_text("model = [unclosed", "utf-8")
    with pytest.raises(SafelightError, match=r"config\.toml"):
        load_settings()


def test_a_wrong_variable_names_itself(monkeypatch):
    monkeypatch.setenv("SAFELIGHT_WORKERS", "two")
    with pytest.raises(SafelightError, match="SAFELIGHT_WORKERS"):
        load_settings()


def test_the_data_folder_of_another_user_is_one_line(forbidden, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(forbidden))
    with pytest.raises(SafelightError, match=r"no permission to read .*config\.toml; .* a folder of your own$"):
        load_settings()
    with pytest.raises(CatalogError, match="cannot open the catalog .*; mend that, or set SAFELIGHT_HOME"):
        Catalog(forbidden, reading=True)
