-- A problem that the user can act on: thrown with error(), shown by App in one dialog, with what to do next.
local Problem = {}
Problem.__index = Problem

-- code names it for the program; text says what was wrong, advice what to do next.
function Problem.new(code, text, advice)
    return setmetatable({ code = code, text = text, advice = advice }, Problem)
end

-- The user has cancelled: nothing to say.
Problem.cancelled = Problem.new("cancelled", "")

function Problem.is(value)
    return type(value) == "table" and getmetatable(value) == Problem
end

return Problem
