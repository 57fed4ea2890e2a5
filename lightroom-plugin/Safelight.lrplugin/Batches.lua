-- Long lists in pieces. Pure.
local Batches = {}

Batches.WRITES = 200 -- photos written to in one step of the undo history; more would hold Lightroom up noticeably

-- Pieces of a list, each of at most `size` items.
function Batches.slices(list, size)
    local first = 1 - size
    return function()
        first = first + size
        if first > #list then return nil end
        return { unpack(list, first, math.min(first + size - 1, #list)) }
    end
end

-- Pieces of a list of items (see Changes) that write to at most WRITES photos each.
function Batches.steps(items)
    local at = 1
    return function()
        if at > #items then return nil end
        local step, photos = {}, 0
        repeat
            step[#step + 1] = items[at]
            photos = photos + (items[at].photos and #items[at].photos or 1)
            at = at + 1
        until at > #items or photos + (items[at].photos and #items[at].photos or 1) > Batches.WRITES
        return step
    end
end

return Batches
