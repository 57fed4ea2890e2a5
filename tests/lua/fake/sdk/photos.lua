-- LrPhoto, and the thumbnails that are on their way.
local sdk = ...
local call, idOf = sdk.call, sdk.idOf

local pending = {}
local methods = { type = function() return 'LrPhoto' end }
for _, name in ipairs {
    'getFormattedMetadata', 'setRawMetadata', 'checkPhotoAvailability', 'addKeyword', 'removeKeyword',
    'getPropertyForPlugin', 'setPropertyForPlugin',
} do
    methods[name] = sdk.method('LrPhoto', name)
end
methods.getRawMetadata = sdk.method('LrPhoto', 'getRawMetadata', function(value)
    if type(value) == 'table' then return sdk.wrapList('LrKeyword', value) end -- no other value is one
    return value
end)
function methods.requestJpegThumbnail(self, width, height, callback)
    local number = call('LrPhoto:requestJpegThumbnail', idOf[self], width, height)
    local handle = {}
    pending[number] = setmetatable({ handle = handle, callback = callback }, { __mode = 'v' })
    -- The callback is kept here, the handle is not: whoever lets go of it gets nothing.
    pending[-number] = callback
    return handle
end
sdk.class('LrPhoto', methods)

function sdk.is_thumbnail_held(number)
    collectgarbage()
    collectgarbage()
    return pending[number].handle ~= nil
end

function sdk.deliver_thumbnail(number, jpeg, problem)
    local isHeld, callback = sdk.is_thumbnail_held(number), pending[-number]
    pending[number], pending[-number] = nil, nil
    if not isHeld then return false end
    callback(jpeg, problem)
    callback(jpeg, problem) -- seen in the real one: more than once
    return true
end
