-- Finding by words or by photos, and putting what is found into a collection.
-- deps: helper, catalog, changes, answers, dialogs, prefs
local Marks = require "Marks"
local Problem = require "Problem"
local Words = require "Words"

local Finding = {}

local NAME_BYTES = 100
local MOST_LIKE = 30 -- the helper weighs 32 terms, and words are some

local function trimmed(text)
    return (tostring(text or ""):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- A number of photos as typed; nil where nothing was.
function Finding.limit(typed)
    local text = trimmed(typed)
    if text == "" then return nil end
    local number = tonumber(text)
    if not number or number < 1 or number > 100000 or number ~= math.floor(number) then
        error(Problem.new(
            "limit",
            LOC("$$$/Safelight/Problem/Limit=^1 is no number of photos.", text),
            LOC "$$$/Safelight/Advice/Limit=Write a whole number from 1 to 100000, or leave it empty for all that match."
        ))
    end
    return number
end

-- A short mark that tells texts apart, in whatever case.
local function mark(text)
    local sum = 0
    for i = 1, #text do sum = (sum * 31 + text:lower():byte(i)) % 16777213 end
    return string.format("%06x", sum)
end

-- The name of the collection: one line, not too long for the panel. Where the name alone does not tell which question
-- it is, a mark does: of all of a text that is cut, or of `identity`.
function Finding.name(text, identity)
    local name = trimmed(text:gsub("%s+", " "))
    local long = #name > NAME_BYTES
    if not long and not identity then return name end
    local behind = (long and "..." or "") .. " (" .. mark(name .. (identity or "")) .. ")"
    return Marks.cut(name, NAME_BYTES - #behind) .. behind
end

function Finding.new(deps)
    local self = {}
    local catalog, dialogs, prefs = deps.catalog, deps.dialogs, deps.prefs

    -- What the dialog gave, as the helper reads a question.
    function self.question(values, like, unlike)
        local limit = Finding.limit(values.limit)
        if values.match == "any" and not limit then limit = 50 end
        return {
            words = trimmed(values.words),
            like = like,
            unlike = unlike,
            since = trimmed(values.since),
            ["until"] = trimmed(values.before),
            limit = limit,
            everything = values.match == "any",
        }
    end

    -- What the helper is to search among; nil for all. Who has so many stars Lightroom knows best.
    local function within(values)
        local photos = catalog.within(values.scope)
        if values.rating == 0 then return photos and deps.helper.carry(catalog.refs(photos)) end
        local isIn, kept = {}, {}
        for _, ref in ipairs(photos and catalog.refs(photos) or {}) do isIn[ref.uuid] = true end
        for _, ref in ipairs(catalog.refs(catalog.search(deps.rules.rated(values.rating)))) do
            if not photos or isIn[ref.uuid] then kept[#kept + 1] = ref end
        end
        return deps.helper.carry(kept)
    end

    local function announce(name, found, gain, lose, missing)
        local lines = {
            Words.matching(#found),
            LOC("$$$/Safelight/Preview/AddRemove=Added to the collection: ^1; taken out: ^2.", #gain, #lose),
        }
        if missing > 0 then
            lines[#lines + 1] = Words.elsewhere(missing)
        end
        return dialogs.preview(LOC("$$$/Safelight/Preview/Collection=Collection: ^1", name), lines)
    end

    -- Make or update the collection of a question; returns a line for people. scopeOf() gives a progress scope.
    function self.deliver(question, name, within_, scopeOf)
        local found, missing, reason = deps.answers.find(question, within_)
        local path = catalog.spelt { "Safelight", "Searches", name }
        name = path[#path]
        local collection = catalog.collectionAt(path)
        local gain, lose = deps.changes.compare(collection, found)
        if #found + #lose == 0 then
            local why = reason ~= "" and reason
                or LOC "$$$/Safelight/Find/NotHere=The photos that match are not in this catalog."
            dialogs.say(LOC "$$$/Safelight/Find/Nothing=Nothing was found.", why)
            return why
        end
        if #gain + #lose > 0 then
            if not announce(name, found, gain, lose, missing) then error(Problem.cancelled) end
            local run = deps.changes.begin(LOC("$$$/Safelight/Find/Step=Safelight search: ^1", name))
            collection = deps.changes.fill(run, path, found, scopeOf(run.title))
        end
        catalog.show(collection)
        local line = Words.count(#found,
            "$$$/Safelight/Find/DoneOne=^1: ^2 photo",
            "$$$/Safelight/Find/Done=^1: ^2 photos",
            name, #found)
        dialogs.bezel(line)
        dialogs.hint(
            "customOrder",
            LOC "$$$/Safelight/Find/Order=The photos are in the order of their match.",
            LOC "$$$/Safelight/Find/OrderHow=To see them so, choose View > Sort > Custom Order; a plug-in cannot do that."
        )
        return line
    end

    local function remember(values)
        for _, key in ipairs { "words", "limit", "scope", "match", "rating", "since", "before" } do
            prefs["find_" .. key] = values[key]
        end
    end

    local function defaults()
        return {
            words = prefs.find_words or "",
            limit = prefs.find_limit or "100",
            scope = prefs.find_scope or "catalog",
            match = prefs.find_match or "good",
            rating = prefs.find_rating or 0,
            since = prefs.find_since or "",
            before = prefs.find_before or "",
        }
    end

    -- Menu: Find by Words...
    function self.byWords(context, scopeOf)
        local values = dialogs.find(context, LOC "$$$/Safelight/Find/Title=Find by Words", defaults())
        if not values or trimmed(values.words) == "" then return end
        remember(values)
        self.deliver(self.question(values), Finding.name(values.words), within(values), scopeOf)
    end

    -- Menu: Find Similar to the Selected Photos...
    function self.similar(context, scopeOf)
        local photos = catalog.selected()
        local like, unlike = catalog.refs(photos), self.lessLike()
        if #like + #unlike > MOST_LIKE then
            error(Problem.new(
                "like",
                LOC("$$$/Safelight/Problem/Like=Find Similar takes at most ^1 photos, those to keep away from included.", MOST_LIKE),
                LOC("$$$/Safelight/Advice/Like=Select fewer (selected: ^1, remembered: ^2).", #like, #unlike)
            ))
        end
        local values = defaults()
        values.words = ""
        values.scope, values.rating = "catalog", 0
        local names = self.namesOf(like)
        values.likeNames = names
        values.unlikeNames = #unlike > 0 and self.namesOf(unlike) or nil
        values.useUnlike = #unlike > 0 or nil
        values = dialogs.find(context, LOC "$$$/Safelight/Similar/Title=Find Similar Photos", values)
        if not values then return end
        local question = self.question(values, like, values.useUnlike and unlike or nil)
        question.limit = question.limit or 100 -- something is always nearest
        local name = LOC("$$$/Safelight/Similar/Name=Like ^1", names)
        if question.words ~= "" then name = name .. " + " .. question.words end
        self.deliver(question, Finding.name(name, self.identity(question)), within(values), scopeOf)
    end

    -- What tells a question about photos from another whose photos are called the same.
    function self.identity(question)
        local parts = {}
        for i, refs in ipairs { question.like, question.unlike or {} } do
            local uuids = {}
            for n, ref in ipairs(refs) do uuids[n] = ref.uuid end
            table.sort(uuids)
            parts[i] = table.concat(uuids, " ")
        end
        return table.concat(parts, "\n")
    end

    -- Menu: Remember the Selected Photos as Less Like Those
    function self.rememberLessLike()
        local uuids = {}
        for i, ref in ipairs(catalog.refs(catalog.selected())) do uuids[i] = ref.uuid end
        prefs.lessLike = table.concat(uuids, " ")
        dialogs.bezel(Words.count(#uuids,
            "$$$/Safelight/LessLike/DoneOne=^1 photo remembered for Find Similar",
            "$$$/Safelight/LessLike/Done=^1 photos remembered for Find Similar",
            #uuids))
    end

    function self.lessLike()
        local photos = {}
        for uuid in (prefs.lessLike or ""):gmatch("%S+") do
            photos[#photos + 1] = catalog.find { uuid = uuid }
        end
        return catalog.refs(photos)
    end

    -- "IMG_1.jpg, IMG_2.jpg and 3 more"
    function self.namesOf(refs)
        local names = {}
        for i = 1, math.min(#refs, 2) do
            names[i] = refs[i].path and refs[i].path:match("[^/\\]+$") or refs[i].uuid
        end
        local text = table.concat(names, ", ")
        if #refs > 2 then text = LOC("$$$/Safelight/Similar/More=^1 and ^2 more", text, #refs - 2) end
        return text
    end

    return self
end

return Finding
