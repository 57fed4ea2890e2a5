-- What lies at a path of names: collections in sets, keywords under keywords. Pure.
-- deps: above(parent) -> what further names may lie in; below(parent) -> what may be at the end of a path; both at the
--       top where parent is nil; name(object) -> text, or nil; fold(text) -> the same for all cases of its letters
local Tree = {}

-- The path of the set that something lies in.
function Tree.setOf(path)
    return { unpack(path, 1, #path - 1) }
end

function Tree.new(deps)
    local self = {}

    local function called(objects, name)
        for _, object in ipairs(objects) do
            if deps.name(object) == name then return object end
        end
    end

    -- What lies in the set at a path: { { object =, name = }, ... }.
    function self.list(path)
        local parent
        for _, name in ipairs(path) do
            parent = called(deps.above(parent), name)
            if not parent then return {} end
        end
        local found = {}
        for _, object in ipairs(deps.below(parent)) do
            local name = deps.name(object)
            if name then found[#found + 1] = { object = object, name = name } end
        end
        return found
    end

    -- What lies at a path; nil where there is nothing.
    function self.at(path)
        for _, it in ipairs(self.list(Tree.setOf(path))) do
            if it.name == path[#path] then return it.object end
        end
    end

    -- The path with its last name as it is written there, where it differs in case alone.
    function self.spelt(path)
        local set, name, other = Tree.setOf(path), path[#path], nil
        for _, it in ipairs(self.list(set)) do
            if it.name == name then return path end
            if deps.fold(it.name) == deps.fold(name) then other = it.name end
        end
        set[#path] = other or name
        return set
    end

    -- at() as a function that looks through each set once, for many paths.
    function self.lookup()
        local sets = {}
        return function(path)
            local set = Tree.setOf(path)
            local key = table.concat(set, "\1")
            if not sets[key] then
                sets[key] = {}
                for _, it in ipairs(self.list(set)) do sets[key][it.name] = it.object end
            end
            return sets[key][path[#path]]
        end
    end

    return self
end

return Tree
