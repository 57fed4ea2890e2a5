-- The collections of duplicate groups: one for each group, and none for a group that is no more.
-- They lie in a set of their own and are called like files; what is called otherwise in there is the user's.
-- deps: catalog, changes
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

function Groups.new(deps)
    local self = {}
    local catalog, changes = deps.catalog, deps.changes

    -- The collections of groups that are none of `groups`, as items that take them away.
    function self.gone(groups)
        local wanted, items, count = {}, {}, 0
        for _, name in ipairs(Groups.names(groups)) do wanted[name] = true end
        for _, it in ipairs(catalog.collectionsIn(SET)) do
            if not wanted[it.name] and Groups.isOurs(it.name) and not catalog.rulesOf(it.collection) then
                count = count + 1
                for _, item in ipairs(changes.remove(it.collection, Groups.path(it.name))) do items[#items + 1] = item end
            end
        end
        return items, count
    end

    -- Let each group have a collection of its members; returns the first.
    function self.fill(run, groups, scope)
        local first
        for i, name in ipairs(Groups.names(groups)) do
            local collection = changes.fill(run, Groups.path(name), groups[i].members, scope)
            first = first or collection
        end
        return first
    end

    return self
end

return Groups
