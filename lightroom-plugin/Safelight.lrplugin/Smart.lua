-- Smart collections from words, made and kept up to date.
-- deps: helper, catalog, living, dialogs, prefs, rules (Rules), finding (Finding, the module)
local Problem = require "Problem"

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
            LOC("$$$/Safelight/Preview/Found=^1 photos match.", plan.matching),
            LOC("$$$/Safelight/Preview/Marks=^1 photos get the mark of this collection, ^2 lose it.", plan.add, plan.remove),
        }
        if plan.missing > 0 then
            lines[#lines + 1] = LOC("$$$/Safelight/Preview/Elsewhere=^1 more are not in this catalog.", plan.missing)
        end
        if plan.full > 0 then
            lines[#lines + 1] = LOC(
                "$$$/Safelight/Preview/Full=^1 photos are in 46 smart collections already, and a photo has room for no more: they are left out.",
                plan.full
            )
        end
        return dialogs.preview(LOC("$$$/Safelight/Preview/Smart=Smart collection: ^1", plan.query.name), lines)
    end

    -- Bring one saved query into this catalog; returns a line for people, nil where the user did not want to.
    function self.deliver(token, scopeOf)
        local plan = deps.living.plan(token)
        local rules = deps.rules.smart(plan.query.token, plan.query.rules)
        local existing = deps.catalog.collectionAt(deps.living.path(plan.query.name))
        local same = existing and deps.living.sameRules(deps.catalog.rulesOf(existing), rules)
        if (#plan.items > 0 or not same) and not announce(plan) then return nil end
        local collection = deps.living.apply(plan, scopeOf)
        deps.catalog.show(collection)
        local line = LOC("$$$/Safelight/Smart/Done=^1: ^2 added, ^3 removed", plan.query.name, plan.add, plan.remove)
        dialogs.bezel(line)
        return line
    end

    -- What the user did not want after all: the query is as it was before, or is no more.
    local function takeBack(token, before)
        if before then
            deps.helper.ask("save_query", { name = before.name, question = before.question, rules = before.rules })
        else
            deps.helper.ask("remove_query", { token = token })
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
        local before = {}
        for _, query in ipairs(deps.helper.ask("list_queries", {}).queries) do before[query.token] = query end
        local query = deps.helper.ask("save_query", {
            name = name,
            question = { words = values.words, limit = deps.finding.limit(values.limit) },
            rules = rulesOf(values),
        }).query
        if not self.deliver(query.token, scopeOf) then takeBack(query.token, before[query.token]) end
    end

    -- Menu: Update Living Smart Collections...
    function self.updateAll(scopeOf)
        local plans, lines = {}, {}
        for _, query in ipairs(deps.helper.ask("list_queries", {}).queries) do
            if deps.catalog.collectionAt(deps.living.path(query.name)) then
                local plan = deps.living.plan(query.token)
                if #plan.items > 0 then
                    plans[#plans + 1] = plan
                    lines[#lines + 1] = LOC("$$$/Safelight/Smart/Done=^1: ^2 added, ^3 removed",
                        query.name, plan.add, plan.remove)
                end
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
