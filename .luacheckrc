-- The globals of the Lua that Lightroom Classic runs, one by one: what it lacks (os.getenv, package, loadstring,
-- coroutine.yield and more) is not in here and so is flagged.
local whole = { other_fields = true }
stds.lightroom = {
    read_globals = {
        "import", "require", "LOC", "_PLUGIN", "WIN_ENV", "MAC_ENV", "_VERSION",
        "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset",
        "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
        string = whole, table = whole, math = whole,
        io = { fields = { "open" } },
        os = { fields = { "clock", "date", "time", "tmpname" } },
        coroutine = { fields = { "canYield", "running" } },
        debug = { fields = { "getinfo" } },
    },
}
std = "lightroom"
max_line_length = 200
exclude_files = { "lightroom-plugin/Safelight.lrplugin/dkjson.lua" } -- others' work, kept as it came
