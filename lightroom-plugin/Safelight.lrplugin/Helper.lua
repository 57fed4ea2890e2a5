-- Speaking with the helper: started where it is not up, every failure a Problem in words.
-- deps: http (LrHttp), json, pairing, explain, tasks (LrTasks), files, paths, launch, isWindows,
--       progress(title) -> scope, introduction() -> { plugin =, catalog =, lightroom = }
local Batches = require "Batches"
local Problem = require "Problem"

local Helper = {}

Helper.PROTOCOL = 1
Helper.PIECE = 2000 -- items of a list in one request; the helper takes a million bytes at once

local API = "/api/v1"
local START_SECONDS = 60
local STEP_SECONDS = 0.5

-- A list that dkjson writes as one even when it is empty.
function Helper.list(items)
    return setmetatable(items, { __jsontype = "array" })
end

function Helper.new(deps)
    local self = {}
    local met = {} -- who was met, and as which catalog

    local function headers(helper, kind)
        return {
            { field = "Authorization", value = "Bearer " .. helper.token },
            { field = "Content-Type", value = kind },
        }
    end

    -- One request over the wire: the decoded answer, or nil and a Problem.
    local function exchange(helper, method, path, body, kind, timeout)
        local url = "http://127.0.0.1:" .. string.format("%d", helper.port) .. API .. path
        local content, info
        if method == "GET" then
            content, info = deps.http.get(url, headers(helper, kind), timeout)
        else
            content, info = deps.http.post(url, body, headers(helper, kind), "POST", timeout)
        end
        if content == nil then
            local code = info and info.error and info.error.errorCode
            if code == "cannotConnectToHost" then return nil, deps.explain.notRunning() end
            if code == "timedOut" then return nil, deps.explain.slow() end
            return nil, deps.explain.lost()
        end
        local status = info and info.status
        local answer = deps.json.decode(content)
        if type(answer) ~= "table" then return nil, deps.explain.portBusy(helper.port) end
        if type(status) == "number" and status >= 200 and status < 300 then return answer end
        local said = type(answer.error) == "string" and answer.error or nil
        if status == 401 then return nil, deps.explain.refused() end
        if status == 404 or status == 426 or answer.code == "wrong_version" then
            return nil, deps.explain.wrongVersion(said)
        end
        if not said then return nil, deps.explain.portBusy(helper.port) end
        return nil, deps.explain.told(answer.code or "failed", said)
    end

    local function lastWords(log)
        if deps.files.exists(log) ~= "file" then return nil end
        local said = deps.files.readFile(log) or ""
        local last
        for line in said:gmatch("[^\r\n]+") do last = line end
        return last
    end

    local function answers(helper)
        return exchange(helper, "GET", "/status", nil, "application/json", 5) ~= nil
    end

    -- Start the helper and wait until it answers.
    local function start()
        local before = deps.pairing.helper()
        local command, gone = deps.pairing.command()
        if not command then error(deps.explain.notInstalled(gone)) end
        local log = deps.paths.child(deps.paths.getStandardFilePath("temp"), "safelight-start.log")
        local scope = deps.progress(LOC "$$$/Safelight/Progress/Starting=Starting Safelight")
        deps.tasks.execute(deps.launch.line(command, log, deps.isWindows, deps.pairing.movedHome()))
        for step = 1, START_SECONDS / STEP_SECONDS do
            if scope:isCanceled() then
                scope:done()
                error(Problem.cancelled)
            end
            scope:setPortionComplete(step, START_SECONDS / STEP_SECONDS)
            deps.tasks.sleep(STEP_SECONDS)
            local helper = deps.pairing.helper()
            if helper and not (before and before.token == helper.token) and answers(helper) then
                scope:done()
                return helper
            end
        end
        scope:done()
        error(deps.explain.didNotStart(lastWords(log)))
    end

    local function meet(helper)
        if met.token == helper.token then return end
        local who = deps.introduction()
        local answer, problem = exchange(helper, "POST", "/lightroom/hello", deps.json.encode {
            protocol = Helper.PROTOCOL,
            plugin = who.plugin,
            catalog = who.catalog,
            lightroom = who.lightroom,
        }, "application/json", 20)
        if not answer then return problem end
        if answer.protocol ~= Helper.PROTOCOL then return deps.explain.wrongVersion() end
        if type(answer.model) == "table" and answer.model.here == false then
            return deps.explain.modelMissing(tostring(answer.model.name))
        end
        met = { token = helper.token, catalog = answer.catalog, version = answer.version, photos = answer.photos }
    end

    local function once(helper, method, path, body, kind, timeout)
        local problem = meet(helper)
        if problem then return nil, problem end
        if type(body) == "table" then
            body.catalog = met.catalog
            body = deps.json.encode(body)
        end
        local target = path:gsub("{catalog}", met.catalog)
        return exchange(helper, method, target, body, kind, timeout)
    end

    -- Whether somebody seems to be there; asks nobody.
    function self.isUp()
        return deps.pairing.helper() ~= nil
    end

    -- The answer, or nil and a Problem; starts nothing.
    local function try(method, path, body, kind, timeout)
        local helper = deps.pairing.helper()
        if not helper then return nil, deps.explain.notRunning() end
        local answer, problem = once(helper, method, path, body, kind, timeout)
        if problem and problem.code == "refused" then
            -- A helper that has started anew has a new token, and the file tells it.
            local again = deps.pairing.helper()
            if again and again.token ~= helper.token then return once(again, method, path, body, kind, timeout) end
        end
        return answer, problem
    end

    -- Whether anybody answers: what Lightroom on Windows says of a port where nobody listens nobody has seen.
    local function isThere()
        local helper = deps.pairing.helper()
        return helper ~= nil and answers(helper)
    end

    local function must(method, path, body, kind, timeout)
        local answer, problem = try(method, path, body, kind, timeout)
        if problem and (problem.code == "not_running" or problem.code == "lost" and not isThere()) then
            start()
            answer, problem = try(method, path, body, kind, timeout)
        end
        if not answer then error(problem) end
        return answer
    end

    -- What the plug-in may ask, by name; throws a Problem.
    function self.ask(name, body, timeout)
        return must("POST", "/lightroom/" .. name, body or {}, "application/json", timeout or 120)
    end

    -- The same for the poller, which starts nothing and throws nothing.
    function self.askQuietly(name, body)
        return try("POST", "/lightroom/" .. name, body or {}, "application/json", 20)
    end

    -- The helper's own API.
    function self.get(path, timeout)
        return must("GET", path, nil, "application/json", timeout or 30)
    end

    function self.post(path, body, timeout)
        return must("POST", path, deps.json.encode(body), "application/json", timeout or 60)
    end

    function self.sendPicture(path, jpeg)
        return must("POST", path, jpeg, "image/jpeg", 60)
    end

    -- A list as a request may hold it: as it is, or sent before in pieces.
    function self.carry(items)
        if #items <= Helper.PIECE then return Helper.list(items) end
        local upload
        for piece in Batches.slices(items, Helper.PIECE) do
            upload = self.ask("upload", { upload = upload, items = Helper.list(piece) }).upload
        end
        return { upload = upload }
    end

    -- For people: version and number of photos of the helper that was met last; nil where none was.
    function self.known()
        return met.token and { version = met.version, photos = met.photos } or nil
    end

    return self
end

return Helper
