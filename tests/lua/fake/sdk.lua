-- The Lua half of the fake: what a plug-in sees. Everything that matters is decided in Python, through host().
-- Calls that may yield in Lightroom yield here too, so that Lua's own rules on yielding bite by themselves.
local host, loadstring, setfenv, collectgarbage = ...
local raw_yield, create, resume, status, running =
    coroutine.yield, coroutine.create, coroutine.resume, coroutine.status, coroutine.running

local function finish(ok, ...)
    if ok then return ... end
    error((...), 0)
end
local function call(name, ...) return finish(host(name, ...)) end

local function pause(name, ...)
    call('task_only', name)
    raw_yield(...)
end

-- Objects: opaque, made anew by each query, so that nobody relies on two of them being the same table.
local idOf, classes = setmetatable({}, { __mode = 'k' }), {}
local function object(kind, id, fields)
    local it = setmetatable(fields or {}, classes[kind])
    idOf[it] = id
    return it
end
local wrap
local function unwrap(value)
    if type(value) == 'table' and idOf[value] then return idOf[value] end
    return value
end
local function wrapList(kind, ids)
    local list = {}
    for i = 1, #ids do list[i] = wrap(kind, ids[i]) end
    return list
end
local function unwrapList(list)
    local ids = {}
    for i, it in ipairs(list) do
        if not idOf[it] then call('violation', 'a list of objects holds something else: ' .. tostring(it)) end
        ids[i] = unwrap(it)
    end
    return ids
end
local theCatalog
function wrap(kind, id)
    if id == nil then return nil end
    return object(kind, id, { localIdentifier = id, catalog = theCatalog })
end

local function class(kind, methods)
    classes[kind] = {
        __index = function(_, key)
            local method = methods[key]
            if method == nil then call('violation', kind .. ' has no ' .. tostring(key)) end
            return method
        end,
        __newindex = function(_, key) call('violation', 'cannot set ' .. tostring(key) .. ' of ' .. kind) end,
    }
end

-- A method that may yield: arguments after self go to Python as they are, the result comes back through `shape`.
local function method(kind, name, shape)
    return function(self, ...)
        if not idOf[self] then call('violation', kind .. '.' .. name .. ' was called with a dot, not a colon') end
        pause(kind .. ':' .. name)
        local result = call(kind .. ':' .. name, idOf[self], ...)
        if shape then return shape(result) end
        return result
    end
end
local function one(kind) return function(id) return wrap(kind, id) end end
local function many(kind) return function(ids) return wrapList(kind, ids) end end
local function collectionOf(pair)
    if pair == nil then return nil end
    return wrap(pair[1], pair[2])
end
local function collections(pairs_)
    local list = {}
    for i = 1, #pairs_ do list[i] = collectionOf(pairs_[i]) end
    return list
end

local pendingThumbnails = {}
class('LrPhoto', {
    type = function() return 'LrPhoto' end,
    getRawMetadata = method('LrPhoto', 'getRawMetadata'),
    getFormattedMetadata = method('LrPhoto', 'getFormattedMetadata'),
    setRawMetadata = method('LrPhoto', 'setRawMetadata'),
    checkPhotoAvailability = method('LrPhoto', 'checkPhotoAvailability'),
    addKeyword = function(self, keyword)
        pause('LrPhoto:addKeyword')
        return call('LrPhoto:addKeyword', idOf[self], unwrap(keyword))
    end,
    removeKeyword = function(self, keyword)
        pause('LrPhoto:removeKeyword')
        return call('LrPhoto:removeKeyword', idOf[self], unwrap(keyword))
    end,
    getPropertyForPlugin = function(self, plugin, field, version, noThrow)
        pause('LrPhoto:getPropertyForPlugin')
        return call('LrPhoto:getPropertyForPlugin', idOf[self], unwrap(plugin), field, version, noThrow)
    end,
    setPropertyForPlugin = function(self, plugin, field, value)
        pause('LrPhoto:setPropertyForPlugin')
        return call('LrPhoto:setPropertyForPlugin', idOf[self], unwrap(plugin), field, value)
    end,
    requestJpegThumbnail = function(self, width, height, callback)
        local number = call('LrPhoto:requestJpegThumbnail', idOf[self], width, height)
        local handle = {}
        pendingThumbnails[number] = setmetatable({ handle = handle, callback = callback }, { __mode = 'v' })
        -- The callback is kept here, the handle is not: whoever lets go of it gets nothing.
        pendingThumbnails[-number] = callback
        return handle
    end,
})
local function isThumbnailHeld(number)
    collectgarbage()
    collectgarbage()
    return pendingThumbnails[number].handle ~= nil
