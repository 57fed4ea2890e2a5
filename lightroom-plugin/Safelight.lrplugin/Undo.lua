-- Taking the last change back, as far as nobody has changed the same since.
-- deps: helper, catalog, changes
local Undo = {}

local function same(a, b)
    if #a ~= #b then return false end
    for i = 1, #a do
        if a[i] ~= b[i] then return false end
    end
    return true
end

function Undo.new(deps)
    local self = {}
    local catalog = deps.catalog

    -- { title =, made_at =, total = } of the last change; nil where there is none.
    function self.last()
        local answer = deps.helper.ask("journal_last", {})
        return answer.run and answer or nil
    end

    -- Each puts what takes a change back into items; returns how many photos it leaves alone.
    local invert = {}

    local function value(change, read, name)
        return function(items)
            local photo = catalog.find { uuid = change.uuid }
            if not photo or read({ photo }, { name })[1][name] ~= change.after then return 1 end
            local back = { op = change.op, uuid = change.uuid, field = change.field, key = change.key,
                before = change.after, after = change.before }
            items[#items + 1] = { photo = photo, change = back }
            return 0
        end
    end

    function invert.field(change, items) return value(change, catalog.fields, change.field)(items) end
    function invert.raw(change, items) return value(change, catalog.raw, change.key)(items) end

    function invert.keyword(change, items, keywords)
        local photo = catalog.find { uuid = change.uuid }
        for _, known in ipairs(keywords()) do
            if photo and same(known.steps, change.steps) then
                local back = { op = "keyword", uuid = change.uuid, steps = change.steps, add = not change.add }
                items[#items + 1] = { photo = photo, keyword = known.keyword, change = back }
                return 0
            end
        end
        return 1
    end

    function invert.collection(change, items)
        if not change.uuids then return 0 end -- see removeMade
        local collection = catalog.collectionAt(change.path)
        if not collection then return #change.uuids end
        local refs = {}
        for i, uuid in ipairs(change.uuids) do refs[i] = { uuid = uuid } end
        local found, gone = catalog.resolve(refs)
        for _, item in ipairs(deps.changes.membership(collection, change.path, found, not change.add)) do
            items[#items + 1] = item
        end
        return gone
    end

    local function plan(changes)
        local items, left, keywords = {}, 0, nil
        local function allKeywords()
            keywords = keywords or catalog.keywords()
            return keywords
        end
        for _, change in ipairs(changes) do left = left + invert[change.op](change, items, allKeywords) end
        return items, left
    end

    local function removeMade(title, changes)
        for _, change in ipairs(changes) do
            local collection = change.made and catalog.collectionAt(change.path)
            -- What the user has put in since stays.
            if collection and (catalog.rulesOf(collection) or #catalog.members(collection) == 0) then
                catalog.deleteCollection(title, collection)
            end
        end
    end

    -- Take the change back; returns how many photos were left alone.
    function self.run(last, scope)
        local title = LOC("$$$/Safelight/Undo/Title=Undo: ^1", last.title)
        local left, done, before = 0, 0, nil
        while true do
            local page = deps.helper.ask("journal_last", { before = before })
            if page.run ~= last.run or #page.changes == 0 then break end
            local items, kept = plan(page.changes)
            left = left + kept
            for batch in catalog.slices(items, catalog.BATCH) do catalog.apply(title, batch) end
            removeMade(title, page.changes)
            done = done + #page.changes
            scope:setPortionComplete(done, last.total)
            before = page.changes[#page.changes].entry
        end
        deps.helper.ask("journal_undone", { run = last.run })
        return left
    end

    return self
end

return Undo
