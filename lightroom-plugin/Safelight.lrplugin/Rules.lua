-- Search descriptions. An operation that is not in Adobe's list makes Lightroom hang: there are no others in here.
local Rules = {}

local ID = "org.safelight.lightroom"

local function text(criteria, operation, value)
    return { criteria = criteria, operation = operation, value = value, value2 = "" }
end

-- A search description as JSON can hold it, which has no tables that are list and object at once; and back.
function Rules.packed(description)
    if description.criteria then return description end
    local parts = {}
    for i, part in ipairs(description) do parts[i] = Rules.packed(part) end
    return { parts = parts, combine = description.combine }
end

function Rules.unpacked(packed)
    if packed.criteria then return packed end
    local description = { combine = packed.combine }
    for i, part in ipairs(packed.parts) do description[i] = Rules.unpacked(part) end
    return description
end

-- Photos that carry a token.
function Rules.token(token)
    return text("sdktext:" .. ID .. ".queries", "any", token)
end

-- The smart collection of a saved query: its token, and what else the user wants of the photos.
-- rules: { rating = 1..5, keyword = text, taken_since = "2019-01-01", taken_until = "2019-12-31" }, each optional.
function Rules.smart(token, rules)
    local description = { Rules.token(token), combine = "intersect" }
    local function also(criterion) description[#description + 1] = criterion end
    if rules.rating then also(Rules.rated(rules.rating)) end
    if rules.keyword then also(text("keywords", "all", rules.keyword)) end
    if rules.taken_since and rules.taken_until then
        also { criteria = "captureTime", operation = "in", value = rules.taken_since, value2 = rules.taken_until }
    elseif rules.taken_since then
        -- ">=" on a date makes Lightroom hang; the range ends where no camera will.
        also { criteria = "captureTime", operation = "in", value = rules.taken_since, value2 = "2199-12-31" }
    elseif rules.taken_until then
        also { criteria = "captureTime", operation = "in", value = "1800-01-01", value2 = rules.taken_until }
    end
    return description
end

-- Every photo of every duplicate group: their ids begin with "dg".
function Rules.duplicates()
    return { text("sdktext:" .. ID .. ".duplicateGroup", "beginsWith", "dg"), combine = "intersect" }
end

-- The photos of one duplicate group.
function Rules.group(group)
    return text("sdktext:" .. ID .. ".duplicateGroup", "any", group)
end

-- Photos with so many stars or more.
function Rules.rated(least)
    return { criteria = "rating", operation = ">=", value = least }
end

-- Photos whose file names begin with one of these, in any case.
function Rules.fileNames(names)
    local description = { combine = "union" }
    for i, name in ipairs(names) do description[i] = text("filename", "beginsWith", name) end
    return description
end

-- A day as people type it, as Lightroom wants it; nil where it is none.
function Rules.day(typed)
    local year, month, day = typed:match("^%s*(%d%d%d%d)%-(%d%d)%-(%d%d)%s*$")
    if not year then return nil end
    month, day = tonumber(month), tonumber(day)
    if month < 1 or month > 12 or day < 1 or day > 31 then return nil end
    return string.format("%s-%02d-%02d", year, month, day)
end

return Rules