end
local function deliverThumbnail(number, jpeg, problem)
    local isHeld, callback = isThumbnailHeld(number), pendingThumbnails[-number]
    pendingThumbnails[number], pendingThumbnails[-number] = nil, nil
    if not isHeld then return false end
    callback(jpeg, problem)
    callback(jpeg, problem) -- seen in the real one: more than once
    return true
end

local collectionMethods = {
    getName = method('LrCollection', 'getName'),
    getParent = method('LrCollection', 'getParent', collectionOf),
    getPhotos = method('LrCollection', 'getPhotos', many('LrPhoto')),
    isSmartCollection = method('LrCollection', 'isSmartCollection'),
    getSearchDescription = method('LrCollection', 'getSearchDescription'),
    setSearchDescription = method('LrCollection', 'setSearchDescription'),
    setName = method('LrCollection', 'setName'),
    removeAllPhotos = method('LrCollection', 'removeAllPhotos'),
    delete = method('LrCollection', 'delete'),
    addPhotos = function(self, photos)
        pause('LrCollection:addPhotos')
        return call('LrCollection:addPhotos', idOf[self], unwrapList(photos))
    end,
    removePhotos = function(self, photos)
        pause('LrCollection:removePhotos')
        return call('LrCollection:removePhotos', idOf[self], unwrapList(photos))
    end,
    type = function() return 'LrCollection' end,
}
class('LrCollection', collectionMethods)
class('LrCollectionSet', {
    type = function() return 'LrCollectionSet' end,
    getName = collectionMethods.getName,
    getParent = collectionMethods.getParent,
    delete = collectionMethods.delete,
    getChildCollections = method('LrCollectionSet', 'getChildCollections', collections),
    getChildCollectionSets = method('LrCollectionSet', 'getChildCollectionSets', collections),
})
class('LrFolder', {
    type = function() return 'LrFolder' end,
    getName = method('LrFolder', 'getName'),
    getPath = method('LrFolder', 'getPath'),
    getPhotos = method('LrFolder', 'getPhotos', many('LrPhoto')),
})
class('LrKeyword', {
    type = function() return 'LrKeyword' end,
    getName = method('LrKeyword', 'getName'),
    getParent = method('LrKeyword', 'getParent', one('LrKeyword')),
    getChildren = method('LrKeyword', 'getChildren', many('LrKeyword')),
    getSynonyms = method('LrKeyword', 'getSynonyms'),
    getAttributes = method('LrKeyword', 'getAttributes'),
    getPhotos = method('LrKeyword', 'getPhotos', many('LrPhoto')),
    setAttributes = method('LrKeyword', 'setAttributes'),
})

-- Coroutine-safe pcall, as LrTasks.pcall: the function runs in a coroutine of its own whose yields are handed up.
local function yieldingPcall(f, ...)
    local thread = create(f)
    local function step(ok, ...)
        if not ok then return false, ... end
        if status(thread) == 'dead' then return true, ... end
        return step(resume(thread, raw_yield(...)))
    end
    return step(resume(thread, ...))
end

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
        local ok, problem = yieldingPcall(func, {})
        call('gate_leave', ok)
        if not ok then error(problem, 0) end
        return 'executed'
    end
end

