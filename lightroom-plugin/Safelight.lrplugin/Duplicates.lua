-- Near-duplicates: fields on the photos, collections of the groups, and the user's decisions, which go back.
-- Stacks cannot be made by a plug-in: the group is selected, and the user presses the keys.
-- deps: helper, catalog, changes, dialogs, rules (Rules)
local Helper = require "Helper"

local Duplicates = {}

local FIELDS = { "duplicateGroup", "duplicateRole", "duplicateReason" }
local REASON_BYTES = 511

-- At most so many bytes of a text, cut between letters of UTF-8.
function Duplicates.cut(text, bytes)
    if #text <= bytes then return text end
    while bytes > 0 and text:byte(bytes + 1) >= 128 and text:byte(bytes + 1) < 192 do bytes = bytes - 1 end
    return text:sub(1, bytes)
end

function Duplicates.new(deps)
    local self = {}
    local catalog, dialogs = deps.catalog, deps.dialogs

    -- The groups' members that are in this catalog: { { photo, uuid, group, role, reason }, ... } by group.
    local function here(groups)
        local kept = {}
        for _, group in ipairs(groups) do
            local members, seen = {}, {}
            for _, member in ipairs(group.members) do
                local it = catalog.resolve({ member })[1]
                if it and not seen[it.uuid] then -- one photo may be known as two: by the catalog and by its file
                    seen[it.uuid] = true
                    members[#members + 1] = {
                        photo = it.photo, uuid = it.uuid, role = member.role,
                        values = {
                            duplicateGroup = group.id,
                            duplicateRole = member.role,
                            duplicateReason = member.reason ~= "" and Duplicates.cut(member.reason, REASON_BYTES) or nil,
                        },
                    }
                end
            end
            if #members > 1 then
                kept[#kept + 1] = { id = group.id, name = group.name, kind = group.kind, members = members }
            end
        end
        return kept
    end

    local function photosOf(members)
        local photos = {}
        for i, it in ipairs(members) do photos[i] = it.photo end
        return photos
    end

    local function fieldItems(members, items)
        local has = catalog.fields(photosOf(members), FIELDS)
        for i, it in ipairs(members) do
            for _, name in ipairs(FIELDS) do
                local item = deps.changes.field(it.photo, it.uuid, name, has[i][name], it.values[name])
                if item then items[#items + 1] = item end
            end
        end
    end

    -- Photos that were in a group and are in none now lose their fields.
    local function staleItems(members, items)
        local still = {}
        for _, it in ipairs(members) do still[it.uuid] = true end
        local photos = catalog.search(deps.rules.duplicates())
        local gone = {}
        for i, ref in ipairs(catalog.refs(photos)) do
            if not still[ref.uuid] then gone[#gone + 1] = { photo = photos[i], uuid = ref.uuid, values = {} } end
        end
        fieldItems(gone, items)
    end

    local function markItems(members, values, items)
        local raw = catalog.raw(photosOf(members), { "pickStatus", "colorNameForLabel" })
        for i, it in ipairs(members) do
            local item
            if values.flags and it.role ~= "series" then
                local flag = it.role == "keeper" and 1 or -1
                item = deps.changes.raw(it.photo, it.uuid, "pickStatus", raw[i].pickStatus, flag)
                if item then items[#items + 1] = item end
            end
            if values.label and it.role == "duplicate" then
                item = deps.changes.raw(it.photo, it.uuid, "colorNameForLabel", raw[i].colorNameForLabel, "red")
                if item then items[#items + 1] = item end
            end
        end
    end

    local function collect(run, groups, values, scope)
        if values.target == "one" then
            local path = { "Safelight", "Duplicates", LOC "$$$/Safelight/Duplicates/All=All near-duplicates" }
            if not catalog.collectionAt(path) then
                run.note { { op = "collection", path = path, made = true } }
            end
            return catalog.ensureSmart(run.title, path, deps.rules.duplicates())
        end
        local first
        for _, group in ipairs(groups) do
            local path = { "Safelight", "Duplicates", group.name }
            local existing = catalog.collectionAt(path)
            if not existing then run.note { { op = "collection", path = path, made = true } } end
            local collection = catalog.ensureCollection(run.title, path)
            local has = {}
            for _, it in ipairs(existing and catalog.members(existing) or {}) do has[it.uuid] = true end
            local gain = {}
            for _, it in ipairs(group.members) do
                if not has[it.uuid] then gain[#gain + 1] = it end
            end
            deps.changes.apply(run, deps.changes.membership(collection, path, gain, true), scope)
            first = first or collection
        end
        return first
    end

    -- Menu: Find Near-Duplicates...
    function self.find(context, scopeOf)
        local values = dialogs.duplicates(context, { scope = "catalog", target = "one", label = false, flags = false })
        if not values then return end
        local photos
        if values.scope == "selection" then photos = catalog.selected() end
        if values.scope == "source" then photos = catalog.shown() end
        local within = photos and deps.helper.carry(catalog.refs(photos))
        local groups = here(deps.helper.ask("duplicates", { within = within }, 600).groups)
        local members, items = {}, {}
        for _, group in ipairs(groups) do
            for _, it in ipairs(group.members) do members[#members + 1] = it end
        end
        fieldItems(members, items)
        if not photos then staleItems(members, items) end
        markItems(members, values, items)
        if #groups == 0 and #items == 0 then
            return dialogs.say(LOC "$$$/Safelight/Duplicates/None=No near-duplicates were found.")
        end
        if not dialogs.preview(LOC "$$$/Safelight/Duplicates/DialogTitle=Near-Duplicates", {
            LOC("$$$/Safelight/Duplicates/Found=^1 groups with ^2 photos.", #groups, #members),
            LOC("$$$/Safelight/Duplicates/Changes=^1 values are written; no photo is deleted or moved.", #items),
        }) then return end
        local run = deps.changes.begin(LOC "$$$/Safelight/Duplicates/Step=Safelight near-duplicates")
        local scope = scopeOf(run.title)
        deps.changes.apply(run, items, scope)
        local collection = #groups > 0 and collect(run, groups, values, scope)
        if collection then catalog.show(collection) end
    end

    local function groupOfSelection()
        local selected = catalog.selected()
        local group = catalog.fields({ selected[1] }, { "duplicateGroup" })[1].duplicateGroup
        if not group then
            dialogs.say(LOC "$$$/Safelight/Duplicates/NoGroup=The selected photo is in no duplicate group.")
            return nil
        end
        return catalog.search(deps.rules.group(group)), selected
    end

    -- Menu: Select the Whole Duplicate Group
    function self.showGroup()
        local photos = groupOfSelection()
        if not photos then return end
        catalog.select(photos)
        dialogs.hint(
            "stackKeys",
            LOC("$$$/Safelight/Duplicates/Selected=^1 photos of one group are selected.", #photos),
            LOC "$$$/Safelight/Duplicates/Stack=To stack them press Ctrl+G, on a Mac Cmd+G; a plug-in cannot do that."
        )
    end

    local function decide(decision, photos, keeper)
        deps.helper.ask("decide", {
            decision = decision,
            photos = Helper.list(catalog.refs(photos)),
            keeper = keeper and catalog.refs({ keeper })[1],
        })
    end

    local function rewrite(photos, values, scopeOf)
        local run = deps.changes.begin(LOC "$$$/Safelight/Duplicates/Step=Safelight near-duplicates")
        local members, items = {}, {}
        for i, ref in ipairs(catalog.refs(photos)) do
            members[i] = { photo = photos[i], uuid = ref.uuid, values = values(ref.uuid) }
        end
        fieldItems(members, items)
        deps.changes.apply(run, items, scopeOf(run.title))
    end

    -- Menu: Keep This One of Its Duplicate Group
    function self.keepThis(_, scopeOf)
        local photos, selected = groupOfSelection()
        if not photos then return end
        local keeper = catalog.refs({ selected[1] })[1].uuid
        decide("keeper", photos, selected[1])
        local now = catalog.fields(photos, FIELDS)
        local byUuid = {}
        for i, ref in ipairs(catalog.refs(photos)) do byUuid[ref.uuid] = now[i] end
        rewrite(photos, function(uuid)
            local has = byUuid[uuid]
            return {
                duplicateGroup = has.duplicateGroup,
                duplicateRole = uuid == keeper and "keeper" or "duplicate",
                duplicateReason = has.duplicateReason,
            }
        end, scopeOf)
        dialogs.bezel(LOC "$$$/Safelight/Duplicates/Kept=This one is kept")
    end

    -- Menu: The Selected Photos Are Not Duplicates
    function self.notDuplicates(_, scopeOf)
        local selected = catalog.selected()
        decide("not_duplicates", selected)
        rewrite(selected, function() return {} end, scopeOf)
        dialogs.bezel(LOC "$$$/Safelight/Duplicates/Not=They are not duplicates")
    end

    return self
end

return Duplicates
