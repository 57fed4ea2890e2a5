-- Indexing this catalog by the helper; photos that it cannot see are sent as thumbnails.
-- deps: helper, catalog, dialogs, tasks (LrTasks), explain, nameCatalog(path)
local Phrases = require "Phrases"
local Problem = require "Problem"
local Words = require "Words"

local Index = {}

local THUMBNAIL = 512 -- pixels; more than any model looks at
local OVER = { done = true, failed = true, cancelled = true }

-- Text as a part of a URL's query.
function Index.encoded(text)
    return (text:gsub("[^%w%-_.~]", function(letter) return string.format("%%%02X", letter:byte()) end))
end

function Index.new(deps)
    local self = {}
    local helper, catalog, dialogs = deps.helper, deps.catalog, deps.dialogs

    local function ask()
        local ok, answer = deps.tasks.pcall(helper.ask, "index")
        if ok then return answer end
        if not Problem.is(answer) or answer.code ~= "no_place" then error(answer) end
    end

    -- The helper opens no path that came in a request: where it has not met the catalog yet, it reads which one the user
    -- means in a file that only this user's programs can write.
    local function start()
        local path = catalog.path()
        return ask() or deps.nameCatalog(path) and ask() or error(deps.explain.noPlace(path))
    end

    -- Watch a job until it is over; cancelling the scope cancels the job.
    local function watch(job, scope)
        while not OVER[job.state] do
            if scope:isCanceled() then
                helper.post("/jobs/" .. job.id .. "/cancel", {})
                error(Problem.cancelled)
            end
            scope:setCaption(Phrases.stage(job.stage))
            if job.total and job.total > 0 then scope:setPortionComplete(job.done, job.total) end
            deps.tasks.sleep(1)
            job = helper.get("/jobs/" .. job.id)
        end
        if job.state == "failed" then error(Problem.new("job_failed", job.error)) end
        return job
    end

    -- Those of `photos` that the helper has no vector of: { { photo =, uuid =, path = }, ... }.
    local function unseen(photos)
        local refs = catalog.refs(photos)
        local wanted, found = {}, {}
        for _, ref in ipairs(helper.ask("missing", { photos = helper.carry(refs) }, 300).photos) do
            wanted[ref.uuid] = true
        end
        for i, ref in ipairs(refs) do
            if wanted[ref.uuid] then found[#found + 1] = { photo = photos[i], uuid = ref.uuid, path = ref.path } end
        end
        return found
    end

    -- Send photos as thumbnails, one at a time; returns how many arrived.
    local function send(found, scope)
        local sent = 0
        for i, it in ipairs(found) do
            if scope:isCanceled() then break end
            local jpeg = catalog.thumbnail(it.photo, THUMBNAIL)
            if jpeg then
                local name = Index.encoded(it.path:match("[^/\\]+$") or it.path)
                helper.sendPicture("/lightroom/thumbnail?catalog={catalog}&uuid=" .. it.uuid .. "&name=" .. name, jpeg)
                sent = sent + 1
            end
            scope:setPortionComplete(i, #found)
        end
        return sent
    end

    local function say(indexed, sent, left)
        dialogs.say(
            Words.count(indexed + sent,
                "$$$/Safelight/Index/DoneOne=^1 photo is new in the index.",
                "$$$/Safelight/Index/Done=^1 photos are new in the index.",
                indexed + sent),
            Words.count(sent,
                "$$$/Safelight/Index/SentOne=^1 of them was looked at through Lightroom's previews; ^2 could not be.",
                "$$$/Safelight/Index/Sent=^1 of them were looked at through Lightroom's previews; ^2 could not be.",
                sent, left)
        )
    end

    -- Menu: Index This Catalog...
    function self.run(_, scopeOf)
        local question = LOC "$$$/Safelight/Index/Question=Index this catalog?"
        if not dialogs.preview(question, {
            LOC "$$$/Safelight/Index/How=Safelight reads the catalog, its previews and the originals, and changes none of them.",
            LOC "$$$/Safelight/Index/Offline=Photos that it cannot reach are looked at through Lightroom's previews.",
        }) then return end
        local scope = scopeOf(LOC "$$$/Safelight/Index/Progress=Safelight is indexing")
        local job = watch(start(), scope)
        local found = unseen(catalog.allPhotos())
        local sent = send(found, scope)
        say(job.counts.indexed or 0, sent, #found - sent)
    end

    -- Menu: Index the Selected Photos
    function self.selected(_, scopeOf)
        local found = unseen(catalog.selected())
        local sent = send(found, scopeOf(LOC "$$$/Safelight/Index/Progress=Safelight is indexing"))
        say(0, sent, #found - sent)
    end

    return self
end

return Index
