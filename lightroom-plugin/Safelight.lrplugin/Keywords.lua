-- Suggested keywords: shown for review, written only where ticked, into the hierarchy that is there.
-- deps: helper, catalog, changes, dialogs
local Helper = require "Helper"
local Words = require "Words"

local Keywords = {}

local MOST_ROWS = 60

local function key(steps)
    return table.concat(steps, "\1")
end

-- Suggestions for photos, gathered by keyword: { { steps, new, refs }, ... }, those for most photos first.
function Keywords.gather(photos)
    local byKey, rows = {}, {}
    for _, photo in ipairs(photos) do
        for _, suggestion in ipairs(photo.suggestions) do
            local row = byKey[key(suggestion.steps)]
            if not row then
                row = { steps = suggestion.steps, new = suggestion.new, refs = {}, best = suggestion.clarity }
                byKey[key(suggestion.steps)] = row
                rows[#rows + 1] = row
            end
            row.refs[#row.refs + 1] = { uuid = photo.uuid, path = photo.path }
            row.best = math.max(row.best, suggestion.clarity)
        end
    end
    table.sort(rows, function(a, b)
        if #a.refs ~= #b.refs then return #a.refs > #b.refs end
        if a.best ~= b.best then return a.best > b.best end
        return key(a.steps) < key(b.steps)
    end)
    for i = #rows, MOST_ROWS + 1, -1 do rows[i] = nil end
    return rows
end

local function title(row)
    local name = table.concat(row.steps, " > ")
    if row.new then
        return Words.count(#row.refs,
            "$$$/Safelight/Keywords/NewOne=^1 (^2 photo, a new keyword)",
            "$$$/Safelight/Keywords/New=^1 (^2 photos, a new keyword)",
            name, #row.refs)
    end
    return Words.count(#row.refs,
        "$$$/Safelight/Keywords/RowOne=^1 (^2 photo)",
        "$$$/Safelight/Keywords/Row=^1 (^2 photos)",
        name, #row.refs)
end

function Keywords.new(deps)
    local self = {}
    local catalog, dialogs = deps.catalog, deps.dialogs

    local function ask(refs, known)
        local list = {}
        for i, it in ipairs(known) do
            list[i] = { steps = Helper.list(it.steps), synonyms = Helper.list(it.synonyms) }
        end
        return deps.helper.ask("keywords", {
            photos = deps.helper.carry(refs),
            keywords = deps.helper.carry(list),
        }, 600)
    end

    -- Those of the row's photos that do not have the keyword yet, as items.
    local function items(row, keyword)
        local found, photos, list = catalog.resolve(row.refs), {}, {}
        for i, it in ipairs(found) do photos[i] = it.photo end
        local have = catalog.haveKeyword(photos, keyword)
        for i, it in ipairs(found) do
            if not have[i] then
                list[#list + 1] = deps.changes.keyword(it.photo, it.uuid, keyword, row.steps, true)
            end
        end
        return list
    end

    local function write(rows, known, scopeOf)
        local byKey = {}
        for _, it in ipairs(known) do byKey[key(it.steps)] = it.keyword end
        local run = deps.changes.begin(LOC "$$$/Safelight/Keywords/Step=Safelight keywords")
        local scope, written, refused = scopeOf(run.title), 0, {}
        for _, row in ipairs(rows) do
            local keyword = byKey[key(row.steps)] or catalog.ensureKeyword(run.title, row.steps, true)
            if keyword then
                local list = items(row, keyword)
                deps.changes.apply(run, list, scope)
                written = written + #list
            else
                refused[#refused + 1] = table.concat(row.steps, " > ")
            end
        end
        return written, refused
    end

    -- Menu: Suggest Keywords for the Selected Photos...
    function self.suggest(context, scopeOf)
        local refs, known = catalog.refs(catalog.selected()), catalog.keywords()
        local answer = ask(refs, known)
        local rows = Keywords.gather(answer.photos)
        for _, row in ipairs(rows) do row.title = title(row) end
        if #rows == 0 then
            local why = #answer.missing > 0
                and Words.count(#answer.missing,
                    "$$$/Safelight/Keywords/MissingOne=^1 of the photos has not been indexed yet; choose Index This Catalog first.",
                    "$$$/Safelight/Keywords/Missing=^1 of the photos have not been indexed yet; choose Index This Catalog first.",
                    #answer.missing)
                or nil
            return dialogs.say(LOC "$$$/Safelight/Keywords/None=No keyword stands out for these photos.", why)
        end
        local ticked = dialogs.review(
            context,
            LOC "$$$/Safelight/Keywords/Title=Suggested Keywords",
            LOC "$$$/Safelight/Keywords/Action=Add Ticked",
            LOC "$$$/Safelight/Keywords/Intro=Only what you tick is written. Keywords of yours keep their place in the hierarchy.",
            rows
        )
        if not ticked or #ticked == 0 then return end
        local written, refused = write(ticked, known, scopeOf)
        dialogs.bezel(Words.count(written,
            "$$$/Safelight/Keywords/DoneOne=^1 keyword written",
            "$$$/Safelight/Keywords/Done=^1 keywords written",
            written))
        if #refused > 0 then
            dialogs.warn(LOC "$$$/Safelight/Keywords/Refused=Lightroom did not make these keywords:", table.concat(refused, "\n"))
        end
    end

    return self
end

return Keywords
