"""Each rule of the fake, broken on purpose: a fake that lets everything pass proves nothing about the plug-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.fake.lightroom import ViolationError
from lua.few_lines import PREPARE, lightroom_with_four_photos
from lua.forbidden import FORBIDDEN


@pytest.fixture
def lr(home: Path) -> Lightroom:
    return lightroom_with_four_photos(home)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_lightroom_forbids_is_refused(lr, name):
    code, expected = FORBIDDEN[name]
    lr.run(PREPARE + (code if "return" not in code.split() else f"local _ = (function() {code} end)()"))
    if expected == "nil":
        code = code.replace("return ", "").split("(")[0]
        lr.run(f"assert({code} == nil, 'it exists')")
        assert not any("it exists" in line for line in lr.violations)
    else:
        assert any(expected in line for line in lr.violations), lr.violations


@pytest.mark.parametrize(
    "code",
    [
        "import('LrApplication').activeCatalog():getAllPhotos()",
        "import('LrApplication').activeCatalog():findPhotoByUuid('U0')",
        "import('LrApplication').activeCatalog():withWriteAccessDo('a', function() end)",
        "import('LrTasks').sleep(1)",
        "import('LrTasks').execute('true')",
        "import('LrHttp').get('http://127.0.0.1:9/x')",
    ],
)
def test_a_menu_script_is_not_in_a_task(lr, code):
    with pytest.raises(Exception, match="outside a task"):
        lr.run(code, task=False)


def test_info_lua_has_a_restricted_loader(home, tmp_path):
    folder = tmp_path / "x.lrplugin"
    folder.mkdir()
    for line in ("local x = import 'LrTasks'", "local x = os.time()", "local x = require 'Y'"):
        (folder / "Info.lua").write_text(f"{line}\nreturn {{ LrToolkitIdentifier = 'a.b' }}")
        with pytest.raises(Exception, match=r"Info\.lua may not use"):
            Lightroom(home).load(folder)


def plugin(tmp_path: Path, info: str = "", **files: str) -> Path:
    folder = tmp_path / "x.lrplugin"
    folder.mkdir()
    (folder / "Info.lua").write_text(f"return {{ LrToolkitIdentifier = 'org.example.test', {info} }}")
    for name, code in files.items():
        (folder / f"{name}.lua").write_text(code)
    return folder


def test_a_menu_script_is_not_required(lightroom, tmp_path):
    lightroom.load(plugin(tmp_path, "LrLibraryMenuItems = { { title = 'x', file = 'Menu.lua' } }", Menu="return 1"))
    with pytest.raises(Exception, match="must not be required"):
        lightroom.run("require 'Menu'", task=False)
    lightroom.violations.clear()


INIT = "import('LrTasks').startAsyncTask(function() import('LrTasks').sleep(1000) end)"


@pytest.mark.parametrize(("force", "menu", "begun"), [("true", True, 1), ("true", False, 0), ("false", True, 0)])
def test_init_runs_at_once_only_where_it_is_forced_and_there_is_a_menu(lightroom, tmp_path, force, menu, begun):
    items = "LrLibraryMenuItems = { { title = 'x', file = 'Menu.lua' } }," if menu else ""
    lightroom.load(
        plugin(tmp_path, f"{items} LrInitPlugin = 'Init.lua', LrForceInitPlugin = {force}", Init=INIT, Menu="")
    )
    assert len(lightroom.scheduler.tasks) == begun
    if menu:
        lightroom.click("Menu.lua")
        assert len(lightroom.scheduler.tasks) == 1, "the first click makes up for it"


def test_the_manager_runs_its_file_at_each_look(lightroom, tmp_path):
    section = "return { sectionsForTopOfDialog = function(f) return { f:row {} } end }"
    lightroom.load(plugin(tmp_path, "LrPluginInfoProvider = 'PluginInfo.lua'", PluginInfo=f"{INIT} {section}"))
    with pytest.raises(ViolationError, match="starts something"):
        lightroom.open_manager()
    lightroom.violations.clear()


def test_a_field_that_can_be_browsed_must_be_searchable(lightroom, tmp_path):
    field = "{ id = 'a', title = 'A', dataType = 'string', browsable = true }"
    provider = f"return {{ metadataFieldsForPhotos = {{ {field} }} }}"
    with pytest.raises(ViolationError, match="browsable"):
        lightroom.load(plugin(tmp_path, "LrMetadataProvider = 'Provider.lua'", Provider=provider))
    lightroom.violations.clear()


def test_the_update_of_fields_asks_for_no_write_access_of_its_own(lightroom, tmp_path):
    update = "function(catalog) catalog:withPrivateWriteAccessDo(function() end) end"
    provider = f"return {{ metadataFieldsForPhotos = {{}}, updateFromEarlierSchemaVersion = {update} }}"
    with pytest.raises(Exception, match="outside a task"):
        lightroom.load(plugin(tmp_path, "LrMetadataProvider = 'Provider.lua'", Provider=provider))
    lightroom.violations.clear()


def test_a_violation_fails_the_test_that_made_it(lr):
    with pytest.raises(ViolationError):
        lr.violation("x")
    assert lr.violations == ["x"]
