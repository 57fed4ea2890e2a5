-- What photos of duplicate groups carry: our fields, and flag, label and keyword where the user asks for them.
-- Each function adds to `items` (see Changes) what has to be written; nothing is written in here.
-- members: { { photo =, uuid =, role =, values = { field = value } }, ... }
-- deps: catalog, changes, rules (Rules)
local Phrases = require "Phrases"

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
    local reason = Phrases.said(member.phrases, member.reason)
    return {
        duplicateGroup = group.id,
        duplicateRole = member.role,
        duplicateReason = reason ~= "" and Marks.cut(reason, REASON_BYTES) or nil,
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

    -- Call visit(member, its raw metadata, whether it has our keyword, that keyword) for each; the keyword where `wanted`.
    local function look(members, wanted, visit)
        local photos = photosOf(members)
        local raw = catalog.raw(photos, { "pickStatus", "colorNameForLabel" })
        local keyword = wanted.keyword and catalog.keywordAt(Marks.KEYWORD) or nil
        local have = keyword and catalog.haveKeyword(photos, keyword) or {}
        for i, it in ipairs(members) do visit(it, raw[i], have[i], keyword) end
    end

    local function flag(it, raw, value)
        return changes.raw(it.photo, it.uuid, "pickStatus", raw.pickStatus, value)
    end

    local function label(it, raw, value)
        return changes.raw(it.photo, it.uuid, "colorNameForLabel", raw.colorNameForLabel, value)
    end

    -- What the user asked for. wanted: flags, label and keyword, each whether it is to be written.
    function self.put(members, wanted, items)
        look(members, wanted, function(it, raw, has, keyword)
            if wanted.flags and it.role ~= "series" then add(items, flag(it, raw, it.role == "keeper" and 1 or -1)) end
            if it.role ~= "duplicate" then return end
            if wanted.label then add(items, label(it, raw, "red")) end
            if wanted.keyword and not has then
                add(items, changes.keyword(it.photo, it.uuid, keyword, Marks.KEYWORD, true))
            end
        end)
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
        look(members, wanted, function(it, raw, has, keyword)
            if it.role ~= "duplicate" then return end
            if wanted.flags and raw.pickStatus == -1 then add(items, flag(it, raw, 0)) end
            if wanted.label and raw.colorNameForLabel == "red" then add(items, label(it, raw, "grey")) end
            if has then add(items, changes.keyword(it.photo, it.uuid, keyword, Marks.KEYWORD, false)) end
        end)
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
