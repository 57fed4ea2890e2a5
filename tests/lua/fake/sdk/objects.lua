-- What every object and module of the fake is made of. Everything that matters is decided in Python, through host().
-- Calls that may yield in Lightroom yield here too, so that Lua's own rules on yielding bite by themselves.
local sdk = ...
local raw_yield = coroutine.yield

local function finish(ok, ...)
    if ok then return ... end
    error((...), 0)
end
local function call(name, ...) return finish(sdk.host(name, ...)) end
sdk.call = call

local function pause(name, ...)
    call('task_only', name)
    raw_yield(...)
end
sdk.pause = pause

-- Objects: opaque, made anew by each query, so that nobody relies on two of them being the same table.
local idOf, classes = setmetatable({}, { __mode = 'k' }), {}
sdk.idOf = idOf
function sdk.object(kind, id, fields)
    local it = setmetatable(fields or {}, classes[kind])
    idOf[it] = id
    return it
end
function sdk.wrap(kind, id)
    if id == nil then return nil end
    return sdk.object(kind, id, { localIdentifier = id, catalog = sdk.catalog })
end
function sdk.unwrap(value)
    if type(value) == 'table' and idOf[value] then return idOf[value] end
    return value
end
function sdk.wrapList(kind, ids)
    local list = {}
    for i = 1, #ids do list[i] = sdk.wrap(kind, ids[i]) end
    return list
end
function sdk.unwrapList(list)
    local ids = {}
    for i, it in ipairs(list) do
        if not idOf[it] then call('violation', 'a list of objects holds something else: ' .. tostring(it)) end
        ids[i] = sdk.unwrap(it)
    end
    return ids
end

function sdk.class(kind, methods)
    classes[kind] = {
        __index = function(_, key)
            local method = methods[key]
            if method == nil then call('violation', kind .. ' has no ' .. tostring(key)) end
            return method
        end,
        __newindex = function(_, key) call('violation', 'cannot set ' .. tostring(key) .. ' of ' .. kind) end,
    }
end

-- The arguments of a call, objects among them as Python names them.
local function unwrapAll(...)
    local given, count = { ... }, select('#', ...)
    for i = 1, count do given[i] = sdk.unwrap(given[i]) end
    return unpack(given, 1, count)
end

-- A method that may yield; the result comes back through `shape`, arguments go to Python through `prepare`.
function sdk.method(kind, name, shape, prepare)
    return function(self, ...)
        if not idOf[self] then call('violation', kind .. '.' .. name .. ' was called with a dot, not a colon') end
        pause(kind .. ':' .. name)
        local result = call(kind .. ':' .. name, idOf[self], (prepare or unwrapAll)(...))
        if shape then return shape(result) end
        return result
    end
end
function sdk.one(kind) return function(id) return sdk.wrap(kind, id) end end
function sdk.many(kind) return function(ids) return sdk.wrapList(kind, ids) end end
function sdk.collectionOf(pair)
    if pair == nil then return nil end
    return sdk.wrap(pair[1], pair[2])
end
function sdk.collections(pairs_)
    local list = {}
    for i = 1, #pairs_ do list[i] = sdk.collectionOf(pairs_[i]) end
    return list
end
-- A row of metadata, with objects where it has keywords.
function sdk.withKeywords(row)
    if type(row.keywords) == 'table' then row.keywords = sdk.wrapList('LrKeyword', row.keywords) end
    return row
end

-- Modules
sdk.modules = {}
function sdk.module(name, functions)
    sdk.modules[name] = setmetatable(functions, {
        __index = function(_, key) call('violation', name .. ' has no ' .. tostring(key)) end,
    })
end
function sdk.plain(name) return function(...) return call(name, ...) end end
function sdk.inTask(name)
    return function(...)
        pause(name)
        return call(name, ...)
    end
end
