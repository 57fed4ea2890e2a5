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
    "code", ["import('LrApplication').activeCatalog():getAllPhotos()", "import('LrTasks').sleep(1)"]
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
