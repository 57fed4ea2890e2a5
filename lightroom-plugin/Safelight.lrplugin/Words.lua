-- Texts that depend on a number.
local Words = {}

-- One text where the number is 1, else the other, both as LOC takes them, filled with what follows.
function Words.count(number, one, many, ...)
    return LOC(number == 1 and one or many, ...)
end

-- How many photos match.
function Words.matching(number)
    return Words.count(number,
        "$$$/Safelight/Preview/FoundOne=^1 photo matches.",
        "$$$/Safelight/Preview/Found=^1 photos match.",
        number)
end

-- How many match that this catalog has not.
function Words.elsewhere(number)
    return Words.count(number,
        "$$$/Safelight/Preview/ElsewhereOne=^1 more is not in this catalog.",
        "$$$/Safelight/Preview/Elsewhere=^1 more are not in this catalog.",
        number)
end

return Words
