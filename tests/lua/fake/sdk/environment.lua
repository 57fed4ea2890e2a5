-- What the plug-in's own code sees: no globals but those that Lightroom gives it.
local sdk = ...
local call = sdk.call

sdk.class('_PLUGIN', {})
local plugin = sdk.object('_PLUGIN', 'PLUGIN')
function sdk.know_plugin(id, path) rawset(plugin, 'id', id); rawset(plugin, 'path', path) end

local function import(name)
    local found = rawget(sdk.modules, name)
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
    import = import, require = require_, LOC = sdk.plain('LOC'), _PLUGIN = plugin, _VERSION = _VERSION,
    WIN_ENV = call('is_windows'), MAC_ENV = not call('is_windows'),
    string = string, math = math, table = table,
    io = { open = function(path, mode)
        if not call('io_open', path, mode) then return nil, path .. ': No such file or directory' end
        return io.open(path, mode)
    end },
    os = { clock = os.clock, date = os.date, time = sdk.plain('os.time'), tmpname = os.tmpname },
    coroutine = { running = coroutine.running, canYield = function() return call('in_task') end },
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

function sdk.run_script(name, source) return run(name, source, environment) end
function sdk.run_info(source)
    local env = { string = string, LOC = environment.LOC, _VERSION = _VERSION,
        WIN_ENV = environment.WIN_ENV, MAC_ENV = environment.MAC_ENV }
    setmetatable(env, { __index = function(_, key)
        call('violation', 'Info.lua may not use ' .. tostring(key))
    end })
    return run('Info.lua', source, env)
end
function sdk.forget_modules() loaded = {} end
sdk.view_factory = sdk.modules.LrView.osFactory
