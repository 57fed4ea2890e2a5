-- The one file that touches the catalog. Everything in here runs in a task.
-- Photos are named by refs { uuid =, path = }: objects of two queries are never compared.
-- deps: catalog, plugin (_PLUGIN), tasks (LrTasks), explain, view (LrApplicationView),
--       fold (LrStringUtils.lower)
local Batches = require "Batches"
local Locating = require "Locating"
local Rules = require "Rules"
local Spellings = require "Spellings"
local Tree = require "Tree"

local Catalog = {}

local READS = 500
local WRITE_SECONDS = 30

function Catalog.new(deps)
    local self = {}
    local catalog, tasks = deps.catalog, deps.tasks
    local pluginId = "org.safelight.lightroom"
    local slices = Batches.slices

    function self.path()
        return catalog:getPath()
    end

    -- Reading

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

    -- The photo that a ref names, at its path as it is written; nil where this catalog has none.
    function self.find(ref)
        local photo = ref.uuid and catalog:findPhotoByUuid(ref.uuid)
        if not photo and ref.path then photo = catalog:findPhotoByPath(ref.path) end
        for _, path in ipairs(ref.spellings or {}) do
            photo = photo or catalog:findPhotoByPath(path)
        end
        return photo
    end

    local function folders()
        local paths = {}
        for i, folder in ipairs(catalog:getFolders()) do paths[i] = folder:getPath() end
        return paths
    end

    local function named(names)
        local photos = catalog:findPhotos { searchDesc = Rules.fileNames(names) }
        local refs = self.refs(photos)
        for i, ref in ipairs(refs) do ref.photo = photos[i] end
        return refs
    end
    local spellings = Spellings.new { search = named, folders = folders }

    local locating = Locating.new { find = self.find, refs = self.refs, spellings = spellings, yield = tasks.yield }
    self.locate, self.resolve = locating.locate, locating.resolve

    function self.selected()
        return catalog:getTargetPhotos()
    end

    -- The photo that the user points at: of several that are selected the brightest one, wherever it stands among them.
    function self.active()
        return catalog:getTargetPhoto()
    end

    -- Add the photos of a folder and all below it, a collection, or all collections of a set.
    local function gather(source, photos)
        local kind = source:type()
        if kind == "LrCollectionSet" or kind == "LrPublishedCollectionSet" then
            for _, child in ipairs(source:getChildCollections()) do gather(child, photos) end
            for _, child in ipairs(source:getChildCollectionSets()) do gather(child, photos) end
        elseif kind == "LrFolder" then
            for _, photo in ipairs(source:getPhotos(true)) do photos[#photos + 1] = photo end
        elseif kind == "LrCollection" or kind == "LrPublishedCollection" then
            for _, photo in ipairs(source:getPhotos()) do photos[#photos + 1] = photo end
        end
    end

    -- The photos of the folders and collections that are shown; nil where that is the whole catalog.
    function self.shown()
        local photos = {}
        for _, source in ipairs(catalog:getActiveSources()) do
            if type(source) ~= "table" then
                if source == catalog.kAllPhotos then return nil end
                return catalog:getMultipleSelectedOrAllPhotos()
            end
            gather(source, photos)
        end
        return photos
    end

    -- The photos of a scope as the dialogs name it; nil where that is the whole catalog.
    function self.within(scope)
        if scope == "selection" then return self.selected() end
        if scope == "source" then return self.shown() end
        return nil
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

    -- What a method of a keyword gives; nil where it fails, as some have seen it do.
    local function ask(keyword, method)
        local ok, value = tasks.pcall(function() return keyword[method](keyword) end)
        return ok and value or nil
    end

    local function nameOf(object) return ask(object, "getName") end

    local function keywordsUnder(keyword)
        if keyword then return ask(keyword, "getChildren") or {} end
        return catalog:getKeywords()
    end

    local keywordTree = Tree.new { above = keywordsUnder, below = keywordsUnder, name = nameOf, fold = deps.fold }
    local collectionTree = Tree.new {
        above = function(set) return (set or catalog):getChildCollectionSets() end,
        below = function(set) return (set or catalog):getChildCollections() end,
        name = nameOf,
        fold = deps.fold,
    }

    -- The keyword at a path of names; collections, smart or not, in the set at one, at one, at one written as it is there,
    -- and at many (see Tree).
    self.keywordAt, self.collectionsIn, self.collectionAt = keywordTree.at, collectionTree.list, collectionTree.at
    self.spelt, self.lookup = collectionTree.spelt, collectionTree.lookup

    -- All keywords: { { keyword =, steps = { "Animals", "Dog" }, synonyms = {} }, ... }; names of people left out.
    function self.keywords()
        local found = {}
        local function walk(keywords, above)
            for _, keyword in ipairs(keywords) do
                local name = ask(keyword, "getName")
                local steps = { unpack(above) }
                steps[#steps + 1] = name
                local attributes = ask(keyword, "getAttributes")
                if name and not (attributes and attributes.keywordType == "person") then
                    found[#found + 1] = { keyword = keyword, steps = steps, synonyms = ask(keyword, "getSynonyms") or {} }
                end
                if name then walk(ask(keyword, "getChildren") or {}, steps) end
            end
        end
        walk(catalog:getKeywords(), {})
        return found
    end

    -- Writing

    -- One step of the undo history. What is made in it can be read only after it.
    local function write(title, work)
        local outcome = catalog:withWriteAccessDo(title, work, { timeout = WRITE_SECONDS })
        if outcome ~= "executed" then error(deps.explain.catalogBusy()) end
    end

    local function ensureSet(title, path)
        local set
        for _, name in ipairs(path) do
            local above = set
            write(title, function() set = catalog:createCollectionSet(name, above, true) end)
        end
        return set
    end

    -- Make collections of these names in the set at a path: each set in a block of its own, many collections in one.
    function self.makeCollections(title, setPath, names)
        local set, made = #names > 0 and ensureSet(title, setPath), {}
        for batch in slices(names, Batches.WRITES) do
            write(title, function()
                for _, name in ipairs(batch) do made[#made + 1] = catalog:createCollection(name, set, true) end
            end)
        end
        return made
    end

    -- The collection at a path, made where it is not there.
    function self.ensureCollection(title, path)
        local collection = self.collectionAt(path)
        if collection then return collection end
        local made = self.makeCollections(title, Tree.setOf(path), { path[#path] })
        return self.collectionAt(path) or made[1]
    end

    -- The smart collection at a path, with these rules.
    function self.ensureSmart(title, path, description)
        local collection = self.collectionAt(path)
        if collection then
            -- createSmartCollection would give it back with the old rules.
            write(title, function() collection:setSearchDescription(description) end)
            return collection
        end
        local set = ensureSet(title, Tree.setOf(path))
        write(title, function() collection = catalog:createSmartCollection(path[#path], description, set, true) end)
        return self.collectionAt(path) or collection
    end

    -- Let the photos of a collection stand in this order: taken out and put in at the end, some at a time, none missing
    -- after any step.
    function self.refill(title, collection, found)
        for batch in slices(found, Batches.WRITES / 2) do
            local photos = {}
            for i, it in ipairs(batch) do photos[i] = it.photo end
            write(title, function()
                collection:removePhotos(photos)
                collection:addPhotos(photos)
            end)
            tasks.yield()
        end
    end

    -- The photos of a collection: { { photo =, uuid = }, ... }.
    function self.members(collection)
        local photos, found = collection:getPhotos(), {}
        for i, ref in ipairs(self.refs(photos)) do found[i] = { photo = photos[i], uuid = ref.uuid } end
        return found
    end

    -- At the place of each photo, whether it has a keyword. The photos are asked: half of a catalog may have it.
    function self.haveKeyword(photos, keyword)
        local have = {}
        for i, row in ipairs(self.raw(photos, { "keywords" })) do
            have[i] = false
            for _, it in ipairs(row.keywords or {}) do
                have[i] = have[i] or it.localIdentifier == keyword.localIdentifier
            end
        end
        return have
    end

    function self.rulesOf(collection)
        return collection:isSmartCollection() and collection:getSearchDescription() or nil
    end

    function self.deleteCollections(title, collections)
        for batch in slices(collections, Batches.WRITES) do
            write(title, function()
                for _, collection in ipairs(batch) do collection:delete() end
            end)
        end
    end

    -- The keyword at a path of names, made where it is not there; nil where Lightroom will not make it.
    function self.ensureKeyword(title, steps, onExport)
        local keyword
        for i = 1, #steps do
            local above = keyword
            keyword = self.keywordAt { unpack(steps, 1, i) }
            if not keyword then
                write(title, function() keyword = catalog:createKeyword(steps[i], {}, onExport, above, true) end)
            end
            if not keyword then return nil end -- with no parent the next one would be made at the top level
        end
        return keyword
    end

    local change = {}
    function change.field(item) item.photo:setPropertyForPlugin(deps.plugin, item.change.field, item.change.after) end
    function change.raw(item)
        -- A photo without a label is said to be grey, and made so by "none".
        item.photo:setRawMetadata(item.change.key, item.change.after == "grey" and "none" or item.change.after)
    end
    function change.keyword(item)
        if item.change.add then item.photo:addKeyword(item.keyword) else item.photo:removeKeyword(item.keyword) end
    end
    function change.rules(item) item.collection:setSearchDescription(Rules.unpacked(item.change.after)) end
    function change.collection(item)
        if item.change.gone then
            item.collection:delete()
        elseif item.change.add then
            item.collection:addPhotos(item.photos)
        else
            item.collection:removePhotos(item.photos)
        end
    end

    -- Apply a batch of items { change = (see Changes), photo =, keyword =, collection =, photos = } in one step.
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

    -- Select photos; `active` of them is the one that others are measured by, and the top of a stack made of them.
    function self.select(active, photos)
        catalog:setSelectedPhotos(active, photos)
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
