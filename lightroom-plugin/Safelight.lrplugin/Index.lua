-- Indexing this catalog by the helper; photos that it cannot see are sent as thumbnails.
-- deps: helper, catalog, dialogs, tasks (LrTasks), problem (Problem, the module)
local Problem = require "Problem"

local Index = {}

local THUMBNAIL = 512 -- pixels; more than any model looks at
local OVER = { done = true, failed = true, cancelled = true }

function Index.new(deps)
    local self = {}
    local helper, catalog, dialogs = deps.helper, deps.catalog, deps.dialogs

    local function placeOf(path)
        for _, place in ipairs(helper.get("/places").places) do
            if place.path == path then return place.id end
        end
        error(Problem.new(
            "no_place",
            LOC "$$$/Safelight/Problem/NoPlace=Safelight has not met this catalog yet, and reads no file only because a plug-in names it.",
            LOC("$$$/Safelight/Advice/NoPlace=Open a terminal once and type: safelight index ^1", '"' .. path .. '"')
        ))
    end

    -- Watch a job until it is over; cancelling the scope cancels the job.
    local function watch(job, scope)
        while not OVER[job.state] do
            if scope:isCanceled() then
                helper.post("/jobs/" .. job.id .. "/cancel", {})
                error(Problem.cancelled)
            end
            scope:setCaption(tostring(job.stage))
            if job.total and job.total > 0 then scope:setPortionComplete(job.done, job.total) end
            deps.tasks.sleep(1)
            job = helper.get("/jobs/" .. job.id)
        end
        if job.state == "failed" then error(Problem.new("job_failed", job.error)) end
        return job
    end

    -- Those of `photos` that the helper has no vector of.
    local function unseen(photos)
        local refs, missing = catalog.refs(photos), {}
        for batch in catalog.slices(refs, 1000) do
            for _, ref in ipairs(helper.ask("missing", { photos = batch }).photos) do missing[#missing + 1] = ref end
        end
        return catalog.resolve(missing)
    end

    -- Send photos as thumbnails, one at a time; returns how many arrived.
    local function send(found, scope)
        local sent = 0
        for i, it in ipairs(found) do
            if scope:isCanceled() then break end
            local jpeg = catalog.thumbnail(it.photo, THUMBNAIL)
            if jpeg then
                helper.sendPicture("/lightroom/thumbnail?catalog={catalog}&uuid=" .. it.uuid, jpeg)
                sent = sent + 1
            end
            scope:setPortionComplete(i, #found)
        end
        return sent
    end

    -- Menu: Index This Catalog...
    function self.run(_, scopeOf)
        local path = catalog.path()
        local question = LOC "$$$/Safelight/Index/Question=Index this catalog?"
        if not dialogs.preview(question, {
            LOC "$$$/Safelight/Index/How=Safelight reads the catalog, its previews and the originals, and changes none of them.",
            LOC "$$$/Safelight/Index/Offline=Photos that it cannot reach are looked at through Lightroom's previews.",
        }) then return end
        local scope = scopeOf(LOC "$$$/Safelight/Index/Progress=Safelight is indexing")
        local job = watch(helper.post("/jobs", { kind = "index", place = placeOf(path) }), scope)
        local found = unseen(catalog.allPhotos())
        local sent = #found > 0 and send(found, scope) or 0
        dialogs.say(
            LOC("$$$/Safelight/Index/Done=^1 photos are new in the index.", (job.counts.indexed or 0) + sent),
            LOC("$$$/Safelight/Index/Sent=^1 of them were looked at through Lightroom's previews; ^2 could not be.",
                sent, #found - sent)
        )
    end

    return self
end

return Index
