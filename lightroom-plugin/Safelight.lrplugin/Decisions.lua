-- What the user decides about duplicate groups: it goes back to the helper, and the photos' marks follow.
-- Stacks cannot be made by a plug-in: the group is selected, and the user presses the keys.
-- deps: helper, catalog, changes, dialogs, marks, rules (Rules)
local Helper = require "Helper"
local Words = require "Words"

local Decisions = {}

function Decisions.new(deps)
    local self = {}
    local catalog, dialogs, marks = deps.catalog, deps.dialogs, deps.marks

    -- The members (see Marks) of the group of the photo that the user points at, and which of them it is; nil where it is
    -- in none.
    local function groupOfSelection()
        local active = catalog.active()
        local group = active and catalog.fields({ active }, { "duplicateGroup" })[1].duplicateGroup
        if group then
            local members, uuid = marks.read(catalog.search(deps.rules.group(group))), catalog.refs({ active })[1].uuid
            for _, it in ipairs(members) do
                if it.uuid == uuid then return members, it end
            end
        end
        dialogs.say(LOC "$$$/Safelight/Duplicates/NoGroup=The selected photo is in no duplicate group.")
    end

    -- Menu: Select the Whole Duplicate Group
    function self.showGroup()
        local members, chosen = groupOfSelection()
        if not members then return end
        local photos, top = {}, chosen
        for i, it in ipairs(members) do
            photos[i] = it.photo
            if it.role == "keeper" then top = it end
        end
        catalog.select(top.photo, photos)
        dialogs.hint(
            "stackKeys",
            Words.count(#photos,
                "$$$/Safelight/Duplicates/SelectedOne=^1 photo of this group is in the catalog.",
                "$$$/Safelight/Duplicates/Selected=^1 photos of one group are selected.",
                #photos),
            LOC "$$$/Safelight/Duplicates/Stack=To stack them press Ctrl+G, on a Mac Cmd+G; a plug-in cannot do that."
        )
    end

    local function tell(decision, members, keeper)
        local refs = {}
        for i, it in ipairs(members) do refs[i] = { uuid = it.uuid, path = it.path } end
        deps.helper.ask("decide", { decision = decision, photos = Helper.list(refs), keeper = keeper })
    end

    local ALL = { flags = true, label = true, keyword = true }

    -- Show what a decision changes, tell it to the helper and write it, in one step; whether the user wanted it.
    local function settle(question, line, items, decide, scopeOf)
        local written = Words.count(#items,
            "$$$/Safelight/Duplicates/ValuesOne=^1 value is written.",
            "$$$/Safelight/Duplicates/Values=^1 values are written.",
            #items)
        if not dialogs.preview(question, { line, written }) then return false end
        decide()
        local run = deps.changes.begin(LOC "$$$/Safelight/Duplicates/Step=Safelight near-duplicates")
        deps.changes.apply(run, items, scopeOf(run.title))
        return true
    end

    -- Menu: Keep This One of Its Duplicate Group
    function self.keepThis(_, scopeOf)
        local members, keeper = groupOfSelection()
        if not members then return end
        if keeper.role == "series" then
            return dialogs.say(
                LOC "$$$/Safelight/Duplicates/Series=The selected photo is one of a series.",
                LOC "$$$/Safelight/Duplicates/SeriesWhat=Its photos belong together and are no duplicates: there is none to keep in place of the others."
            )
        end
        local items = {}
        for _, it in ipairs(members) do it.values.duplicateRole = it == keeper and "keeper" or "duplicate" end
        marks.fields(members, items)
        marks.takeBack({ keeper }, ALL, items)
        local name = keeper.path:match("[^/\\]+$") or keeper.path
        local question = LOC("$$$/Safelight/Duplicates/Keep=Keep ^1 of its group?", name)
        local line = Words.count(#members - 1,
            "$$$/Safelight/Duplicates/KeepWhatOne=The other one is its duplicate then.",
            "$$$/Safelight/Duplicates/KeepWhat=^1 others are its duplicates then.",
            #members - 1)
        if settle(question, line, items, function()
            tell("keeper", members, { uuid = keeper.uuid, path = keeper.path })
        end, scopeOf) then
            dialogs.bezel(LOC "$$$/Safelight/Duplicates/Kept=This one is kept")
        end
    end

    -- Menu: The Selected Photos Are Not Duplicates
    function self.notDuplicates(_, scopeOf)
        local members, items = marks.read(catalog.selected()), {}
        marks.clear(members, ALL, items)
        local question = Words.count(#members,
            "$$$/Safelight/Duplicates/NotQuestionOne=Is this photo no duplicate?",
            "$$$/Safelight/Duplicates/NotQuestion=Are these ^1 photos no duplicates?",
            #members)
        local line = LOC "$$$/Safelight/Duplicates/NotWhat=The marks of duplicates are taken away."
        if settle(question, line, items, function() tell("not_duplicates", members) end, scopeOf) then
            dialogs.bezel(LOC "$$$/Safelight/Duplicates/Not=They are not duplicates")
        end
    end

    return self
end

return Decisions
