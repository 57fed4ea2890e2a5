-- Photos whose path this catalog writes in another case: macOS and Windows take both for one file.
-- Lightroom is asked by file name, for many at once; the whole path then tells which photo it is. Pure.
-- deps: search(names) -> { { photo =, path = }, ... }, photos whose file names begin so in any case;
--       folders() -> paths of the folders that all photos of the catalog lie in
local Batches = require "Batches"

local Spellings = {}

local AT_ONCE = 50 -- names in one search

local function folded(path)
    return (path:lower():gsub("\\", "/"))
end

local function leaf(path)
    return path:match("[^/\\]+$") or path
end

-- Whether one of paths lies in one of folders, whatever the case.
local function isUnder(paths, folders)
    for _, folder in ipairs(folders) do
        local prefix = folded(folder):gsub("/*$", "") .. "/"
        for _, path in ipairs(paths) do
            if folded(path):sub(1, #prefix) == prefix then return true end
        end
    end
    return false
end

function Spellings.new(deps)
    local self = {}
    local absent = {} -- paths that were looked for in vain: not again until Lightroom restarts

    -- candidates by folded path; false where two paths differ in case alone
    local function searched(names)
        local byPath = {}
        for _, it in ipairs(deps.search(names)) do
            local key, known = folded(it.path), byPath[folded(it.path)]
            if known == nil then
                byPath[key] = it
            elseif known and known.path ~= it.path then
                byPath[key] = false
            end -- a virtual copy has its master's path; the first of them is taken
        end
        return byPath
    end

    local function look(batch, found)
        local names = {}
        for _, it in ipairs(batch) do
            for _, path in ipairs(it.paths) do names[#names + 1] = leaf(path) end
        end
        local byPath = searched(names)
        for _, it in ipairs(batch) do
            for _, path in ipairs(it.paths) do
                found[it.key] = found[it.key] or byPath[folded(path)] and byPath[folded(path)].photo or nil
            end
            if not found[it.key] then absent[it.paths[1]] = true end
        end
    end

    -- refs: { [key] = { path =, spellings = } }; returns { [key] = photo } of those that are there.
    function self.find(refs)
        local wanted, found, folders = {}, {}, next(refs) and deps.folders()
        for key, ref in pairs(refs) do
            local paths = { ref.path, unpack(ref.spellings or {}) }
            if not absent[ref.path] and isUnder(paths, folders) then wanted[#wanted + 1] = { key = key, paths = paths } end
        end
        for batch in Batches.slices(wanted, AT_ONCE) do look(batch, found) end
        return found
    end

    return self
end

return Spellings
