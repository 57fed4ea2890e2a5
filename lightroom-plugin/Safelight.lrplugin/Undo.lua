-- Taking the last change back, as far as nobody has changed the same since.
-- deps: helper, catalog, changes
local Batches = require "Batches"
local Rules = require "Rules"

local Undo = {}

local function stepsOf(keyword)
    return table.concat(keyword.steps, "\1")
end

function Undo.new(deps)
    local self = {}
    local catalog = deps.catalog

    -- { title =, made_at =, total = } of the last change; nil where there is none.
    function self.last()
        local answer = deps.helper.ask("journal_last", {})
        return answer.run and answer or nil
    end

    local read = { field = catalog.fields, raw = catalog.raw }

    -- At the place of each change of a field or of raw metadata, the value that its photo has now.
    local function present(changes, located)
        local now = {}
        for op, readAll in pairs(read) do
            local photos, places, names, seen = {}, {}, {}, {}
            for i, change in ipairs(changes) do
                if change.op == op and located[i] then
                    photos[#photos + 1], places[#places + 1] = located[i].photo, i
                    local name = change.field or change.key
                    if not seen[name] then names[#names + 1] = name end
                    seen[name] = true
                end
            end
            for n, row in ipairs(readAll(photos, names)) do
                local change = changes[places[n]]
                now[places[n]] = row[change.field or change.key]
            end
        end
        return now
    end

    -- By operation: puts what takes a change back into items; returns how many photos are left alone.
    -- photo, now: what the change is about and its present value, where there are such; known.keywords(): all, by their
    -- steps; known.collection(path).
    local invert = {}

    local function valueBack(change, items, photo, now)
        if not photo or now ~= change.after then return 1 end
        local back = { op = change.op, uuid = change.uuid, field = change.field, key = change.key,
            before = change.after, after = change.before }
        items[#items + 1] = { photo = photo, change = back }
        return 0
    end
    invert.field, invert.raw = valueBack, valueBack

    function invert.keyword(change, items, photo, _, known)
        local keyword = photo and known.keywords()[stepsOf(change)]
        if not keyword then return 1 end
        items[#items + 1] = deps.changes.keyword(photo, change.uuid, keyword, change.steps, not change.add)
        return 0
    end

    function invert.query() return 0 end -- the helper's own matter; see journal_undone

    function invert.rules(change, items, _, _, known)
        local collection = known.collection(change.path)
        if collection and catalog.rulesOf(collection) then
            items[#items + 1] = deps.changes.rules(
                collection, change.path, catalog.rulesOf(collection), Rules.unpacked(change.before)
            )
        end
        return 0
    end

    function invert.collection(change, items, _, _, known)
        if not change.uuids then return 0 end -- see makeGone and removeMade
        local collection, refs = known.collection(change.path), {}
        if not collection then return #change.uuids end
        for i, uuid in ipairs(change.uuids) do refs[i] = { uuid = uuid } end
        local found, gone = catalog.resolve(refs)
        for _, item in ipairs(deps.changes.membership(collection, change.path, found, not change.add)) do
            items[#items + 1] = item
        end
        return gone
    end

    local function plan(changes)
        local items, left, bySteps = {}, 0, nil
        local known = { collection = catalog.lookup() }
        function known.keywords()
            if not bySteps then
                bySteps = {}
                for _, it in ipairs(catalog.keywords()) do bySteps[stepsOf(it)] = it.keyword end
            end
            return bySteps
        end
        local refs = {}
        for i, change in ipairs(changes) do refs[i] = { uuid = change.uuid } end -- none, where it is a collection's
        local located = catalog.locate(refs)
        local now = present(changes, located)
        for i, change in ipairs(changes) do
            left = left + invert[change.op](change, items, located[i] and located[i].photo, now[i], known)
        end
        return items, left
    end

    -- Collections that were taken away must be there before their photos are put back; all are of one set (see Groups).
    local function makeGone(title, changes)
        local find, names, set = catalog.lookup(), {}, nil
        for _, change in ipairs(changes) do
            if change.gone and not find(change.path) then
                names[#names + 1] = change.path[#change.path]
                set = { unpack(change.path, 1, #change.path - 1) }
            end
        end
        catalog.makeCollections(title, set, names)
    end

    local function removeMade(title, changes)
        local find, empty = catalog.lookup(), {}
        for _, change in ipairs(changes) do
            local collection = change.made and find(change.path)
            -- What the user has put in since stays.
            if collection and (catalog.rulesOf(collection) or #catalog.members(collection) == 0) then
                empty[#empty + 1] = collection
            end
        end
        catalog.deleteCollections(title, empty)
    end

    -- Take the change back; returns how many photos were left alone.
    function self.run(last, scope)
        local title = LOC("$$$/Safelight/Undo/Title=Undo: ^1", last.title)
        local left, done, before = 0, 0, nil
        while true do
            local page = deps.helper.ask("journal_last", { before = before })
            if page.run ~= last.run or #page.changes == 0 then break end
            makeGone(title, page.changes)
            local items, kept = plan(page.changes)
            left = left + kept
            for batch in Batches.steps(items) do catalog.apply(title, batch) end
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
