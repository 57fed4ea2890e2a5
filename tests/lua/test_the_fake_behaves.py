"""What the fake does where nothing is forbidden: as Lightroom does it, traps that are no errors included."""

from __future__ import annotations

from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.few_lines import fine, lightroom_with_four_photos


@pytest.fixture
def lr(home: Path) -> Lightroom:
    return lightroom_with_four_photos(home)


TRUE = {
    "modules are the plug-in's own": "assert(photo:getRawMetadata('uuid') == 'U0'); assert(require('Fine')[1] == 1)",
    "paths are found as they are written": """
        assert(catalog:findPhotoByPath('/p/0.jpg') and not catalog:findPhotoByPath('/P/0.jpg'))
        assert(catalog:getFolders()[1]:getPath() == '/p')
        """,
    "a photo without a label is said to be grey": "assert(photo:getRawMetadata('colorNameForLabel') == 'grey')",
    "objects are made anew and batches are keyed by those that were given": """
        local again = catalog:getAllPhotos()[1]
        local rows = catalog:batchGetRawMetadata({ photo }, { 'uuid' })
        assert(rows[photo].uuid == 'U0')
        assert(rows[again] == nil)
        """,
    "keywords are objects too, told apart by their number": """
        local made
        catalog:withWriteAccessDo('a', function()
            made = catalog:createKeyword('x', {}, true, nil, true)
            photo:addKeyword(made)
        end)
        local row = catalog:batchGetRawMetadata({ photo }, { 'keywords' })[photo]
        for _, keywords in ipairs { row.keywords, photo:getRawMetadata('keywords') } do
            assert(#keywords == 1 and keywords[1] ~= made and keywords[1].localIdentifier == made.localIdentifier)
        end
        """,
    "photos cannot be put into a smart collection": """
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
        """,
    "a collection of the same name is given or nothing": """
        local first, second, third
        catalog:withWriteAccessDo('a', function() first = catalog:createCollection('x', nil, true) end)
        catalog:withWriteAccessDo('b', function()
            second = catalog:createCollection('x', nil, true)
            third = catalog:createCollection('x', nil, false)
        end)
        assert(first.localIdentifier == second.localIdentifier and third == nil)
        """,
    "preferences keep what was set and not what became of it": """
        local prefs = import('LrPrefs').prefsForPlugin()
        prefs.list = { 1 }
        prefs.list[2] = 2
        assert(#prefs.list == 1, 'a table inside must be set again')
        for _ in pairs(prefs) do error('pairs sees nothing') end
        for key, value in prefs:pairs() do assert(key == 'list' and value[1] == 1) end
        """,
    "a machine that does not answer is nil and why": """
        local body, info = LrHttp.get('http://127.0.0.1:9/x', {}, 5)
        assert(body == nil and info.error.errorCode == 'cannotConnectToHost')
        """,
    "yields are fine inside the pcall of LrTasks": """
        local ok, value = LrTasks.pcall(function()
            local inner = LrTasks.pcall(function() LrTasks.sleep(5); error('inner', 0) end)
            assert(inner == false)
            return photo:getRawMetadata('path')
        end)
        assert(ok and value == '/p/0.jpg')
        """,
}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_so_in_lightroom(lr, name):
    fine(lr, TRUE[name])


def test_sleeping_takes_the_fakes_own_time(lr):
    fine(lr, "LrTasks.sleep(5)")
    assert lr.scheduler.now == 5


def test_write_access_that_somebody_has(lr):
    lr.busy_until = 5
    fine(
        lr,
        """
        local ok = LrTasks.pcall(function() catalog:withWriteAccessDo('a', function() end) end)
        assert(not ok, 'without a timeout it fails at once')
        assert(catalog:withWriteAccessDo('a', function() end, { timeout = 1 }) == 'aborted')
        assert(catalog:withWriteAccessDo('a', function() end, { timeout = 30 }) == 'executed')
        """,
    )


def test_an_error_rolls_a_block_back(lr):
    fine(
        lr,
        """
        local ok = LrTasks.pcall(function()
            catalog:withWriteAccessDo('rate', function()
                photo:setRawMetadata('rating', 5)
                catalog:createCollection('x')
                error('no', 0)
            end)
        end)
        assert(not ok)
        """,
    )
    assert lr.photo("U0").rating == 0
    assert lr.catalog.collections == {}


def test_a_block_is_one_undo_step(lr):
    fine(lr, "catalog:withWriteAccessDo('rate', function() photo:setRawMetadata('rating', 5) end)")
    assert lr.photo("U0").rating == 5
    assert lr.undo() == "rate"
    assert lr.photo("U0").rating == 0


def test_what_may_be_done_with_a_new_collection(lr):
    fine(
        lr,
        """
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
        """,
    )
    assert lr.photos_in("set", "other") == ["U0"]
    assert lr.photos_in("set", "s") == ["U2", "U3"]


