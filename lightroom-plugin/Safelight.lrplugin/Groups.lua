-- The collections of duplicate groups: one for each group, and none for a group that is no more.
-- They lie in a set of their own and are called like files; what is called otherwise in there is the user's.
-- deps: catalog, changes
local Batches = require "Batches"

local Groups = {}

local SET = { "Safelight", "Duplicates" }

function Groups.path(name)
    return { SET[1], SET[2], name }
end

-- Whether a collection is called as we call them: like a file, with the group's id behind where two are called so.
function Groups.isOurs(name)
    return (name:gsub(" dg%w%w%w%w%w%w%w%w$", "")):match("%.%w+$") ~= nil
end

-- What the collections of groups are called, each name once.
function Groups.names(groups)
    local names, taken = {}, {}
    for i, group in ipairs(groups) do
        names[i] = taken[group.name] and group.name .. " " .. group.id or group.name
        taken[names[i]] = true
    end
    return names
end

local function add(items, more)
    for _, item in ipairs(more) do items[#items + 1] = item end
end

function Groups.new(deps)
    local self = {}
    local catalog, changes = deps.catalog, deps.changes

    -- The collections of groups that are none of `groups`, as items that take them away.
    function self.gone(groups)
        local wanted, items, count = {}, {}, 0
        for _, name in ipairs(Groups.names(groups)) do wanted[name] = true end
        for _, it in ipairs(catalog.collectionsIn(SET)) do
            if not wanted[it.name] and Groups.isOurs(it.name) and not catalog.rulesOf(it.object) then
                count = count + 1
                add(items, changes.remove(it.object, Groups.path(it.name)))
            end
        end
        return items, count
    end

    -- Make those of the collections that are not there, noted before.
    local function make(run, names, find)
        local new, noted = {}, {}
        for _, name in ipairs(names) do
            if not find(Groups.path(name)) then
                new[#new + 1] = name
                noted[#new] = { op = "collection", path = Groups.path(name), made = true }
            end
        end
        for batch in Batches.slices(noted, Batches.WRITES) do run.note(batch) end
        catalog.makeCollections(run.title, SET, new)
    end

    -- Let each group have a collection of its members, the keeper first; returns the first collection.
    function self.fill(run, groups, scope)
        local names, before = Groups.names(groups), catalog.lookup()
        make(run, names, before)
        local find, items, moved = catalog.lookup(), {}, {}
        for i, name in ipairs(names) do
            local path, members = Groups.path(name), groups[i].members
            local existing, collection = before(path), find(path)
            local gain, lose = changes.compare(existing, members)
            add(items, changes.membership(collection, path, lose, false))
            add(items, changes.membership(collection, path, gain, true))
            if existing and #gain > 0 then moved[#moved + 1] = { collection = collection, members = members } end
        end
        changes.apply(run, items, scope)
        for _, it in ipairs(moved) do catalog.refill(run.title, it.collection, it.members) end
        return find(Groups.path(names[1]))
    end

    return self
end

return Groups
