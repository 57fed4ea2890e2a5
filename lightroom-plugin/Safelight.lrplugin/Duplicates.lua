-- Near-duplicates: found by the helper, written onto the photos, and gathered in collections.
-- deps: helper, catalog, changes, dialogs, marks, groups, rules (Rules)
local Groups = require "Groups"
local Marks = require "Marks"
local Words = require "Words"

local Duplicates = {}

function Duplicates.new(deps)
    local self = {}
    local catalog, dialogs, marks = deps.catalog, deps.dialogs, deps.marks

    -- The groups with those of their members that are in this catalog (see Marks), where these are two or more.
    local function here(groups)
        local refs, kept, at = {}, {}, 0
        for _, group in ipairs(groups) do
            for _, member in ipairs(group.members) do refs[#refs + 1] = member end
        end
        local located = catalog.locate(refs)
        for _, group in ipairs(groups) do
            local members, seen = {}, {}
            for _, member in ipairs(group.members) do
                at = at + 1
                local it = located[at]
                if it and not seen[it.uuid] then -- one photo may be known as two: by the catalog and by its file
                    seen[it.uuid] = true
                    it.role, it.values = member.role, Marks.values(group, member)
                    members[#members + 1] = it
                end
            end
            if #members > 1 then kept[#kept + 1] = { id = group.id, name = group.name, members = members } end
        end
        return kept
    end

    local function collect(run, groups, values, scope)
        if values.target == "each" then return deps.groups.fill(run, groups, scope) end
        local path = Groups.path(LOC "$$$/Safelight/Duplicates/All=All near-duplicates")
        if not catalog.collectionAt(path) then
            run.note { { op = "collection", path = path, made = true } }
        end
        return catalog.ensureSmart(run.title, path, deps.rules.duplicates())
    end

    -- What has to be written for groups. wanted: what the dialog gave; whole: whether all of the catalog was looked at.
    local function plan(groups, wanted, whole)
        local it = { members = {}, items = {}, away = {}, gone = 0 }
        for _, group in ipairs(groups) do
            for _, member in ipairs(group.members) do it.members[#it.members + 1] = member end
        end
        marks.fields(it.members, it.items)
        marks.put(it.members, wanted, it.items)
        if whole then
            marks.clear(marks.stale(it.members), wanted, it.items)
            it.away, it.gone = deps.groups.gone(wanted.target == "each" and groups or {})
        end
        return it
    end

    local function announce(groups, it)
        local lines = {
            Words.count(#groups,
                "$$$/Safelight/Duplicates/FoundOne=^1 group with ^2 photos.",
                "$$$/Safelight/Duplicates/Found=^1 groups with ^2 photos.",
                #groups, #it.members),
            Words.count(#it.items,
                "$$$/Safelight/Duplicates/ChangesOne=^1 value is written; no photo is deleted or moved.",
                "$$$/Safelight/Duplicates/Changes=^1 values are written; no photo is deleted or moved.",
                #it.items),
        }
        if it.gone > 0 then
            lines[#lines + 1] = Words.count(it.gone,
                "$$$/Safelight/Duplicates/GoneOne=^1 collection of a group is taken away; its photos stay.",
                "$$$/Safelight/Duplicates/Gone=^1 collections of groups are taken away; their photos stay.",
                it.gone)
        end
        return dialogs.preview(LOC "$$$/Safelight/Duplicates/DialogTitle=Near-Duplicates", lines)
    end

    -- Menu: Find Near-Duplicates...
    function self.find(context, scopeOf)
        local values = dialogs.duplicates(context, {
            scope = "catalog", target = "one", keyword = false, label = false, flags = false,
        })
        if not values then return end
        local photos = catalog.within(values.scope)
        local within = photos and deps.helper.carry(catalog.refs(photos))
        local groups = here(deps.helper.ask("duplicates", { within = within }, 600).groups)
        local it = plan(groups, values, not photos)
        if #groups + #it.items + it.gone == 0 then
            return dialogs.say(LOC "$$$/Safelight/Duplicates/None=No near-duplicates were found.")
        end
        if not announce(groups, it) then return end
        local run = deps.changes.begin(LOC "$$$/Safelight/Duplicates/Step=Safelight near-duplicates")
        local scope = scopeOf(run.title)
        local written, refused = marks.withKeyword(run.title, it.items)
        deps.changes.apply(run, written, scope)
        deps.changes.apply(run, it.away, scope)
        local collection = #groups > 0 and collect(run, groups, values, scope)
        if collection then catalog.show(collection) end
        if refused then
            dialogs.warn(LOC "$$$/Safelight/Keywords/Refused=Lightroom did not make these keywords:", table.concat(Marks.KEYWORD, " > "))
        end
    end

    return self
end

return Duplicates
