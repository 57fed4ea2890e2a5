-- The one file that touches the catalog. Everything in here runs in a task.
-- Photos are named by refs { uuid =, path = }: objects of two queries are never compared.
-- deps: catalog, plugin (_PLUGIN), tasks (LrTasks), explain, view (LrApplicationView)
local Rules = require "Rules"

local Catalog = {}

local BATCH = 200 -- writes in one step of the undo history; more would hold Lightroom up noticeably
local READS = 500
local WRITE_SECONDS = 30

function Catalog.new(deps)
    local self = { BATCH = BATCH }
    local catalog, tasks = deps.catalog, deps.tasks
    local pluginId = "org.safelight.lightroom"

    function self.path()
        return catalog:getPath()
    end

    -- Reading

    local function slices(list, size)
        local first = 1 - size
        return function()
            first = first + size
            if first > #list then return nil end
            local slice = {}
            for i = first, math.min(first + size - 1, #list) do slice[#slice + 1] = list[i] end
            return slice
        end
    end
    self.slices = slices

    -- Refs of photos, in their order.
    function self.refs(photos)
        local refs = {}
        for slice in slices(photos, READS) do
            local rows = catalog:batchGetRawMetadata(slice, { "uuid", "path" })
            for _, photo in ipairs(slice) do
                refs[#refs + 1] = { uuid = rows[photo].uuid, path = rows[photo].path }
            end
            tasks.yield()
        end
        return refs
    end

    -- The photo that a ref names; nil where this catalog has none.
    function self.find(ref)
        local photo = ref.uuid and catalog:findPhotoByUuid(ref.uuid)
        if not photo and ref.path then photo = catalog:findPhotoByPath(ref.path) end
        return photo
    end

    -- { { photo =, uuid = }, ... } of those refs that this catalog has, each photo once; and how many it has not.
    function self.resolve(refs)
        local photos, missing = {}, 0
        for i, ref in ipairs(refs) do
            local photo = self.find(ref)
            if photo then photos[#photos + 1] = photo else missing = missing + 1 end
            if i % READS == 0 then tasks.yield() end
        end
        local found, seen = {}, {}
        for i, ref in ipairs(self.refs(photos)) do
            if not seen[ref.uuid] then
                seen[ref.uuid] = true
                found[#found + 1] = { photo = photos[i], uuid = ref.uuid }
            end
        end
        return found, missing
    end

    function self.selected()
        return catalog:getTargetPhotos()
    end

    -- The photos of the folders and collections that are shown; nil where that is the whole catalog.
    function self.shown()
        local photos = {}
        for _, source in ipairs(catalog:getActiveSources()) do
            if type(source) ~= "table" then
                if source == catalog.kAllPhotos then return nil end
                return catalog:getMultipleSelectedOrAllPhotos()
            end
            local kind = source:type()
            if kind == "LrFolder" or kind == "LrCollection" or kind == "LrPublishedCollection" then
                for _, photo in ipairs(source:getPhotos()) do photos[#photos + 1] = photo end
            end
        end
        return photos
    end

    -- Photos that carry a token, or any other search description.
    function self.search(description)
        return catalog:findPhotos { searchDesc = description }
    end

    function self.carriers(token)
        return self.search(Rules.token(token))
    end

    -- Our fields of photos, in their order: a list of { name = value or nil }.
    function self.fields(photos, names)
        local values = {}
        for slice in slices(photos, READS) do
            -- The id as a string: given _PLUGIN, this call does not come back.
            local rows = catalog:batchGetPropertyForPlugin(slice, pluginId, names)
            for _, photo in ipairs(slice) do values[#values + 1] = rows[photo] or {} end
            tasks.yield()
        end
        return values
    end

    -- Raw metadata of photos, in their order; only keys that the SDK knows, or the whole batch fails.
    function self.raw(photos, keys)
        local values = {}
        for slice in slices(photos, READS) do
            local rows = catalog:batchGetRawMetadata(slice, keys)
            for _, photo in ipairs(slice) do values[#values + 1] = rows[photo] end
            tasks.yield()
        end
        return values
    end

    function self.allPhotos()
        return catalog:getAllPhotos()
    end

    -- All keywords: { { keyword =, steps = { "Animals", "Dog" }, synonyms = {} }, ... }; names of people left out.
    function self.keywords()
        local found = {}
        local function walk(keywords, above)
            for _, keyword in ipairs(keywords) do
                local steps = {}
                for i, name in ipairs(above) do steps[i] = name end
                steps[#steps + 1] = keyword:getName()
                local ok, attributes = tasks.pcall(function() return keyword:getAttributes() end)
                if not (ok and attributes and attributes.keywordType == "person") then
                    found[#found + 1] = { keyword = keyword, steps = steps, synonyms = keyword:getSynonyms() or {} }
                end
                walk(keyword:getChildren(), steps)
            end
        end
        walk(catalog:getKeywords(), {})
        return found
    end

    local function named(objects, name)
        for _, object in ipairs(objects) do
            if object:getName() == name then return object end
        end
    end

    -- The collection, smart or not, at a path of names; nil where there is none.
    function self.collectionAt(path)
        local parent = catalog
        for i = 1, #path - 1 do
            parent = named(parent:getChildCollectionSets(), path[i])
            if not parent then return nil end
        end
        return named(parent:getChildCollections(), path[#path])
    end

    -- Writing

    -- One step of the undo history. What is made in it can be read only after it.
    local function write(title, work)
        local outcome = catalog:withWriteAccessDo(title, work, { timeout = WRITE_SECONDS })
        if outcome ~= "executed" then error(deps.explain.catalogBusy()) end
    end

    local function ensureSets(title, path)
        local parent
        for i = 1, #path - 1 do
            local above = parent
            write(title, function() parent = catalog:createCollectionSet(path[i], above, true) end)
        end
        return parent
    end

    -- The collection at a path, made where it is not there: each set and the collection in a block of its own.
    function self.ensureCollection(title, path)
        local collection = self.collectionAt(path)
        if collection then return collection end
        local set = ensureSets(title, path)
        write(title, function() collection = catalog:createCollection(path[#path], set, true) end)
        return self.collectionAt(path) or collection
    end

    -- The smart collection at a path, with these rules.
    function self.ensureSmart(title, path, description)
        local collection = self.collectionAt(path)
        if collection then
            -- createSmartCollection would give it back with the old rules.
            write(title, function() collection:setSearchDescription(description) end)
            return collection
        end
        local set = ensureSets(title, path)
        write(title, function() collection = catalog:createSmartCollection(path[#path], description, set, true) end)
        return self.collectionAt(path) or collection
    end

    function self.emptyCollection(title, collection)
        write(title, function() collection:removeAllPhotos() end)
    end

    local function withUuids(photos)
        local found = {}
        for i, ref in ipairs(self.refs(photos)) do found[i] = { photo = photos[i], uuid = ref.uuid } end
        return found
    end

    -- The photos of a collection: { { photo =, uuid = }, ... }.
    function self.members(collection)
        return withUuids(collection:getPhotos())
    end

    -- The same of a keyword.
    function self.membersOfKeyword(keyword)
        return withUuids(keyword:getPhotos())
    end

    function self.rulesOf(collection)
        return collection:isSmartCollection() and collection:getSearchDescription() or nil
    end

    function self.deleteCollection(title, collection)
        write(title, function() collection:delete() end)
    end

    -- A keyword at the top level that is in no other spelling there yet; nil where Lightroom will not make it.
    function self.makeKeyword(title, name)
        local keyword
        write(title, function() keyword = catalog:createKeyword(name, {}, true, nil, true) end)
        return keyword or nil
    end

    local change = {}
    function change.field(item) item.photo:setPropertyForPlugin(deps.plugin, item.change.field, item.change.after) end
    function change.raw(item) item.photo:setRawMetadata(item.change.key, item.change.after) end
    function change.keyword(item)
        if item.change.add then item.photo:addKeyword(item.keyword) else item.photo:removeKeyword(item.keyword) end
    end
    function change.collection(item)
        if item.change.add then
            item.collection:addPhotos(item.photos)
        else
            item.collection:removePhotos(item.photos)
        end
    end

    -- Apply at most BATCH items { change = (see Changes), photo =, keyword =, collection =, photos = } in one step.
    function self.apply(title, items)
        write(title, function()
            for _, item in ipairs(items) do change[item.change.op](item) end
        end)
        tasks.yield()
    end

    -- Showing

    function self.show(collection)
        catalog:setActiveSources { collection }
        deps.view.switchToModule("library")
        deps.view.gridView()
    end

    function self.select(photos)
        if #photos > 0 then catalog:setSelectedPhotos(photos[1], photos) end
    end

    function self.isAvailable(photo)
        return photo:checkPhotoAvailability()
    end

    -- A JPEG of a photo as Lightroom shows it, at least `size` pixels wide and high; nil and why.
    function self.thumbnail(photo, size)
        local jpeg, problem, answered
        local handle = photo:requestJpegThumbnail(size, size, function(data, why)
            if answered then return end -- it may call more than once
            answered, jpeg, problem = true, data, why
        end)
        for _ = 1, 600 do
            if answered then break end
            tasks.sleep(0.1)
        end
        -- Read after the wait: Lightroom gives up a request whose handle nobody holds any more.
        return jpeg, problem or (handle and not answered and "timeout" or nil)
    end

    return self
end

return Catalog
