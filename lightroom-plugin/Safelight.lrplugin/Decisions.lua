-- What the user decides about duplicate groups: it goes back to the helper, and the photos' marks follow.
-- Stacks cannot be made by a plug-in: the group is selected, and the user presses the keys.
-- deps: helper, catalog, changes, dialogs, marks, rules (Rules)
local Helper = require "Helper"

local Decisions = {}

function Decisions.new(deps)
    local self = {}
    local catalog, dialogs, marks = deps.catalog, deps.dialogs, deps.marks

    -- The members (see Marks) of the group of the selected photo, and its uuid; nil where it is in none.
    local function groupOfSelection()
        local selected = catalog.selected()[1]
        local group = catalog.fields({ selected }, { "duplicateGroup" })[1].duplicateGroup
        if not group then
            dialogs.say(LOC "$$$/Safelight/Duplicates/NoGroup=The selected photo is in no duplicate group.")
            return nil
        end
        return marks.read(catalog.search(deps.rules.group(group))), catalog.refs({ selected })[1].uuid
    end

    -- Menu: Select the Whole Duplicate Group
    function self.showGroup()
        local members = groupOfSelection()
        if not members then return end
        local photos = {}
        for i, it in ipairs(members) do photos[i] = it.photo end
        catalog.select(photos)
        dialogs.hint(
            "stackKeys",
            LOC("$$$/Safelight/Duplicates/Selected=^1 photos of one group are selected.", #photos),
            LOC "$$$/Safelight/Duplicates/Stack=To stack them press Ctrl+G, on a Mac Cmd+G; a plug-in cannot do that."
        )
    end

    local function tell(decision, members, keeper)
        local refs = {}
        for i, it in ipairs(members) do refs[i] = { uuid = it.uuid, path = it.path } end
        deps.helper.ask("decide", { decision = decision, photos = Helper.list(refs), keeper = keeper })
    end

    local ALL = { flags = true, label = true, keyword = true }

    -- One step for what plan(items) adds.
    local function write(plan, scopeOf)
        local run, items = deps.changes.begin(LOC "$$$/Safelight/Duplicates/Step=Safelight near-duplicates"), {}
        plan(items)
        deps.changes.apply(run, items, scopeOf(run.title))
    end

    -- Menu: Keep This One of Its Duplicate Group
    function self.keepThis(_, scopeOf)
        local members, uuid = groupOfSelection()
        if not members then return end
        local keeper
        for _, it in ipairs(members) do
            if it.uuid == uuid then keeper = it end
            it.values.duplicateRole = it.uuid == uuid and "keeper" or "duplicate"
        end
        tell("keeper", members, { uuid = keeper.uuid, path = keeper.path })
        write(function(items)
            marks.fields(members, items)
            marks.takeBack({ keeper }, ALL, items)
        end, scopeOf)
        dialogs.bezel(LOC "$$$/Safelight/Duplicates/Kept=This one is kept")
    end

    -- Menu: The Selected Photos Are Not Duplicates
    function self.notDuplicates(_, scopeOf)
        local members = marks.read(catalog.selected())
        tell("not_duplicates", members)
        write(function(items) marks.clear(members, ALL, items) end, scopeOf)
        dialogs.bezel(LOC "$$$/Safelight/Duplicates/Not=They are not duplicates")
    end

    return self
end

return Decisions
