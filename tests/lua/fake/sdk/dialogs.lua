-- LrDialogs, LrView and LrBinding: what the user sees and fills in.
local sdk = ...
local call = sdk.call

sdk.module('LrDialogs', {
    message = sdk.plain('LrDialogs.message'),
    showBezel = sdk.plain('LrDialogs.showBezel'),
    showError = sdk.plain('LrDialogs.error_dialog'),
    messageWithDoNotShow = sdk.plain('LrDialogs.messageWithDoNotShow'),
    confirm = sdk.plain('LrDialogs.confirm'),
    presentModalDialog = sdk.plain('LrDialogs.presentModalDialog'),
    runOpenPanel = sdk.plain('LrDialogs.runOpenPanel'),
    attachErrorDialogToFunctionContext = function(context) context.showsErrors = true end,
})

local controls = {
    'row', 'column', 'spacer', 'checkbox', 'radio_button', 'edit_field', 'combo_box', 'group_box', 'catalog_photo',
    'popup_menu', 'simple_list', 'scrolled_view', 'push_button', 'separator', 'slider', 'static_text', 'view',
}
local factory = {}
for _, kind in ipairs(controls) do
    factory[kind] = function(self, arguments)
        if self ~= factory then call('violation', 'a view factory was called with a dot') end
        if kind == 'popup_menu' and #arguments.items > 30 then
            call('violation', 'a popup_menu does not scroll: ' .. #arguments.items .. ' items')
        end
        arguments.view_kind = kind
        return arguments
    end
end
sdk.module('LrView', {
    osFactory = function()
        return setmetatable({}, { __index = function(_, key)
            local make = factory[key]
            if key == 'dialog_spacing' then return function() return 10 end end
            if key == 'control_spacing' then return function() return 5 end end
            if key == 'label_spacing' then return function() return 5 end end
            if not make then call('violation', 'LrView has no control ' .. tostring(key)) end
            return function(_, arguments) return make(factory, arguments) end
        end })
    end,
    bind = function(key) return { bound = type(key) == 'table' and key.key or key } end,
    share = function(key) return key end,
})
sdk.module('LrBinding', {
    makePropertyTable = function(context)
        if type(context) ~= 'table' or context.dead then
            call('violation', 'LrBinding.makePropertyTable wants a living function context')
        end
        local values, observers = {}, {}
        return setmetatable({}, {
            __index = function(_, key)
                if key == 'addObserver' then
                    return function(_, name, f) observers[name] = f end
                end
                return values[key]
            end,
            __newindex = function(self, key, value)
                values[key] = value
                if observers[key] then observers[key](self, key, value) end
            end,
        })
    end,
    negativeOfKey = function(key) return { bound = key, negated = true } end,
})
