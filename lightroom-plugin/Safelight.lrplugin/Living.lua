-- Living smart collections: photos that match a saved query carry its token, and nobody else does.
-- Lightroom's own search says who carries it, so that undoing, restoring or copying a catalog cannot mislead us.
-- deps: helper, catalog, changes, rules (Rules), tokens (Tokens)
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

    -- What has to change for one token: { query, items, add, remove, matching, missing, full }.
    -- missing: photos that match and that this catalog has not; full: those whose field has no room for one more.
    function self.plan(token)
        local carriers = catalog.refs(catalog.carriers(token))
        local answer = deps.helper.ask("difference", { token = token, carriers = deps.helper.carry(carriers) })
        local plan = { query = answer.query, items = {}, add = 0, remove = 0, full = 0, matching = answer.matching }
        local added, missing = catalog.resolve(answer.add)
        plan.missing = missing
        local values = catalog.fields(photosOf(added), { FIELD })
        for i, it in ipairs(added) do
            local after = deps.tokens.add(values[i][FIELD], token)
            if not after then
                plan.full = plan.full + 1
            elseif after ~= values[i][FIELD] then
                change(plan.items, it, values[i][FIELD], after)
                plan.add = plan.add + 1
            end
        end
        local removed = catalog.resolve(answer.remove)
        values = catalog.fields(photosOf(removed), { FIELD })
        for i, it in ipairs(removed) do
            change(plan.items, it, values[i][FIELD], deps.tokens.remove(values[i][FIELD], token))
            plan.remove = plan.remove + 1
        end
        return plan
    end

    function self.path(name)
        return { "Safelight", "Smart", name }
    end

    -- Make the smart collection where it is not there, bring its rules and its photos up to date.
    function self.apply(plan, scopeOf)
        local path = self.path(plan.query.name)
        local wanted = deps.rules.smart(plan.query.token, plan.query.rules)
        local existing = catalog.collectionAt(path)
        if existing and #plan.items == 0 and self.sameRules(catalog.rulesOf(existing), wanted) then return existing end
        local title = LOC("$$$/Safelight/Smart/Step=Safelight: ^1", plan.query.name)
        local run = deps.changes.begin(title)
        if not existing then run.note { { op = "collection", path = path, made = true } } end
        local collection = existing
        if not existing or not self.sameRules(catalog.rulesOf(existing), wanted) then
            collection = catalog.ensureSmart(title, path, wanted)
        end
        deps.changes.apply(run, plan.items, scopeOf(title))
        return collection
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

    -- Bring all collections that are in this catalog up to date. scopeOf(title) gives a progress scope.
    function self.update(scopeOf)
        for _, query in ipairs(deps.helper.ask("list_queries", {}).queries) do
            if catalog.collectionAt(self.path(query.name)) then self.apply(self.plan(query.token), scopeOf) end
        end
    end

    return self
end

return Living
