"""Each rule of the fake, broken on purpose: a fake that lets everything pass proves nothing about the plug-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.fake.lightroom import ViolationError

PREPARE = """
local LrTasks, LrHttp, LrDialogs = import 'LrTasks', import 'LrHttp', import 'LrDialogs'
local LrFunctionContext, LrProgressScope = import 'LrFunctionContext', import 'LrProgressScope'
local catalog = import('LrApplication').activeCatalog()
local photo = catalog:getAllPhotos()[1]
"""


@pytest.fixture
def lr(home: Path) -> Lightroom:
    it = Lightroom(home)
    it.load_code(Sleeps="import('LrTasks').sleep(1)", Fine="return { 1 }")
    it.fields = {
        "words": {"id": "words", "title": "Words", "searchable": True, "dataType": "string"},
        "role": {
            "id": "role", "title": "Role", "searchable": True, "dataType": "enum",
            "values": [{"value": "keeper", "title": "Keeper"}],
        },
        "hidden": {"id": "hidden", "dataType": "string"},
    }  # fmt: skip
    for i in range(4):
        it.catalog.add_photo(f"U{i}", f"/p/{i}.jpg", rating=i, captured=f"2024-0{i + 1}-01T10:00:00", jpeg=b"\xff\xd8")
    return it


FORBIDDEN = {
    # Tasks
    "pcall": ("pcall(function() LrTasks.sleep(1) end)", "cannot yield inside pcall"),
    "sort": ("pcall(table.sort, {2, 1}, function(a, b) LrTasks.sleep(1) return a < b end)", "cannot yield"),
    "metamethod": (
        "local t = setmetatable({}, { __index = function() LrTasks.sleep(1) end }); pcall(function() return t.x end)",
        "cannot yield",
    ),
    "gsub": ("pcall(string.gsub, 'a', 'a', function() LrTasks.sleep(1) end)", "cannot yield"),
    "require that yields": ("pcall(require, 'Sleeps')", "cannot yield"),
    # Gates
    "write without gate": ("catalog:createCollection('x')", "createCollection needs write access"),
    "field without gate": ("photo:setPropertyForPlugin(_PLUGIN, 'words', 'x')", "needs write access"),
    "keyword without gate": ("catalog:createKeyword('x', {}, true, nil, true)", "needs write access"),
    "nested": (
        "catalog:withWriteAccessDo('a', function() catalog:withWriteAccessDo('b', function() end) end)",
        "inside write access",
    ),
    "private gate": (
        "catalog:withPrivateWriteAccessDo(function() photo:setRawMetadata('rating', 3) end)",
        "private write access",
    ),
    "gate without timeout": ("catalog:withWriteAccessDo('a', function() end, {})", "must have a timeout"),
    "sources in a gate": (
        "catalog:withWriteAccessDo('a', function() catalog:setActiveSources({}) end)",
        "setActiveSources inside write access",
    ),
    "no read access": ("catalog:withReadAccessDo(function() end)", "LrCatalog has no withReadAccessDo"),
    "new collection read": (
        "catalog:withWriteAccessDo('a', function() catalog:createCollection('x'):getName() end)",
        "Can't get collection information",
    ),
    "new collection searched": (
        "catalog:withWriteAccessDo('a', function() catalog:createCollectionSet('x'):getChildCollections() end)",
        "Can't get collection information",
    ),
    "new keyword read": (
        "catalog:withWriteAccessDo('a', function() catalog:createKeyword('x', {}, true, nil, true):getName() end)",
        "keyword that was made in the same",
    ),
    "search in a gate": (
        "catalog:withWriteAccessDo('a', function()"
        " catalog:findPhotos { searchDesc = { criteria = 'rating', operation = '==', value = 3 } } end)",
        "both wait for each other",
    ),
    "selection in a gate": (
        "catalog:withWriteAccessDo('a', function() catalog:getTargetPhotos() end)",
        "both wait for each other",
    ),
    "too many photos in a block": (
        "catalog:withWriteAccessDo('a', function()"
        " for i = 1, 201 do photo:setRawMetadata('rating', 1 + i % 5) end end)",
        "more than 200 photos",
    ),
    # Metadata
    "raw key": ("photo:getRawMetadata('fileName')", "unknown raw metadata key"),
    "one bad key in a batch": ("catalog:batchGetRawMetadata({photo}, {'uuid', 'fileName'})", "unknown raw"),
    "formatted key": ("photo:getFormattedMetadata('uuid')", "unknown formatted"),
    "undeclared field": ("photo:getPropertyForPlugin(_PLUGIN, 'nothing')", "declares no field"),
    "batch by plug-in object": ("catalog:batchGetPropertyForPlugin({photo}, _PLUGIN, {'words'})", "would hang"),
    "too long": (
        "catalog:withPrivateWriteAccessDo(function()"
        " photo:setPropertyForPlugin(_PLUGIN, 'words', string.rep('x', 512)) end)",
        "more than 511 bytes",
    ),
    "number in a field": (
        "catalog:withPrivateWriteAccessDo(function() photo:setPropertyForPlugin(_PLUGIN, 'words', 3) end)",
        "wants a string",
    ),
    "enum": (
        "catalog:withPrivateWriteAccessDo(function() photo:setPropertyForPlugin(_PLUGIN, 'role', 'x') end)",
        "is none of",
    ),
    "field of another by its id": (
        "catalog:withPrivateWriteAccessDo(function() photo:setPropertyForPlugin('org.example.test', 'words', 'x') end)",
        "wants _PLUGIN",
    ),
    "flag": (
        "catalog:withWriteAccessDo('a', function() photo:setRawMetadata('pickStatus', 2) end)",
        "pickStatus 2",
    ),
    "label": (
        "catalog:withWriteAccessDo('a', function() photo:setRawMetadata('colorNameForLabel', 'grey') end)",
        "no label 'grey'",
    ),
    # Searching
    "operation": (
        "catalog:findPhotos { searchDesc = { criteria = 'rating', operation = 'words', value = 3 } }",
        "would hang",
    ),
    "captureTime >=": (
        "catalog:findPhotos { searchDesc = { criteria = 'captureTime', operation = '>=', value = '2024-01-01' } }",
        "would hang",
    ),
    "hidden field": (
        "catalog:findPhotos { searchDesc = { criteria = 'sdktext:org.example.test.hidden', operation = 'any',"
        " value = 'x' } }",
        "no searchable field",
    ),
    "other plug-in's field": (
        "catalog:findPhotos { searchDesc = { criteria = 'sdktext:org.other.words', operation = 'any', value = 'x' } }",
        "belongs to no plug-in",
    ),
    "smart collection": (
        "catalog:withWriteAccessDo('a', function() catalog:createSmartCollection('x',"
        " { { criteria = 'keywords', operation = 'contains', value = 'x' }, combine = 'union' }) end)",
        "would hang",
    ),
    "empty fields": (
        "catalog:findPhotos { searchDesc = { criteria = 'sdktext:org.example.test.words', operation = 'notEmpty',"
        " value = '' } }",
        "would hang",
    ),
    "combine": (
        "catalog:findPhotos { searchDesc = {"
        " { criteria = 'rating', operation = '==', value = 3 }, combine = 'either' } }",
        "combine = 'either'",
    ),
    "criteria": (
        "catalog:findPhotos { searchDesc = { criteria = 'fileName', operation = 'any', value = 'x' } }",
        "there are no criteria",
    ),
    # LrHttp
    "post content type as timeout": (
        "LrHttp.post('http://127.0.0.1:9/x', '{}', {}, 'POST', 'application/json')",
        "silently never made",
    ),
    "headers as a map": ("LrHttp.get('http://127.0.0.1:9/x', { Authorization = 'x' })", "silently never made"),
    "number as header": (
        "LrHttp.get('http://127.0.0.1:9/x', { { field = 'X', value = 3 } })",
        "silently never made",
    ),
    "post without body": ("LrHttp.post('http://127.0.0.1:9/x')", "silently never made"),
    "another host": ("LrHttp.get('http://example.org:80/x')", "literal 127.0.0.1"),
    "localhost": ("LrHttp.get('http://localhost:80/x')", "literal 127.0.0.1"),
    # The language
    "getenv": ("return os.getenv", "nil"),
    "os.execute": ("os.execute('x')", "nil"),
    "package": ("return package.path", "the global package does not exist"),
    "loadstring": ("loadstring('x')", "the global loadstring does not exist"),
    "setfenv": ("setfenv(1, {})", "the global setfenv does not exist"),
    "collectgarbage": ("collectgarbage()", "the global collectgarbage does not exist"),
    "dofile": ("dofile('x')", "the global dofile does not exist"),
    "coroutine": ("coroutine.wrap(function() end)", "nil"),
    "new global": ("counter = 1", "the global counter was made"),
    "SDK module": ("import 'LrNothing'", "no SDK module"),
    "SDK function": ("LrTasks.wait(1)", "LrTasks has no wait"),
    "method": ("photo:getUuid()", "LrPhoto has no getUuid"),
    "dot for colon": ("catalog.getAllPhotos({})", "with a dot"),
    "LOC": ("LOC 'Hello'", "LOC wants"),
    "LOC not ASCII": ("LOC '$$$/A=\u00fc'", "plain ASCII"),
    "LOC lacks": ("LOC '$$$/A=^1 photos'", "lacks arguments"),
    # Surroundings
    "dead context": (
        "local kept; LrFunctionContext.callWithContext('x', function(context) kept = context end)"
        " LrProgressScope { title = 'x', functionContext = kept }",
        "has ended",
    ),
    "unexpected dialog": ("LrDialogs.confirm('Sure?')", "nobody expected"),
    "thumbnails at once": (
        "local a = photo:requestJpegThumbnail(9, 9, function() end)"
        " local b = photo:requestJpegThumbnail(9, 9, function() end) LrTasks.sleep(3) return a, b",
        "at once",
    ),
    "control of the Mac alone": ("import('LrView').osFactory():edit_text {}", "no control edit_text"),
    "long popup": (
        "local items = {} for i = 1, 31 do items[i] = { title = '' .. i, value = i } end"
        " import('LrView').osFactory():popup_menu { items = items }",
        "does not scroll",
    ),
    "writing files": ("import('LrFileUtils').writeFile('/x', 'y')", "LrFileUtils has no writeFile"),
    "unknown folder": ("import('LrPathUtils').getStandardFilePath('preferences')", "getStandardFilePath"),
    "function in preferences": ("import('LrPrefs').prefsForPlugin().f = function() end", "cannot hold a function"),
    "file elsewhere": ("io.open('/etc/passwd')", "outside the home folder"),
}


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


def test_what_may_be_done_with_a_new_collection(lr):
    lr.run(
        PREPARE
        + """
        catalog:withWriteAccessDo('a', function()
            local set = catalog:createCollectionSet('set')
            local plain, smart = catalog:createCollection('plain', set), nil
            plain:addPhotos { photo }
            plain:removeAllPhotos()
            plain:addPhotos { photo }
            plain:setName('other')
            smart = catalog:createSmartCollection('s', {{ criteria = 'rating', operation = '>=', value = 3 }}, set)
            smart:setSearchDescription {{ criteria = 'rating', operation = '>=', value = 2 }}
            photo:addKeyword(catalog:createKeyword('k', {}, true, nil, true))
        end)
        """
    )
    assert lr.violations == []
    assert lr.photos_in("set", "other") == ["U0"]
    assert lr.photos_in("set", "s") == ["U2", "U3"]


def test_photos_cannot_be_put_into_a_smart_collection(lr):
    lr.run(
        PREPARE
        + """
        local smart
        catalog:withWriteAccessDo('a', function()
            smart = catalog:createSmartCollection('s', {{ criteria = 'rating', operation = '>=', value = 3 }})
        end)
        for _, change in ipairs { 'addPhotos', 'removePhotos' } do
            local ok, problem = LrTasks.pcall(function()
                catalog:withWriteAccessDo('a', function() smart[change](smart, { photo }) end)
            end)
            assert(not ok and problem:find('not possible with a smart collection'), problem)
        end
        """
    )
    assert lr.violations == []


def test_a_collection_of_the_same_name_is_given_or_nothing(lr):
    lr.run(
        PREPARE
        + """
        local first, second, third
        catalog:withWriteAccessDo('a', function() first = catalog:createCollection('x', nil, true) end)
        catalog:withWriteAccessDo('b', function()
            second = catalog:createCollection('x', nil, true)
            third = catalog:createCollection('x', nil, false)
        end)
        assert(first.localIdentifier == second.localIdentifier and third == nil)
        """
    )
    assert lr.violations == []


def test_keywords_that_are_there_or_refused(lr):
    old = lr.catalog.add_keyword("Old", synonyms=["ancient"])
    lr.catalog_calls.refused_keywords = {"No"}
    lr.run(
        PREPARE
        + """
        local old, no
        catalog:withWriteAccessDo('a', function()
            old = catalog:createKeyword('old', { 'aged' }, true, nil, true)
            assert(catalog:createKeyword('old', {}, true, nil, false) == nil)
            no = catalog:createKeyword('No', {}, true, nil, true)
            catalog:createKeyword('Below', {}, true, no, true)
        end)
        assert(old:getSynonyms()[1] == 'ancient', 'its own are kept')
        assert(no == nil)
        """
    )
    assert lr.violations == []
    below = next(k for k in lr.catalog.keywords.values() if k.name == "Below")
    assert below.parent is None, "nil as the parent silently means the top level"
    assert old.synonyms == ["ancient"]


def test_keywords_may_be_readable_only_where_nobody_can_read(lr):
    lr.catalog.add_keyword("x")
    lr.catalog_calls.keywords_need_read_access = True
    lr.run(
        PREPARE
        + """
        local ok, problem = LrTasks.pcall(function() return catalog:getKeywords()[1]:getName() end)
        assert(not ok and problem:find('read access'))
        """
    )
    assert lr.violations == []


def test_a_photo_without_a_label_is_said_to_be_grey(lr):
    lr.run(PREPARE + "assert(photo:getRawMetadata('colorNameForLabel') == 'grey')")
    assert lr.violations == []


def test_preferences_keep_what_was_set_and_not_what_became_of_it(lr):
    lr.run(
        """
        local prefs = import('LrPrefs').prefsForPlugin()
        prefs.list = { 1 }
        prefs.list[2] = 2
        assert(#prefs.list == 1, 'a table inside must be set again')
        for _ in pairs(prefs) do error('pairs sees nothing') end
        for key, value in prefs:pairs() do assert(key == 'list' and value[1] == 1) end
        """
    )
    assert lr.violations == []


def test_files_with_other_letters_than_ascii_are_not_found_on_windows(lr, home):
    (home / "ü.txt").write_text("x")
    code = f"local file = io.open('{home}/ü.txt', 'rb') assert((file ~= nil) == %s)"
    lr.run(code % "true")
    lr.windows = True
    lr.run(code % "false")
    assert lr.violations == []


def test_paths_are_found_as_they_are_written(lr):
    lr.run(
        PREPARE
        + """
        assert(catalog:findPhotoByPath('/p/0.jpg') and not catalog:findPhotoByPath('/P/0.jpg'))
        assert(catalog:getFolders()[1]:getPath() == '/p')
        """
    )
    assert lr.violations == []


def test_what_is_allowed_passes(lr):
    lr.run(PREPARE + "assert(photo:getRawMetadata('uuid') == 'U0'); assert(require('Fine')[1] == 1)")
    assert lr.violations == []


def test_yields_are_fine_inside_the_pcall_of_lrtasks(lr):
    lr.run(
        PREPARE
        + """
        local ok, value = LrTasks.pcall(function()
            local inner = LrTasks.pcall(function() LrTasks.sleep(5); error('inner', 0) end)
            assert(inner == false)
            return photo:getRawMetadata('path')
        end)
        assert(ok and value == '/p/0.jpg')
        """
    )
    assert lr.violations == []
    assert lr.scheduler.now == 5


def test_an_error_rolls_a_block_back(lr):
    lr.run(
        PREPARE
        + """
        local ok = LrTasks.pcall(function()
            catalog:withWriteAccessDo('rate', function()
                photo:setRawMetadata('rating', 5)
                catalog:createCollection('x')
                error('no', 0)
            end)
        end)
        assert(not ok)
        """
    )
    assert lr.photo("U0").rating == 0
    assert lr.catalog.collections == {}
    assert lr.violations == []


def test_a_block_is_one_undo_step(lr):
    lr.run(PREPARE + "catalog:withWriteAccessDo('rate', function() photo:setRawMetadata('rating', 5) end)")
    assert lr.photo("U0").rating == 5
    assert lr.undo() == "rate"
    assert lr.photo("U0").rating == 0


def test_objects_are_made_anew_and_batches_are_keyed_by_those_that_were_given(lr):
    lr.run(
        PREPARE
        + """
        local again = catalog:getAllPhotos()[1]
        local rows = catalog:batchGetRawMetadata({ photo }, { 'uuid' })
        assert(rows[photo].uuid == 'U0')
        assert(rows[again] == nil)
        """
    )
    assert lr.violations == []


def test_virtual_copies_share_their_path(lr):
    copy = lr.catalog.add_photo("COPY", "/p/0.jpg", master=lr.photo("U0").id)
    lr.run(
        PREPARE
        + """
        local copy = catalog:findPhotoByUuid('COPY')
        assert(copy:getRawMetadata('path') == '/p/0.jpg' and copy:getRawMetadata('isVirtualCopy'))
        assert(catalog:findPhotoByPath('/p/0.jpg'):getRawMetadata('uuid') == 'U0')
        """
    )
    assert copy.master == lr.photo("U0").id
    assert lr.violations == []


def test_a_prior_smart_collection_comes_back_unchanged(lr):
    make = "catalog:createSmartCollection('x', {{ criteria = 'rating', operation = '>=', value = %d }}, nil, true)"
    for least in (2, 3):
        lr.run(PREPARE + f"catalog:withWriteAccessDo('a', function() {make % least} end)")
    assert lr.photos_in("x") == ["U2", "U3"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("{ criteria = 'rating', operation = '>=', value = 2 }", ["U2", "U3"]),
        ("{ criteria = 'rating', operation = 'in', value = 1, value2 = 2 }", ["U1", "U2"]),
        ("{ criteria = 'captureTime', operation = '>', value = '2024-02-01' }", ["U2", "U3"]),
        ("{ criteria = 'captureTime', operation = 'in', value = '2024-02-01', value2 = '2024-03-01' }", ["U1", "U2"]),
        ("{ criteria = 'captureTime', operation = '>', value = '2024-02-01T00:00:00Z' }", []),
        ("{ criteria = 'sdktext:org.example.test.words', operation = 'any', value = 'sqb' }", ["U1", "U2"]),
        ("{ criteria = 'sdktext:org.example.test.words', operation = 'words', value = 'sqb' }", ["U1"]),
        ("{ criteria = 'sdktext:org.example.test.words', operation = 'all', value = 'sqa sqb' }", ["U1"]),
        ("{ criteria = 'sdktext:org.example.test.words', operation = 'beginsWith', value = 'sqa' }", ["U1"]),
        ("{ criteria = 'keywords', operation = 'words', value = 'red' }", ["U3"]),
        ("{ criteria = 'keywords', operation = 'any', value = 'red' }", ["U2", "U3"]),
        ("{ criteria = 'filename', operation = 'beginsWith', value = '3' }", ["U3"]),
        (
            "{ { criteria = 'rating', operation = '>=', value = 1 },"
            " { criteria = 'keywords', operation = 'any', value = 'red' }, combine = 'intersect' }",
            ["U2", "U3"],
        ),
        (
            "{ { criteria = 'rating', operation = '==', value = 1 },"
            " { { criteria = 'keywords', operation = 'words', value = 'red' }, combine = 'union' },"
            " combine = 'union' }",
            ["U1", "U3"],
        ),
        ("{ { criteria = 'rating', operation = '>=', value = 1 }, combine = 'exclude' }", ["U0"]),
    ],
)
def test_rules_are_evaluated(lr, rule, found):
    lr.photo("U1").properties["words"] = "sqa sqb"
    lr.photo("U2").properties["words"] = "xsqby"
    red, redwood = lr.catalog.add_keyword("red"), lr.catalog.add_keyword("redwood")
    lr.photo("U3").keywords = {red.id}
    lr.photo("U2").keywords = {redwood.id}
    lr.run(PREPARE + f"catalog:withWriteAccessDo('a', function() catalog:createSmartCollection('s', {rule}) end)")
    assert lr.violations == []
    assert lr.photos_in("s") == found


def test_a_thumbnail_whose_handle_was_dropped_never_comes(lr):
    lr.run(
        PREPARE
        + """
        local got = 0
        photo:requestJpegThumbnail(9, 9, function(jpeg) got = got + 1 end)
        LrTasks.sleep(3)
        assert(got == 0)
        local handle = photo:requestJpegThumbnail(9, 9, function(jpeg) got = got + 1 end)
        LrTasks.sleep(3)
        assert(got == 2 and handle, 'it comes, and more than once')
        """
    )
    assert lr.violations == []
    assert [said for _, said in lr.photo_calls.thumbnails] == ["cancelled: nobody kept the handle", "delivered"]


def test_a_thumbnail_that_was_given_up_does_not_bar_the_way(lr):
    lr.photo_calls.thumbnail_seconds = 100
    lr.run(
        PREPARE
        + """
        local got = 0
        do
            local handle = photo:requestJpegThumbnail(9, 9, function() got = got + 1 end)
            LrTasks.sleep(60)
            handle = handle and nil
        end
        local handle = photo:requestJpegThumbnail(9, 9, function() got = got + 1 end)
        LrTasks.sleep(101)
        assert(got == 2 and handle, 'the second alone, twice')
        """
    )
    assert lr.violations == []


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_is_an_error_has_a_body(lr, server, status):
    lr.run(
        f"""
        local body, info = import('LrHttp').get('http://127.0.0.1:{server(status, b"no")}/x', {{}}, 5)
        assert(body == 'no' and info.status == {status})
        """
    )
    assert lr.violations == []


@pytest.mark.parametrize(("seconds", "code"), [(0, "networkConnectionLost"), (3, "timedOut")])
def test_no_answer_is_nil_and_why(lr, server, seconds, code):
    lr.run(
        f"""
        local body, info = import('LrHttp').get('http://127.0.0.1:{server(0, seconds=seconds)}/x', {{}}, 1)
        assert(body == nil and info.error.errorCode == '{code}', info.error.errorCode)
        """
    )
    assert lr.violations == []


def test_write_access_that_somebody_has(lr):
    lr.busy_until = 5
    lr.run(
        PREPARE
        + """
        local ok = LrTasks.pcall(function() catalog:withWriteAccessDo('a', function() end) end)
        assert(not ok, 'without a timeout it fails at once')
        assert(catalog:withWriteAccessDo('a', function() end, { timeout = 1 }) == 'aborted')
        assert(catalog:withWriteAccessDo('a', function() end, { timeout = 30 }) == 'executed')
        """
    )
    assert lr.violations == []


def test_a_query_on_a_machine_that_does_not_answer(lr):
    lr.run(
        PREPARE
        + """
        local body, info = LrHttp.get('http://127.0.0.1:9/x', {}, 5)
        assert(body == nil and info.error.errorCode == 'cannotConnectToHost')
        """
    )
    assert lr.violations == []


def test_a_violation_fails_the_test_that_made_it(lr):
    with pytest.raises(ViolationError):
        lr.violation("x")
    assert lr.violations == ["x"]
