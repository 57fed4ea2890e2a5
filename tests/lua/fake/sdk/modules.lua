-- The smaller modules: application, HTTP, preferences, files, log.
local sdk = ...
local call, pause = sdk.call, sdk.pause

sdk.module('LrApplication', {
    activeCatalog = function() return sdk.catalog end,
    versionString = function() return '14.3' end,
})
sdk.module('LrApplicationView', {
    gridView = sdk.plain('LrApplicationView.gridView'),
    switchToModule = sdk.plain('LrApplicationView.switchToModule'),
})

sdk.module('LrHttp', {
    get = function(...)
        pause('LrHttp.get')
        return call('LrHttp.get', select('#', ...), ...)
    end,
    post = function(...)
        pause('LrHttp.post')
        return call('LrHttp.post', select('#', ...), ...)
    end,
    openUrlInBrowser = sdk.plain('LrHttp.openUrlInBrowser'),
})

-- Preferences are stored as they are set: what is changed inside a table of theirs is lost, and pairs() sees nothing.
local stored = {}
local function copied(value)
    if type(value) ~= 'table' then return value end
    local copy = {}
    for key, item in pairs(value) do copy[key] = copied(item) end
    return copy
end
sdk.preferences = setmetatable({}, {
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
sdk.module('LrPrefs', { prefsForPlugin = function() return sdk.preferences end })
sdk.module('LrPathUtils', {
    child = sdk.plain('LrPathUtils.child'),
    parent = sdk.plain('LrPathUtils.parent'),
    leafName = sdk.plain('LrPathUtils.leafName'),
    getStandardFilePath = sdk.plain('LrPathUtils.getStandardFilePath'),
})
sdk.module('LrFileUtils', {
    exists = sdk.plain('LrFileUtils.exists'),
    readFile = sdk.plain('LrFileUtils.readFile'),
    delete = sdk.plain('LrFileUtils.delete'),
})
sdk.module('LrStringUtils', { lower = sdk.plain('LrStringUtils.lower') })
sdk.module('LrShell', { revealInShell = sdk.plain('LrShell.revealInShell') })
sdk.module('LrLogger', {})
sdk.modules.LrLogger = function()
    local logger = {}
    function logger.enable() end
    for _, level in ipairs { 'trace', 'debug', 'info', 'warn', 'error', 'fatal' } do
        logger[level] = function(_, ...) call('log', level, tostring((...))) end
    end
    return logger
end
