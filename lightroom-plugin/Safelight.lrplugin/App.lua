-- Puts the modules together with Lightroom's, and runs one command at a time.
local LrApplication = import "LrApplication"
local LrApplicationView = import "LrApplicationView"
local LrBinding = import "LrBinding"
local LrDialogs = import "LrDialogs"
local LrFileUtils = import "LrFileUtils"
local LrFunctionContext = import "LrFunctionContext"
local LrHttp = import "LrHttp"
local LrLogger = import "LrLogger"
local LrPathUtils = import "LrPathUtils"
local LrPrefs = import "LrPrefs"
local LrProgressScope = import "LrProgressScope"
local LrStringUtils = import "LrStringUtils"
local LrTasks = import "LrTasks"
local LrView = import "LrView"

local json = require "dkjson"
local Problem = require "Problem"
local Poll = require "Poll"
local Rules = require "Rules"
local Finding = require "Finding"
local Words = require "Words"

local App = {}

App.VERSION = "0.1.0"

local log = LrLogger("Safelight")
local prefs = LrPrefs.prefsForPlugin()
log:enable "logfile"
local parts -- see build()

-- What is going on in each room: { context =, menu = whether the user has chosen it }. Two that plan changes of the
-- catalog at once would each plan with what the other is changing. Indexing has a room of its own: it takes hours and
-- changes nothing in the catalog.
local rooms = {}
local ROOMS = { index = "index", indexSelected = "index" }

local function progress(title)
    local work = rooms.catalog or rooms.index
    return LrProgressScope { title = title, functionContext = work and work.context }
end

-- A scope is wanted only where there is something to do, and by several steps of one command. Whoever closes it ends
-- it: the context of the one that listens, to which it belongs there, lives as long as Lightroom.
local function scopes(context)
    local scope
    local function scopeOf(title)
        scope = scope or LrProgressScope { title = title, functionContext = context }
        scope:setCaption(title)
        return scope
    end
    return scopeOf, function()
        if scope then scope:done() end
    end
end

local function build()
    local explain, paths, files = require "Explain", LrPathUtils, LrFileUtils
    local isWindows = WIN_ENV == true
    local it = {}
    it.dialogs = require("Dialogs").new { dialogs = LrDialogs, view = LrView, binding = LrBinding }
    it.catalog = require("Catalog").new {
        catalog = LrApplication.activeCatalog(), plugin = _PLUGIN, tasks = LrTasks, explain = explain,
        view = LrApplicationView, fold = LrStringUtils.lower,
    }
    it.pairing = require("Pairing").new {
        files = files, paths = paths, json = json, pluginFolder = _PLUGIN.path, isWindows = isWindows,
    }
    it.helper = require("Helper").new {
        http = LrHttp, json = json, explain = explain, tasks = LrTasks, files = files, paths = paths,
        launch = require "Launch", isWindows = isWindows, progress = progress, pairing = it.pairing,
        introduction = function()
            return {
                plugin = App.VERSION, catalog = it.catalog.path(), lightroom = tostring(LrApplication.versionString()),
            }
        end,
    }
    it.changes = require("Changes").new { helper = it.helper, catalog = it.catalog }
    it.answers = require("Answers").new { helper = it.helper, catalog = it.catalog }
    it.living = require("Living").new {
        helper = it.helper, catalog = it.catalog, changes = it.changes, answers = it.answers, rules = Rules,
        tokens = require "Tokens",
    }
    local common = {
        helper = it.helper, catalog = it.catalog, changes = it.changes, answers = it.answers, living = it.living,
        dialogs = it.dialogs, prefs = prefs, rules = Rules, finding = Finding, tasks = LrTasks,
        explain = explain, nameCatalog = it.pairing.nameCatalog,
    }
    common.marks = require("Marks").new(common)
    common.groups = require("Groups").new(common)
    it.finding = Finding.new(common)
    it.smart = require("Smart").new(common)
    it.keywords = require("Keywords").new(common)
    it.duplicates = require("Duplicates").new(common)
    it.decisions = require("Decisions").new(common)
    it.index = require("Index").new(common)
    it.undo = require("Undo").new(common)
    return it
end

-- The modules, made at first use: building them asks Lightroom for the catalog.
function App.parts()
    parts = parts or build()
    return parts
end

local commands = {}
function commands.find(context, scopeOf) App.parts().finding.byWords(context, scopeOf) end
function commands.similar(context, scopeOf) App.parts().finding.similar(context, scopeOf) end
function commands.lessLike() App.parts().finding.rememberLessLike() end
function commands.smart(context, scopeOf) App.parts().smart.make(context, scopeOf) end
function commands.update(_, scopeOf) App.parts().smart.updateAll(scopeOf) end
function commands.keywords(context, scopeOf) App.parts().keywords.suggest(context, scopeOf) end
function commands.duplicates(context, scopeOf) App.parts().duplicates.find(context, scopeOf) end
function commands.showGroup() App.parts().decisions.showGroup() end
function commands.keepThis(context, scopeOf) App.parts().decisions.keepThis(context, scopeOf) end
function commands.notDuplicates(context, scopeOf) App.parts().decisions.notDuplicates(context, scopeOf) end
function commands.index(context, scopeOf) App.parts().index.run(context, scopeOf) end
function commands.indexSelected(context, scopeOf) App.parts().index.selected(context, scopeOf) end

