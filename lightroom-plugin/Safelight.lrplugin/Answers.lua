-- The photos of this catalog that answer a question, best first. Only Lightroom knows which photos it has: where the
-- question has a limit, the helper is asked on until there are as many of this catalog, or no more anywhere.
-- deps: helper, catalog
local Answers = {}

function Answers.new(deps)
    local self = {}

    local function ask(question, within, offset)
        return deps.helper.ask("search", { question = question, within = within, offset = offset })
    end

    -- Page by page; `missing` are those that match better than the last one found.
    local function pages(question)
        local found, seen, missing, offset, reason = {}, {}, 0, 0, nil
        repeat
            local answer = ask(question, nil, offset)
            for _, it in ipairs(deps.catalog.locate(answer.photos)) do
                if #found == question.limit then break end
                if not it then
                    missing = missing + 1
                elseif not seen[it.uuid] then
                    seen[it.uuid] = true
                    found[#found + 1] = it
                end
            end
            offset, reason = answer.next, reason or answer.reason
        until not offset or #found == question.limit
        return found, missing, reason
    end

    -- { { photo =, uuid = }, ... }, how many match that this catalog has not, and why nothing matches, or "".
    -- within: photos as the helper's `carry` gives them; nil for the whole catalog.
    function self.find(question, within)
        if question.limit and not within then return pages(question) end
        local answer = ask(question, within)
        local found, missing = deps.catalog.resolve(answer.photos)
        return found, missing, answer.reason
    end

    return self
end

return Answers
