-- What photos of duplicate groups carry: our fields, and flag, label and keyword where the user asks for them.
-- Each function adds to `items` (see Changes) what has to be written; nothing is written in here.
-- members: { { photo =, uuid =, role =, values = { field = value } }, ... }
-- deps: catalog, changes, rules (Rules)
local Marks = {}

Marks.FIELDS = { "duplicateGroup", "duplicateRole", "duplicateReason" }
Marks.KEYWORD = { "Safelight", "Duplicates", "duplicate" } -- as `safelight duplicates tag` names it

local REASON_BYTES = 511

-- At most so many bytes of a text, cut between letters of UTF-8.
function Marks.cut(text, bytes)
    if #text <= bytes then return text end
    while bytes > 0 and text:byte(bytes + 1) >= 128 and text:byte(bytes + 1) < 192 do bytes = bytes - 1 end
    return text:sub(1, bytes)
end

-- The values of our fields for a member of a group, as the helper gives both.
function Marks.values(group, member)
    return {
        duplicateGroup = group.id,
        duplicateRole = member.role,
        duplicateReason = member.reason ~= "" and Marks.cut(member.reason, REASON_BYTES) or nil,
    }
end

function Marks.new(deps)
    local self = {}
    local catalog, changes = deps.catalog, deps.changes

    local function photosOf(members)
        local photos = {}
        for i, it in ipairs(members) do photos[i] = it.photo end
        return photos
    end

    local function add(items, item)
        if item then items[#items + 1] = item end
    end

    -- The fields of members become their values.
    function self.fields(members, items)
        local has = catalog.fields(photosOf(members), Marks.FIELDS)
        for i, it in ipairs(members) do
            for _, name in ipairs(Marks.FIELDS) do
                add(items, changes.field(it.photo, it.uuid, name, has[i][name], it.values[name]))
            end
        end
    end

    -- Photos as members of the groups that their fields say they are in.
    function self.read(photos)
        local members, values = {}, catalog.fields(photos, Marks.FIELDS)
        for i, ref in ipairs(catalog.refs(photos)) do
            members[i] = {
                photo = photos[i], uuid = ref.uuid, path = ref.path, role = values[i].duplicateRole, values = values[i],
            }
        end
        return members
    end

    -- All that say they are in a group and are none of `members`.
    function self.stale(members)
        local still, gone = {}, {}
        for _, it in ipairs(members) do still[it.uuid] = true end
        for _, it in ipairs(self.read(catalog.search(deps.rules.duplicates()))) do
            if not still[it.uuid] then gone[#gone + 1] = it end
        end
        return gone
    end

    local function carriers()
        local keyword, has = catalog.keywordAt(Marks.KEYWORD), {}
        for _, it in ipairs(keyword and catalog.membersOfKeyword(keyword) or {}) do has[it.uuid] = true end
        return has, keyword
    end

    -- What the user asked for. wanted: flags, label and keyword, each whether it is to be written.
    function self.put(members, wanted, items)
        local raw = catalog.raw(photosOf(members), { "pickStatus", "colorNameForLabel" })
        local has, keyword = {}, nil
        if wanted.keyword then has, keyword = carriers() end
        for i, it in ipairs(members) do
            if wanted.flags and it.role ~= "series" then
                local flag = it.role == "keeper" and 1 or -1
                add(items, changes.raw(it.photo, it.uuid, "pickStatus", raw[i].pickStatus, flag))
            end
            if wanted.label and it.role == "duplicate" then
                add(items, changes.raw(it.photo, it.uuid, "colorNameForLabel", raw[i].colorNameForLabel, "red"))
            end
            if wanted.keyword and it.role == "duplicate" and not has[it.uuid] then
                add(items, changes.keyword(it.photo, it.uuid, keyword, Marks.KEYWORD, true))
            end
        end
    end

    -- Photos that are in no group any more lose their fields, and those that were duplicates the marks of `wanted`:
    -- somebody might delete what is still rejected.
    function self.clear(members, wanted, items)
        for _, it in ipairs(members) do it.values = {} end
        self.fields(members, items)
        self.takeBack(members, wanted, items)
    end

    -- Flag, label and keyword of those whose role was "duplicate", as put() writes them.
    function self.takeBack(members, wanted, items)
        local raw = catalog.raw(photosOf(members), { "pickStatus", "colorNameForLabel" })
        local has, keyword = {}, nil
        if wanted.keyword then has, keyword = carriers() end
        for i, it in ipairs(members) do
            if it.role == "duplicate" then
                if wanted.flags and raw[i].pickStatus == -1 then
                    add(items, changes.raw(it.photo, it.uuid, "pickStatus", -1, 0))
                end
                if wanted.label and raw[i].colorNameForLabel == "red" then
                    add(items, changes.raw(it.photo, it.uuid, "colorNameForLabel", "red", "grey"))
                end
                if has[it.uuid] then add(items, changes.keyword(it.photo, it.uuid, keyword, Marks.KEYWORD, false)) end
            end
        end
    end

    -- Make the keyword where items need it and it is not there yet; the items without those that cannot be written.
    function self.withKeyword(title, items)
        local keyword, kept, refused = nil, {}, false
        for _, item in ipairs(items) do
            if item.change.op == "keyword" and not item.keyword then
                keyword = keyword or not refused and catalog.ensureKeyword(title, Marks.KEYWORD, false)
                refused = not keyword
                item.keyword = keyword or nil
            end
            if item.change.op ~= "keyword" or item.keyword then kept[#kept + 1] = item end
        end
        return kept, refused
    end

    return self
end

return Marks