def test_a_collection_goes_with_what_is_in_it_and_comes_back(lr):
    fine(
        lr,
        """
        local made
        catalog:withWriteAccessDo('a', function()
            made = catalog:createCollection('x')
            made:addPhotos { photo }
        end)
        catalog:withWriteAccessDo('b', function()
            made:removePhotos { photo }
            made:delete()
        end)
        """,
    )
    assert lr.catalog.collections == {}
    assert lr.photo("U0").path == "/p/0.jpg"
    lr.undo()
    assert lr.photos_in("x") == ["U0"]


def test_a_prior_smart_collection_comes_back_unchanged(lr):
    make = "catalog:createSmartCollection('x', {{ criteria = 'rating', operation = '>=', value = %d }}, nil, true)"
    for least in (2, 3):
        fine(lr, f"catalog:withWriteAccessDo('a', function() {make % least} end)")
    assert lr.photos_in("x") == ["U2", "U3"]


def test_keywords_that_are_there_or_refused(lr):
    old = lr.catalog.add_keyword("Old", synonyms=["ancient"])
    lr.catalog_calls.refused_keywords = {"No"}
    fine(
        lr,
        """
        local old, no
        catalog:withWriteAccessDo('a', function()
            old = catalog:createKeyword('old', { 'aged' }, true, nil, true)
            assert(catalog:createKeyword('old', {}, true, nil, false) == nil)
            no = catalog:createKeyword('No', {}, true, nil, true)
            catalog:createKeyword('Below', {}, true, no, true)
        end)
        assert(old:getSynonyms()[1] == 'ancient', 'its own are kept')
        assert(no == nil)
        """,
    )
    below = next(k for k in lr.catalog.keywords.values() if k.name == "Below")
    assert below.parent is None, "nil as the parent silently means the top level"
    assert old.synonyms == ["ancient"]


def test_keywords_may_be_readable_only_where_nobody_can_read(lr):
    lr.catalog.add_keyword("x")
    lr.catalog_calls.keywords_need_read_access = True
    fine(
        lr,
        """
        local ok, problem = LrTasks.pcall(function() return catalog:getKeywords()[1]:getName() end)
        assert(not ok and problem:find('read access'))
        """,
    )


def test_files_with_other_letters_than_ascii_are_not_found_on_windows(lr, home):
    (home / "ü.txt").write_text("x")
    for lr.windows in (False, True):
        fine(lr, f"assert((io.open('{home}/ü.txt', 'rb') ~= nil) == {str(not lr.windows).lower()})")


def test_virtual_copies_share_their_path(lr):
    copy = lr.catalog.add_photo("COPY", "/p/0.jpg", master=lr.photo("U0").id)
    fine(
        lr,
        """
        local copy = catalog:findPhotoByUuid('COPY')
        assert(copy:getRawMetadata('path') == '/p/0.jpg' and copy:getRawMetadata('isVirtualCopy'))
        assert(catalog:findPhotoByPath('/p/0.jpg'):getRawMetadata('uuid') == 'U0')
        """,
    )
    assert copy.master == lr.photo("U0").id


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
    fine(lr, f"catalog:withWriteAccessDo('a', function() catalog:createSmartCollection('s', {rule}) end)")
    assert lr.photos_in("s") == found


def test_a_thumbnail_whose_handle_was_dropped_never_comes(lr):
    fine(
        lr,
        """
        local got = 0
        photo:requestJpegThumbnail(9, 9, function(jpeg) got = got + 1 end)
        LrTasks.sleep(3)
        assert(got == 0)
        local handle = photo:requestJpegThumbnail(9, 9, function(jpeg) got = got + 1 end)
        LrTasks.sleep(3)
        assert(got == 2 and handle, 'it comes, and more than once')
        """,
    )
    assert [said for _, said in lr.photo_calls.thumbnails] == ["cancelled: nobody kept the handle", "delivered"]


def test_a_thumbnail_that_was_given_up_does_not_bar_the_way(lr):
    lr.photo_calls.thumbnail_seconds = 100
    fine(
        lr,
        """
        local got = 0
        do
            local handle = photo:requestJpegThumbnail(9, 9, function() got = got + 1 end)
            LrTasks.sleep(60)
            handle = handle and nil
        end
        local handle = photo:requestJpegThumbnail(9, 9, function() got = got + 1 end)
        LrTasks.sleep(101)
        assert(got == 2 and handle, 'the second alone, twice')
        """,
    )


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_is_an_error_has_a_body(lr, server, status):
    fine(
        lr,
        f"""
        local body, info = LrHttp.get('http://127.0.0.1:{server(status, b"no")}/x', {{}}, 5)
        assert(body == 'no' and info.status == {status})
        """,
    )


@pytest.mark.parametrize(("seconds", "code"), [(0, "networkConnectionLost"), (3, "timedOut")])
def test_no_answer_is_nil_and_why(lr, server, seconds, code):
    lr.http.most_seconds = 0.5 if seconds else 600
    fine(
        lr,
        f"""
        local body, info = LrHttp.get('http://127.0.0.1:{server(0, seconds=seconds)}/x', {{}}, 1)
        assert(body == nil and info.error.errorCode == '{code}', info.error.errorCode)
        """,
    )
