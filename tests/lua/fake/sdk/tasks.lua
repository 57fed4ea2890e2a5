-- LrTasks, LrFunctionContext and LrProgressScope.
local sdk = ...
local call, pause = sdk.call, sdk.pause

-- Coroutine-safe pcall, as LrTasks.pcall: the function runs in a coroutine of its own whose yields are handed up.
function sdk.yieldingPcall(f, ...)
    local thread = coroutine.create(f)
    local function step(ok, ...)
        if not ok then return false, ... end
        if coroutine.status(thread) == 'dead' then return true, ... end
        return step(coroutine.resume(thread, coroutine.yield(...)))
    end
    return step(coroutine.resume(thread, ...))
end

sdk.module('LrTasks', {
    startAsyncTask = function(f, name) call('start_task', f, name or 'task') end,
    sleep = function(seconds)
        if type(seconds) ~= 'number' then call('violation', 'LrTasks.sleep wants a number') end
        pause('LrTasks.sleep', 'sleep', seconds)
    end,
    yield = function() pause('LrTasks.yield') end,
    canYield = function() return call('in_task') end,
    pcall = sdk.yieldingPcall,
    execute = sdk.inTask('LrTasks.execute'),
})

local function newContext(name)
    local context = { cleanups = {}, failures = {} }
    function context:addCleanupHandler(f) self.cleanups[#self.cleanups + 1] = f end
    function context:addFailureHandler(f) self.failures[#self.failures + 1] = f end
    context.name = name
    return context
end
local function runIn(context, f, ...)
    local guard = call('in_task') and sdk.yieldingPcall or pcall
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
sdk.module('LrFunctionContext', {
    callWithContext = function(name, f, ...) return runIn(newContext(name), f, ...) end,
    postAsyncTaskWithContext = function(name, f)
        call('start_task', function() return runIn(newContext(name), f) end, name)
    end,
})
sdk.module('LrProgressScope', {})
sdk.modules.LrProgressScope = function(arguments)
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
