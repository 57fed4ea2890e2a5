-- The command line that starts the helper and does not wait for it. Pure: arguments in, text out.
local Launch = {}

local function shell(argument)
    return "'" .. argument:gsub("'", "'\\''") .. "'"
end

local function cmd(argument)
    return '"' .. argument .. '"'
end

local function quoted(arguments, quote)
    local parts = {}
    for _, argument in ipairs(arguments) do parts[#parts + 1] = quote(argument) end
    return table.concat(parts, " ")
end

-- arguments: the program's path, then what it is given. log: where its words go. home: the data folder, or nil where
-- it is the usual one.
function Launch.line(arguments, log, isWindows, home)
    if isWindows then
        -- cmd takes away the outermost quotes; the empty ones are the window's title, which start asks for.
        local set = home and 'set "SAFELIGHT_HOME=' .. home .. '"&& ' or ""
        return '"' .. set .. 'start "" /b ' .. quoted(arguments, cmd) .. " > " .. cmd(log) .. ' 2>&1"'
    end
    local set = home and "SAFELIGHT_HOME=" .. shell(home) .. " " or ""
    return set .. "nohup " .. quoted(arguments, shell) .. " > " .. shell(log) .. " 2>&1 < /dev/null &"
end

return Launch