class('LrCatalog', {
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
            list[i] = type(source) == 'string' and source or wrap(source[1], source[2])
        end
        return list
    end),
    setActiveSources = function(_, sources)
        pause('LrCatalog:setActiveSources')
        if type(sources) == 'table' and not idOf[sources] then sources = unwrapList(sources) end
        return call('LrCatalog:setActiveSources', unwrap(sources))
    end,
    setSelectedPhotos = function(_, active, others)
        pause('LrCatalog:setSelectedPhotos')
        return call('LrCatalog:setSelectedPhotos', unwrap(active), unwrapList(others))
    end,
    batchGetRawMetadata = function(_, photos, keys)
        pause('LrCatalog:batchGetRawMetadata')
        local rows, result = call('LrCatalog:batchGetRawMetadata', unwrapList(photos), keys), {}
        for i, photo in ipairs(photos) do result[photo] = rows[i] end
        return result
    end,
    batchGetFormattedMetadata = function(_, photos, keys)
        pause('LrCatalog:batchGetFormattedMetadata')
        local rows, result = call('LrCatalog:batchGetFormattedMetadata', unwrapList(photos), keys), {}
        for i, photo in ipairs(photos) do result[photo] = rows[i] end
        return result
    end,
    batchGetPropertyForPlugin = function(_, photos, plugin, fields)
        pause('LrCatalog:batchGetPropertyForPlugin')
        local rows, result = call('LrCatalog:batchGetPropertyForPlugin', unwrapList(photos), unwrap(plugin), fields), {}
        for i, photo in ipairs(photos) do result[photo] = rows[i] end
        return result
    end,
    createCollectionSet = function(_, name, parent, prior)
        pause('LrCatalog:createCollectionSet')
        return wrap('LrCollectionSet', call('LrCatalog:createCollectionSet', name, unwrap(parent), prior))
    end,
    createCollection = function(_, name, parent, prior)
        pause('LrCatalog:createCollection')
        return wrap('LrCollection', call('LrCatalog:createCollection', name, unwrap(parent), prior))
    end,
    createSmartCollection = function(_, name, description, parent, prior)
        pause('LrCatalog:createSmartCollection')
        return wrap('LrCollection', call('LrCatalog:createSmartCollection', name, description, unwrap(parent), prior))
    end,
    createKeyword = function(_, name, synonyms, include, parent, existing)
        pause('LrCatalog:createKeyword')
        return wrap('LrKeyword', call('LrCatalog:createKeyword', name, synonyms, include, unwrap(parent), existing))
    end,
})
theCatalog = object('LrCatalog', 0)

class('_PLUGIN', {})
local plugin = object('_PLUGIN', 'PLUGIN', { id = call('plugin_id'), path = call('plugin_path') })

-- Modules
local modules = {}
local function sdkModule(name, functions)
    modules[name] = setmetatable(functions, {
        __index = function(_, key) call('violation', name .. ' has no ' .. tostring(key)) end,
    })
end
local function plain(name) return function(...) return call(name, ...) end end
local function inTask(name)
    return function(...)
        pause(name)
        return call(name, ...)
    end
end

sdkModule('LrApplication', {
    activeCatalog = function() return theCatalog end,
    versionString = function() return '14.3' end,
})
sdkModule('LrApplicationView', {
    gridView = plain('LrApplicationView.gridView'),
    switchToModule = plain('LrApplicationView.switchToModule'),
})
sdkModule('LrTasks', {
    startAsyncTask = function(f, name) call('start_task', f, name or 'task') end,
    sleep = function(seconds)
        if type(seconds) ~= 'number' then call('violation', 'LrTasks.sleep wants a number') end
        pause('LrTasks.sleep', 'sleep', seconds)
    end,
    yield = function() pause('LrTasks.yield') end,
    canYield = function() return call('in_task') end,
    pcall = yieldingPcall,
    execute = inTask('LrTasks.execute'),
})

