-- The field `queries`: tokens of one length, separated by blanks, so that "contains" finds whole ones only.
local Tokens = {}

Tokens.FIELD_BYTES = 511
Tokens.LENGTH = 10
Tokens.MOST = math.floor((Tokens.FIELD_BYTES + 1) / (Tokens.LENGTH + 1)) -- 46

function Tokens.isToken(text)
    return type(text) == "string" and #text == Tokens.LENGTH and text:match("^[a-z0-9]+$") ~= nil
end

local function split(value)
    local tokens = {}
    for token in (value or ""):gmatch("%S+") do tokens[#tokens + 1] = token end
    return tokens
end

function Tokens.has(value, token)
    for _, known in ipairs(split(value)) do
        if known == token then return true end
    end
    return false
end

-- The value with the token in it; nil and "full" where there is no room for one more.
function Tokens.add(value, token)
    if Tokens.has(value, token) then return value end
    local tokens = split(value)
    if #tokens >= Tokens.MOST then return nil, "full" end
    tokens[#tokens + 1] = token
    return table.concat(tokens, " ")
end

-- The value without the token; nil where nothing is left, which empties the field.
function Tokens.remove(value, token)
    local kept = {}
    for _, known in ipairs(split(value)) do
        if known ~= token then kept[#kept + 1] = known end
    end
    if #kept == 0 then return nil end
    return table.concat(kept, " ")
end

return Tokens
