-- Where the helper says who it is: helper.json in Safelight's data folder, readable by this user alone.
-- deps: files (LrFileUtils), paths (LrPathUtils), json, pluginFolder, isWindows
local Pairing = {}

local SETTINGS = "installed.json"
local CONSENT = "lightroom-catalog.txt"

local function read(deps, path)
    if deps.files.exists(path) ~= "file" then return nil end
    local content = deps.files.readFile(path)
    local value = content and deps.json.decode(content)
    return type(value) == "table" and value or nil
end

local function standardHome(deps)
    local home = deps.paths.getStandardFilePath("home")
    local steps = deps.isWindows and { "AppData", "Local", "safelight" }
        or { "Library", "Application Support", "safelight" }
    for _, step in ipairs(steps) do home = deps.paths.child(home, step) end
    return home
end

function Pairing.new(deps)
    local self = {}

    -- What `safelight lightroom install` left beside this file: { home =, command = { program, ... } }.
    function self.settings()
        return read(deps, deps.paths.child(deps.pluginFolder, SETTINGS)) or {}
    end

    function self.home()
        local home = self.settings().home
        return type(home) == "string" and home or standardHome(deps)
    end

    -- The data folder where it is not the usual one: a helper that Lightroom starts cannot know it otherwise.
    function self.movedHome()
        local home = self.home()
        return home ~= standardHome(deps) and home or nil
    end

    -- { port =, token =, started = }; nil where no helper has said anything, or nothing that can be used.
    function self.helper()
        local said = read(deps, deps.paths.child(self.home(), "helper.json"))
        if not said or type(said.token) ~= "string" or type(said.port) ~= "number" then return nil end
        if said.port ~= math.floor(said.port) or said.port < 1 or said.port > 65535 then return nil end
        if said.token:find("[^%w%-_]") or said.token == "" then return nil end
        return { port = said.port, token = said.token, started = tostring(said.started) }
    end

    -- Say which catalog the user wants read, in the file that the helper has made for it; whether that could be said.
    function self.nameCatalog(path)
        local consent = deps.paths.child(self.home(), CONSENT)
        if deps.files.exists(consent) ~= "file" then return false end
        local file = io.open(consent, "wb")
        if not file then return false end -- seen on Windows, where a user's name is not ASCII
        file:write(path)
        file:close()
        return true
    end

    -- The program and its arguments; nil where it is not known, and the path where it is no longer there.
    function self.command()
        local command = self.settings().command
        if type(command) ~= "table" or type(command[1]) ~= "string" then return nil end
        if deps.files.exists(command[1]) ~= "file" then return nil, command[1] end
        return command
    end

    return self
end

return Pairing
