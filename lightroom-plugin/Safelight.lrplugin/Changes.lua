-- Changes of the catalog: written to the journal first, then applied in batches, so that each can be taken back.
-- A change is { op = "field", uuid, field, before, after }, { op = "raw", uuid, key, before, after },
-- { op = "keyword", uuid, steps, add }, { op = "collection", path, uuids, add } or { op = "collection", path, made = true }.
-- deps: helper, catalog
local Problem = require "Problem"
local Helper = require "Helper"

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
        for batch in deps.catalog.slices(items, deps.catalog.BATCH) do
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
    function self.membership(collection, path, found, add)
        local items = {}
        for batch in deps.catalog.slices(found, deps.catalog.BATCH) do
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

    return self
end

return Changes
