"""What Lightroom refuses, hangs on or silently drops: lines that do it, and what the fake says then."""

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
    "blocks without a break": (
        "for n = 1, 2 do catalog:withWriteAccessDo('a', function()"
        " for i = 1, 200 do photo:setRawMetadata('rating', 1 + i % 5) end end) end",
        "without LrTasks.yield",
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
