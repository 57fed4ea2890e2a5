-- Smart collections from words, made and kept up to date.
-- deps: helper, catalog, living, dialogs, prefs, rules (Rules), finding (Finding, the module)
local Problem = require "Problem"
local Words = require "Words"

local Smart = {}

function Smart.new(deps)
    local self = {}
    local dialogs = deps.dialogs

    local function day(typed)
        if typed == "" then return nil end
        return deps.rules.day(typed) or error(Problem.new(
            "day",
            LOC("$$$/Safelight/Problem/Day=^1 is no day.", typed),
            LOC "$$$/Safelight/Advice/Day=Write it as 2019-07-04."
        ))
    end

    local function rulesOf(values)
        local rules = {
            rating = values.rating > 0 and values.rating or nil,
            keyword = values.keyword ~= "" and values.keyword or nil,
            taken_since = day(values.since),
            taken_until = day(values.before),
        }
        return next(rules) and rules or nil -- an empty table would be written as a list
    end

    local function announce(plan)
        local lines = {
            Words.matching(plan.matching),
            LOC("$$$/Safelight/Preview/Marks=Photos that get the mark of this collection: ^1; that lose it: ^2.", plan.add, plan.remove),
        }
        if plan.missing > 0 then
            lines[#lines + 1] = Words.elsewhere(plan.missing)
        end
        if plan.full > 0 then
            lines[#lines + 1] = Words.count(plan.full,
                "$$$/Safelight/Preview/FullOne=^1 photo is in 46 smart collections already, and a photo has room for no more: it is left out.",
                "$$$/Safelight/Preview/Full=^1 photos are in 46 smart collections already, and a photo has room for no more: they are left out.",
                plan.full)
        end
        return dialogs.preview(LOC("$$$/Safelight/Preview/Smart=Smart collection: ^1", plan.query.name), lines)
    end

    -- Save what was proposed and write it into this catalog; the collection. Nothing follows a query whose writing was
    -- cancelled.
    local function write(plan, scopeOf)
        local query, run = plan.query, deps.living.begin(plan.query)
        deps.helper.ask("save_query", {
            run = run.id, token = query.token, name = query.name, question = query.question, rules = query.rules,
        })
        local ok, result = deps.tasks.pcall(deps.living.apply, plan, scopeOf, run)
        if ok then return result end
        if result == Problem.cancelled then deps.helper.ask("restore_query", { run = run.id }) end
        error(result)
    end

    -- Make or change the smart collection of a name; nothing lives by the question before the user has seen what comes of
    -- it. Returns a line for people, nil where the user did not want to.
    function self.deliver(name, question, rules, scopeOf)
        local proposed = deps.helper.ask("propose_query", { name = name, question = question, rules = rules })
        local plan = deps.living.plan(proposed.query)
        local done = not proposed.changed and deps.living.done(plan)
        if not done and not announce(plan) then return nil end
        deps.prefs["full " .. plan.query.token] = plan.full > 0 or nil -- that was just said
        local collection = done or write(plan, scopeOf)
        deps.catalog.show(collection)
        local line = LOC("$$$/Safelight/Smart/Done=^1: ^2 added, ^3 removed", plan.query.name, plan.add, plan.remove)
        dialogs.bezel(line)
        return line
    end

    -- Say of each collection once that it leaves out photos which have no room for its mark; plans: what was done.
    function self.tellFull(plans)
        for _, plan in ipairs(plans) do
            local key = "full " .. plan.query.token
            if plan.full > 0 and not deps.prefs[key] then
                dialogs.bezel(Words.count(plan.full,
                    "$$$/Safelight/Update/FullOne=^1 leaves out ^2 photo: it is in 46 smart collections already",
                    "$$$/Safelight/Update/Full=^1 leaves out ^2 photos: they are in 46 smart collections already",
                    plan.query.name, plan.full))
            end
            deps.prefs[key] = plan.full > 0 or nil
        end
    end

    -- Menu: Make a Smart Collection from Words...
    function self.make(context, scopeOf)
        local prefs = deps.prefs
        local values = dialogs.smart(context, {
            words = prefs.find_words or "", name = "", limit = "", rating = 0, keyword = "", since = "", before = "",
        })
        if not values or not values.words:find("%S") then return end
        local name = deps.finding.name(values.name ~= "" and values.name or values.words)
        local question = { words = values.words, limit = deps.finding.limit(values.limit) }
        self.deliver(name, question, rulesOf(values), scopeOf)
    end

    -- Menu: Update Living Smart Collections...
    function self.updateAll(scopeOf)
        local plans, lines = {}, {}
        for _, query in ipairs(deps.living.here()) do
            local plan = deps.living.plan(query)
            if #plan.items > 0 then
                plans[#plans + 1] = plan
                lines[#lines + 1] = LOC("$$$/Safelight/Smart/Done=^1: ^2 added, ^3 removed",
                    query.name, plan.add, plan.remove)
            end
        end
        if #plans == 0 then
            return dialogs.say(LOC "$$$/Safelight/Update/Nothing=All smart collections are up to date.")
        end
        if not dialogs.preview(LOC "$$$/Safelight/Update/Title=Update smart collections", lines) then return end
        for _, plan in ipairs(plans) do deps.living.apply(plan, scopeOf) end
        dialogs.bezel(LOC "$$$/Safelight/Update/Done=Smart collections are up to date")
    end

    return self
end

return Smart
