-- Living smart collections: photos that match a saved query carry its token, and nobody else does.
-- Lightroom's own search says who carries it, so that undoing, restoring or copying a catalog cannot mislead us.
-- deps: helper, catalog, changes, answers, rules (Rules), tokens (Tokens)
local Living = {}

local FIELD = "queries"

function Living.new(deps)
    local self = {}
    local catalog = deps.catalog

    local function change(items, it, before, after)
        local item = deps.changes.field(it.photo, it.uuid, FIELD, before, after)
        if item then items[#items + 1] = item end
    end

    local function photosOf(found)
        local photos = {}
        for i, it in ipairs(found) do photos[i] = it.photo end
        return photos
    end

    -- Who has to get the token of a query and who to lose it, how many match, and how many of those are not here.
    local function compare(query)
        local photos = catalog.carriers(query.token)
        local carriers = catalog.refs(photos)
        if query.question.limit then
            for i, ref in ipairs(carriers) do ref.photo = photos[i] end
            local found, missing = deps.answers.find(query.question)
            local gain, lose = deps.changes.differ(carriers, found)
            return gain, lose, #found, missing
        end
        local answer = deps.helper.ask("difference", {
            question = query.question, carriers = deps.helper.carry(carriers),
        })
        local removed = catalog.resolve(answer.remove)
        local added, missing = catalog.resolve(answer.add)
        return added, removed, answer.matching, missing
    end

    -- What has to change for a query, saved or not: { query, items, add, remove, matching, missing, full }.
    -- missing: photos that match and that this catalog has not; full: those whose field has no room for one more.
    function self.plan(query)
        local added, removed, matching, missing = compare(query)
        local plan = { query = query, items = {}, add = 0, remove = 0, full = 0, matching = matching, missing = missing }
        local values = catalog.fields(photosOf(added), { FIELD })
        for i, it in ipairs(added) do
            local after = deps.tokens.add(values[i][FIELD], query.token)
            if not after then
                plan.full = plan.full + 1
            elseif after ~= values[i][FIELD] then
                change(plan.items, it, values[i][FIELD], after)
                plan.add = plan.add + 1
            end
        end
        values = catalog.fields(photosOf(removed), { FIELD })
        for i, it in ipairs(removed) do
            change(plan.items, it, values[i][FIELD], deps.tokens.remove(values[i][FIELD], query.token))
            plan.remove = plan.remove + 1
        end
        return plan
    end

    -- Where the smart collection of a query lies, and it; nil where it is not there.
    function self.place(query)
        local path = catalog.spelt { "Safelight", "Smart", query.name }
        return path, catalog.collectionAt(path)
    end

    -- The collection of a plan where it has nothing to change any more; else nil.
    function self.done(plan)
        local _, existing = self.place(plan.query)
        if not existing or #plan.items > 0 then return nil end
        local wanted = deps.rules.smart(plan.query.token, plan.query.rules)
        return self.sameRules(catalog.rulesOf(existing), wanted) and existing or nil
    end

    -- Make the smart collection where it is not there, bring its rules and its photos up to date.
    -- run: of the journal; nil where none is open yet.
    function self.apply(plan, scopeOf, run)
        if self.done(plan) then return self.done(plan) end
        local path, existing = self.place(plan.query)
        local wanted = deps.rules.smart(plan.query.token, plan.query.rules)
        run = run or self.begin(plan.query)
        local collection = existing
        if not existing then
            run.note { { op = "collection", path = path, made = true } }
            collection = catalog.ensureSmart(run.title, path, wanted)
        elseif not self.sameRules(catalog.rulesOf(existing), wanted) then
            local rules = deps.changes.rules(existing, path, catalog.rulesOf(existing), wanted)
            table.insert(plan.items, 1, rules)
        end
        deps.changes.apply(run, plan.items, scopeOf(run.title))
        return collection
    end

    -- Open a run of the journal for a query.
    function self.begin(query)
        return deps.changes.begin(LOC("$$$/Safelight/Smart/Step=Safelight: ^1", query.name))
    end

    -- Whether two search descriptions say the same, whatever else Lightroom has written into one of them.
    function self.sameRules(has, wanted)
        if type(wanted) ~= "table" then return has == wanted end
        if type(has) ~= "table" or #has ~= #wanted then return false end
        for key, value in pairs(wanted) do
            if not self.sameRules(has[key], value) then return false end
        end
        return true
    end

    -- The saved queries whose collections are in this catalog.
    function self.here()
        local here = {}
        for _, query in ipairs(deps.helper.ask("list_queries", {}).queries) do
            local _, existing = self.place(query)
            if existing then here[#here + 1] = query end
        end
        return here
    end

    -- Bring all collections that are in this catalog up to date. scopeOf(title) gives a progress scope. Returns what was
    -- done (see plan).
    function self.update(scopeOf)
        local plans = {}
        for i, query in ipairs(self.here()) do
            plans[i] = self.plan(query)
            self.apply(plans[i], scopeOf)
        end
        return plans
    end

    return self
end

return Living