function commands.undo(_, scopeOf)
    local it = App.parts()
    local last = it.undo.last()
    if not last then
        return it.dialogs.say(LOC "$$$/Safelight/Undo/Nothing=There is no Safelight change to undo in this catalog.")
    end
    local lines = { Words.count(last.total,
        "$$$/Safelight/Undo/WhatOne=^1, ^2 step",
        "$$$/Safelight/Undo/What=^1, ^2 steps",
        last.title, last.total) }
    if not it.dialogs.preview(LOC "$$$/Safelight/Undo/Question=Undo the last Safelight change?", lines) then return end
    local left = it.undo.run(last, scopeOf(LOC("$$$/Safelight/Undo/Title=Undo: ^1", last.title)))
    if left > 0 then
        it.dialogs.say(Words.count(left,
            "$$$/Safelight/Undo/LeftOne=^1 photo was left as it is: it was changed since.",
            "$$$/Safelight/Undo/Left=^1 photos were left as they are: they were changed since.",
            left))
    end
    it.dialogs.bezel(LOC "$$$/Safelight/Undo/Done=Undone")
end

local function report(problem)
    if Problem.is(problem) then
        log:warn(problem.code .. ": " .. problem.text)
        if problem.code ~= "cancelled" then App.parts().dialogs.warn(problem.text, problem.advice) end
        return
    end
    log:error(tostring(problem))
    App.parts().dialogs.fault(
        LOC "$$$/Safelight/Problem/Fault=This is a fault in Safelight's plug-in; please report it.", tostring(problem)
    )
end

-- Run work(scopeOf) with nobody else in its room.
local function alone(room, context, menu, work)
    while rooms[room] do LrTasks.sleep(0.2) end
    rooms[room] = { context = context, menu = menu }
    local scopeOf, close = scopes(context)
    local ok, problem = LrTasks.pcall(work, scopeOf)
    close()
    rooms[room] = nil
    return ok, problem
end

-- What every menu item does; menu scripts are not in a task.
function App.run(name)
    local room = ROOMS[name] or "catalog"
    LrFunctionContext.postAsyncTaskWithContext("Safelight " .. name, function(context)
        if rooms[room] and rooms[room].menu then -- the one that listens is soon done; the user's own may take hours
            return App.parts().dialogs.say(
                LOC "$$$/Safelight/Busy/Title=Safelight is still busy with what you chose before.",
                LOC "$$$/Safelight/Busy/How=Wait until its progress bar is gone, or cancel it there."
            )
        end
        local ok, problem = alone(room, context, true, function(scopeOf) commands[name](context, scopeOf) end)
        if not ok then report(problem) end
    end)
end

-- Do what the page or the command line has queued; whether it went well, and a line for people.
local function perform(context, action)
    local it, says = App.parts(), nil
    local ok, problem = alone("catalog", context, false, function(scopeOf)
        local asked = action.payload
        if action.kind == "smart" then
            says = it.smart.deliver(Finding.name(asked.name), asked.question, asked.rules, scopeOf)
        else
            says = it.finding.deliver(asked.question, Finding.name(asked.name), nil, scopeOf)
        end
    end)
    if ok then return says ~= nil, says or "not wanted" end
    if Problem.is(problem) then return false, problem.code == "cancelled" and "not wanted" or problem.text end
    log:error(tostring(problem))
    return false, tostring(problem)
end

-- Let living collections follow where the index or a query has changed since; whether anything was done.
local function follow(context, stamp)
    local it = App.parts()
    local key = "stamp " .. it.catalog.path()
    -- While this catalog is indexed the stamp changes with each batch: once, when all are there, is enough.
    if prefs.follow == false or prefs[key] == stamp or rooms.index then return false end
    local ok, problem = alone("catalog", context, false, function(scopeOf) it.smart.tellFull(it.living.update(scopeOf)) end)
    if ok then prefs[key] = stamp else log:warn(Problem.is(problem) and problem.text or tostring(problem)) end
    return ok
end

-- Begin to ask the helper now and then. A plug-in that is loaded anew takes over from itself.
function App.listen()
    local mine = tostring(os.time()) .. " " .. tostring(math.random(1000000))
    prefs.listener = mine
    LrFunctionContext.postAsyncTaskWithContext("Safelight listens", function(context)
        Poll.new({
            helper = App.parts().helper,
            tasks = LrTasks,
            isBusy = function() return rooms.catalog ~= nil end,
            perform = function(action) return perform(context, action) end,
            update = function(stamp) return follow(context, stamp) end,
        }).run(function() return prefs.listener ~= mine end)
    end)
end

return App
