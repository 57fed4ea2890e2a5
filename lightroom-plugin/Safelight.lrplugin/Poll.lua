-- Asking the helper now and then what is to be done: seldom while nothing happens, and never starting it.
-- deps: helper, tasks (LrTasks), perform(action) -> ok, says, update(stamp), isBusy()
local Poll = {}

Poll.SHORTEST, Poll.LONGEST = 5, 60

-- The next pause: short after something has happened, else twice the last one.
function Poll.pause(last, happened)
    if happened then return Poll.SHORTEST end
    return math.min(last * 2, Poll.LONGEST)
end

function Poll.new(deps)
    local self = {}

    -- Ask once; whether anything happened.
    function self.once()
        if deps.isBusy() or not deps.helper.isUp() then return false end
        local answer = deps.helper.askQuietly("poll", {})
        if not answer then return false end
        for _, action in ipairs(answer.actions) do
            local ok, says = deps.perform(action)
            deps.helper.askQuietly("report", { action = action.id, ok = ok, says = says })
        end
        return deps.update(answer.stamp) or #answer.actions > 0
    end

    -- Ask until isOver() says that another one has taken over.
    function self.run(isOver)
        local pause = Poll.SHORTEST
        while true do
            deps.tasks.sleep(pause)
            if isOver() then return end
            local ok, happened = deps.tasks.pcall(self.once)
            pause = Poll.pause(pause, ok and happened)
        end
    end

    return self
end

return Poll
