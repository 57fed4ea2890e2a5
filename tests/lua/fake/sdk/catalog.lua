-- LrCatalog, with its write access.
local sdk = ...
local call, pause, idOf = sdk.call, sdk.pause, sdk.idOf
local method, one, many, collections = sdk.method, sdk.one, sdk.many, sdk.collections
local raw_yield = coroutine.yield

local function writeAccess(kind)
    return function(self, ...)
        local name, func, params
        if kind == 'write' then name, func, params = ... else name, func, params = 'private', ... end
        pause('LrCatalog:' .. kind .. ' access')
        while true do
            local answer = call('gate_enter', kind, name, params)
            if answer == 'entered' then break end
            if answer == 'aborted' then return 'aborted' end
            raw_yield('sleep', 0.1)
        end
        local ok, problem = sdk.yieldingPcall(func, {})
        call('gate_leave', ok)
        if not ok then error(problem, 0) end
        return 'executed'
    end
end

-- A read of many photos: a row for each, keyed by the very objects that were given.
local function batch(name)
    return function(self, photos, ...)
        local rows, result = method('LrCatalog', name)(self, sdk.unwrapList(photos), ...), {}
        for i, photo in ipairs(photos) do result[photo] = sdk.withKeywords(rows[i]) end
        return result
    end
end

sdk.class('LrCatalog', {
    kAllPhotos = 'kAllPhotos',
    kQuickCollectionIdentifier = 'kQuickCollectionIdentifier',
    kPreviousImport = 'kPreviousImport',
    kTemporaryImages = 'kTemporaryImages',
    kLastCatalogExport = 'kLastCatalogExport',
    kTargetCollection = 'kTargetCollection',
    type = function() return 'LrCatalog' end,
    getPath = function() return call('LrCatalog:getPath') end,
    withWriteAccessDo = writeAccess('write'),
    withPrivateWriteAccessDo = writeAccess('private'),
    findPhotoByUuid = method('LrCatalog', 'findPhotoByUuid', one('LrPhoto')),
    findPhotoByPath = method('LrCatalog', 'findPhotoByPath', one('LrPhoto')),
    findPhotos = method('LrCatalog', 'findPhotos', many('LrPhoto')),
    getAllPhotos = method('LrCatalog', 'getAllPhotos', many('LrPhoto')),
    getTargetPhotos = method('LrCatalog', 'getTargetPhotos', many('LrPhoto')),
    getTargetPhoto = method('LrCatalog', 'getTargetPhoto', one('LrPhoto')),
    getMultipleSelectedOrAllPhotos = method('LrCatalog', 'getMultipleSelectedOrAllPhotos', many('LrPhoto')),
    getChildCollections = method('LrCatalog', 'getChildCollections', collections),
    getChildCollectionSets = method('LrCatalog', 'getChildCollectionSets', collections),
    getKeywords = method('LrCatalog', 'getKeywords', many('LrKeyword')),
    getFolders = method('LrCatalog', 'getFolders', many('LrFolder')),
    getActiveSources = method('LrCatalog', 'getActiveSources', function(sources)
        local list = {}
        for i = 1, #sources do
            local source = sources[i]
            list[i] = type(source) == 'string' and source or sdk.wrap(source[1], source[2])
        end
        return list
    end),
    setActiveSources = method('LrCatalog', 'setActiveSources', nil, function(sources)
        if type(sources) == 'table' and not idOf[sources] then return sdk.unwrapList(sources) end
        return sdk.unwrap(sources)
    end),
    setSelectedPhotos = method('LrCatalog', 'setSelectedPhotos', nil, function(active, others)
        return sdk.unwrap(active), sdk.unwrapList(others)
    end),
    batchGetRawMetadata = batch('batchGetRawMetadata'),
    batchGetFormattedMetadata = batch('batchGetFormattedMetadata'),
    batchGetPropertyForPlugin = batch('batchGetPropertyForPlugin'),
    createCollectionSet = method('LrCatalog', 'createCollectionSet', one('LrCollectionSet')),
    createCollection = method('LrCatalog', 'createCollection', one('LrCollection')),
    createSmartCollection = method('LrCatalog', 'createSmartCollection', one('LrCollection')),
    createKeyword = method('LrCatalog', 'createKeyword', one('LrKeyword')),
})
sdk.catalog = sdk.object('LrCatalog', 0)