local function newContext(name)
    local context = { cleanups = {}, failures = {} }
    function context:addCleanupHandler(f) self.cleanups[#self.cleanups + 1] = f end
    function context:addFailureHandler(f) self.failures[#self.failures + 1] = f end
    context.name = name
    return context
end
local function runIn(context, f, ...)
    local guard = call('in_task') and yieldingPcall or pcall
    local results = { guard(f, context, ...) }
    context.dead = true
    if not results[1] then
        if context.showsErrors then call('LrDialogs.error_dialog', tostring(results[2])) end
        for _, failure in ipairs(context.failures) do failure(false, results[2]) end
    end
    for _, cleanup in ipairs(context.cleanups) do cleanup(results[1]) end
    if not results[1] and not context.showsErrors then error(results[2], 0) end
    return unpack(results, 2)
end
sdkModule('LrFunctionContext', {
    callWithContext = function(name, f, ...) return runIn(newContext(name), f, ...) end,
    postAsyncTaskWithContext = function(name, f)
        call('start_task', function() return runIn(newContext(name), f) end, name)
    end,
})
sdkModule('LrProgressScope', {})
modules.LrProgressScope = function(arguments)
    if type(arguments) ~= 'table' or type(arguments.title) ~= 'string' then
        call('violation', 'LrProgressScope wants { title = ... }')
    end
    if arguments.functionContext and arguments.functionContext.dead then
        call('violation', 'LrProgressScope got a function context that has ended')
    end
    local number, scope = call('progress_new', arguments.title), {}
    function scope.setPortionComplete(_, done, total) call('progress_set', number, done, total) end
    function scope.setCaption(_, caption) call('progress_caption', number, caption) end
    function scope.setCancelable() end
    function scope.isCanceled() return call('progress_canceled', number) end
    function scope.done() call('progress_done', number) end
    if arguments.functionContext then arguments.functionContext:addCleanupHandler(scope.done) end
    return scope
end

sdkModule('LrHttp', {
    get = function(...)
        pause('LrHttp.get')
        return call('LrHttp.get', select('#', ...), ...)
    end,
    post = function(...)
        pause('LrHttp.post')
        return call('LrHttp.post', select('#', ...), ...)
    end,
    openUrlInBrowser = plain('LrHttp.openUrlInBrowser'),
})
sdkModule('LrDialogs', {
    message = plain('LrDialogs.message'),
    showBezel = plain('LrDialogs.showBezel'),
    showError = plain('LrDialogs.error_dialog'),
    messageWithDoNotShow = plain('LrDialogs.messageWithDoNotShow'),
    confirm = plain('LrDialogs.confirm'),
    presentModalDialog = plain('LrDialogs.presentModalDialog'),
    runOpenPanel = plain('LrDialogs.runOpenPanel'),
    attachErrorDialogToFunctionContext = function(context) context.showsErrors = true end,
})

local controls = {
    'row', 'column', 'spacer', 'checkbox', 'radio_button', 'edit_field', 'combo_box', 'group_box', 'catalog_photo',
    'popup_menu', 'simple_list', 'scrolled_view', 'push_button', 'separator', 'slider', 'static_text', 'view',
}
local factory = {}
for _, kind in ipairs(controls) do
    factory[kind] = function(self, arguments)
        if self ~= factory then call('violation', 'a view factory was called with a dot') end
        if kind == 'popup_menu' and #arguments.items > 30 then
            call('violation', 'a popup_menu does not scroll: ' .. #arguments.items .. ' items')
        end
        arguments.view_kind = kind
        return arguments
    end
end
sdkModule('LrView', {
    osFactory = function()
        return setmetatable({}, { __index = function(_, key)
            local make = factory[key]
            if key == 'dialog_spacing' then return function() return 10 end end
            if key == 'control_spacing' then return function() return 5 end end
            if key == 'label_spacing' then return function() return 5 end end
            if not make then call('violation', 'LrView has no control ' .. tostring(key)) end
            return function(_, arguments) return make(factory, arguments) end
        end })
    end,
    bind = function(key) return { bound = type(key) == 'table' and key.key or key } end,
    share = function(key) return key end,
})
sdkModule('LrBinding', {
    makePropertyTable = function(context)
        if type(context) ~= 'table' or context.dead then
            call('violation', 'LrBinding.makePropertyTable wants a living function context')
        end
        local values, observers = {}, {}
        return setmetatable({}, {
            __index = function(_, key)
                if key == 'addObserver' then
                    return function(_, name, f) observers[name] = f end
                end
                return values[key]
            end,
            __newindex = function(self, key, value)
                values[key] = value
                if observers[key] then observers[key](self, key, value) end
            end,
        })
    end,
    negativeOfKey = function(key) return { bound = key, negated = true } end,
})
-- Preferences are stored as they are set: what is changed inside a table of theirs is lost, and pairs() sees nothing.
local stored = {}
local function copied(value)
    if type(value) ~= 'table' then return value end
    local copy = {}
    for key, item in pairs(value) do copy[key] = copied(item) end
    return copy
end
local preferences = setmetatable({}, {
    __index = function(_, key)
        if key == 'pairs' then return function() return pairs(copied(stored)) end end
        return copied(stored[key])
    end,
    __newindex = function(_, key, value)
        local kind = type(value)
        if kind == 'function' or kind == 'userdata' or kind == 'thread' then
            call('violation', 'preferences cannot hold a ' .. kind)
        end
        stored[key] = copied(value)
    end,
})
sdkModule('LrPrefs', { prefsForPlugin = function() return preferences end })
sdkModule('LrPathUtils', {
    child = plain('LrPathUtils.child'),
    parent = plain('LrPathUtils.parent'),
    leafName = plain('LrPathUtils.leafName'),
    getStandardFilePath = plain('LrPathUtils.getStandardFilePath'),
})
sdkModule('LrFileUtils', {
    exists = plain('LrFileUtils.exists'),
    readFile = plain('LrFileUtils.readFile'),
    delete = plain('LrFileUtils.delete'),
})
sdkModule('LrShell', { revealInShell = plain('LrShell.revealInShell') })
sdkModule('LrLogger', {})
modules.LrLogger = function()
    local logger = {}
    function logger.enable() end
    for _, level in ipairs { 'trace', 'debug', 'info', 'warn', 'error', 'fatal' } do
        logger[level] = function(_, ...) call('log', level, tostring((...))) end
    end
    return logger
end

local function import(name)
    local found = rawget(modules, name)
    if not found then call('violation', 'there is no SDK module ' .. tostring(name)) end
    return found
end

-- Environments
local environment
local function run(chunkName, source, env)
    local chunk, problem = loadstring(source, '@' .. chunkName)
    if not chunk then error(problem, 0) end
    return setfenv(chunk, env)()
end
local loaded = {}
local function require_(name)
    if loaded[name] ~= nil then return loaded[name] end
    -- Lightroom runs the file in a C call: nothing at file level may yield.
    local ok, value = pcall(run, name .. '.lua', call('module_source', name), environment)
    if not ok then error(value, 0) end
    loaded[name] = value == nil and true or value
    return loaded[name]
end

environment = {
    import = import, require = require_, LOC = plain('LOC'), _PLUGIN = plugin, _VERSION = _VERSION,
    WIN_ENV = call('is_windows'), MAC_ENV = not call('is_windows'),
    string = string, math = math, table = table,
    io = { open = function(path, mode)
        if not call('io_open', path, mode) then return nil, path .. ': No such file or directory' end
        return io.open(path, mode)
    end },
    os = { clock = os.clock, date = os.date, time = plain('os.time'), tmpname = os.tmpname },
    coroutine = { running = running, canYield = function() return call('in_task') end },
    debug = { getinfo = debug.getinfo },
    assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, next = next, pairs = pairs,
    pcall = pcall, xpcall = xpcall, print = function() end, rawequal = rawequal, rawget = rawget, rawset = rawset,
    select = select, setmetatable = setmetatable, tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
}
environment._G = environment
setmetatable(environment, {
    __index = function(_, key) call('violation', 'the global ' .. tostring(key) .. ' does not exist here') end,
    __newindex = function(_, key) call('violation', 'the global ' .. tostring(key) .. ' was made') end,
})

return {
    run_script = function(name, source) return run(name, source, environment) end,
    run_info = function(source)
        local env = { string = string, LOC = environment.LOC, _VERSION = _VERSION,
            WIN_ENV = environment.WIN_ENV, MAC_ENV = environment.MAC_ENV }
        setmetatable(env, { __index = function(_, key)
            call('violation', 'Info.lua may not use ' .. tostring(key))
        end })
        return run('Info.lua', source, env)
    end,
    require = require_,
    forget_modules = function() loaded = {} end,
    deliver_thumbnail = deliverThumbnail,
    is_thumbnail_held = isThumbnailHeld,
    view_factory = modules.LrView.osFactory,
    environment = environment,
    catalog = theCatalog,
    preferences = preferences,
}
