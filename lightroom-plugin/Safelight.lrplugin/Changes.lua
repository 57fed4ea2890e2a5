-- Changes of the catalog: written to the journal first, then applied in batches, so that each can be taken back.
-- A change is { op = "field", uuid, field, before, after }, { op = "raw", uuid, key, before, after },
-- { op = "keyword", uuid, steps, add }, or of the collection at a path { op = "collection", path } with
-- uuids and add, where photos come in or are taken out, made = true or gone = true; or of the rules of the smart
-- collection at a path { op = "rules", path, before, after }, both as Rules.packed gives them. What becomes of a saved
-- query the helper writes down itself.
-- deps: helper, catalog
local Batches = require "Batches"
local Helper = require "Helper"
local Problem = require "Problem"
local Rules = require "Rules"

local Changes = {}

function Changes.new(deps)
    local self = {}

    -- An open run of the journal: note(changes), then write. Opened only where there is something to change.
    function self.begin(title)
        local run = { title = title, id = deps.helper.ask("journal_begin", { title = title }).run }
        function run.note(changes)
            deps.helper.ask("journal_add", { run = run.id, changes = Helper.list(changes) })
        end
        return run
    end

    -- Note and apply items in batches. A scope that is cancelled ends it between two batches; what is done is kept.
    function self.apply(run, items, scope)
        local done = 0
        for batch in Batches.steps(items) do
            if scope:isCanceled() then error(Problem.cancelled) end
            local changes = {}
            for i, item in ipairs(batch) do changes[i] = item.change end
            run.note(changes)
            deps.catalog.apply(run.title, batch)
            done = done + #batch
            scope:setPortionComplete(done, #items)
        end
    end

    -- Items that put photos { photo =, uuid = } into a collection, or take them out, a batch each.
    local function membership(collection, path, found, add)
        local items = {}
        for batch in Batches.slices(found, Batches.WRITES) do
            local photos, uuids = {}, {}
            for i, it in ipairs(batch) do photos[i], uuids[i] = it.photo, it.uuid end
            items[#items + 1] = {
                change = { op = "collection", path = path, uuids = uuids, add = add },
                collection = collection,
                photos = photos,
            }
        end
        return items
    end
    self.membership = membership

    -- Items that take a collection away, after all that is in it, so that undoing knows what to put back.
    function self.remove(collection, path)
        local items = membership(collection, path, deps.catalog.members(collection), false)
        local change = { op = "collection", path = path, gone = true }
        items[#items + 1] = { change = change, collection = collection, photos = {} }
        return items
    end

    -- What a collection, or nil, has to gain and to lose, so that it holds just `found`.
    function self.compare(collection, found)
        return self.differ(collection and deps.catalog.members(collection) or {}, found)
    end

    -- Those of `found` that are no members, and the members that are none of `found`: { { photo =, uuid = }, ... } each.
    function self.differ(members, found)
        local has, wanted, gain, lose = {}, {}, {}, {}
        for _, it in ipairs(members) do has[it.uuid] = true end
        for _, it in ipairs(found) do
            wanted[it.uuid] = true
            if not has[it.uuid] then gain[#gain + 1] = it end
        end
        for _, it in ipairs(members) do
            if not wanted[it.uuid] then lose[#lose + 1] = it end
        end
        return gain, lose
    end

    -- Let the collection at a path hold just `found`, in this order; it is made where it is not there.
    function self.fill(run, path, found, scope)
        local existing = deps.catalog.collectionAt(path)
        local gain, lose = self.compare(existing, found)
        if not existing then run.note { { op = "collection", path = path, made = true } } end
        local collection = deps.catalog.ensureCollection(run.title, path)
        self.apply(run, membership(collection, path, lose, false), scope)
        self.apply(run, membership(collection, path, gain, true), scope)
        if existing and #gain > 0 then
            -- The same photos, put in anew in their order: nothing for the journal.
            deps.catalog.refill(run.title, collection, found)
        end
        return collection
    end

    -- The item that sets one of our fields; nil where it has that value already.
    function self.field(photo, uuid, field, before, after)
        if before == after then return nil end
        return {
            change = { op = "field", uuid = uuid, field = field, before = before, after = after },
            photo = photo,
        }
    end

    -- The same for rating, flag and label.
    function self.raw(photo, uuid, key, before, after)
        if before == after then return nil end
        return { change = { op = "raw", uuid = uuid, key = key, before = before, after = after }, photo = photo }
    end

    -- The item that gives the smart collection at a path other rules.
    function self.rules(collection, path, before, after)
        local change = { op = "rules", path = path, before = Rules.packed(before), after = Rules.packed(after) }
        return { change = change, collection = collection }
    end

    -- The item that gives a photo a keyword, or takes it away.
    function self.keyword(photo, uuid, keyword, steps, add)
        return { change = { op = "keyword", uuid = uuid, steps = steps, add = add }, photo = photo, keyword = keyword }
    end

    return self
end

return Changes
