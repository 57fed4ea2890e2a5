-- Which photos of this catalog the helper means: objects of two queries are never compared, so it names them by refs
-- { uuid =, path =, spellings =, any_case = }. Pure.
-- deps: find(ref) -> photo, or nil; refs(photos) -> refs in their order; spellings (see Spellings); yield()
local Locating = {}

local AT_ONCE = 500 -- between two yields

function Locating.new(deps)
    local self = {}

    -- At the place of each ref { photo =, uuid = }, or false where this catalog has no such photo.
    function self.locate(refs)
        local photos, places, lacking, located = {}, {}, {}, {}
        for i, ref in ipairs(refs) do
            located[i] = false
            local photo = deps.find(ref)
            if photo then
                photos[#photos + 1], places[#places + 1] = photo, i
            elseif ref.any_case then
                lacking[i] = ref
            end
            if i % AT_ONCE == 0 then deps.yield() end
        end
        for i, photo in pairs(deps.spellings.find(lacking)) do
            photos[#photos + 1], places[#places + 1] = photo, i
        end
        for n, ref in ipairs(deps.refs(photos)) do
            located[places[n]] = { photo = photos[n], uuid = ref.uuid }
        end
        return located
    end

    -- Those of refs that this catalog has, in their order, each photo once; and how many it has not.
    function self.resolve(refs)
        local found, seen, missing = {}, {}, 0
        for _, it in ipairs(self.locate(refs)) do
            if not it then
                missing = missing + 1
            elseif not seen[it.uuid] then
                seen[it.uuid] = true
                found[#found + 1] = it
            end
        end
        return found, missing
    end

    return self
end

return Locating
