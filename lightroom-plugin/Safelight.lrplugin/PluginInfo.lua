-- The section in the Plug-in Manager. Lightroom runs this file anew at each look: it starts and stops nothing.
local LrPrefs = import "LrPrefs"
local LrView = import "LrView"

local App = require "App"
local Words = require "Words"

local function standing()
    local helper = App.parts().helper
    if not helper.isUp() then
        return LOC "$$$/Safelight/Manager/Down=Safelight's helper is not running; it is started when it is needed."
    end
    local known = helper.known()
    if not known then return LOC "$$$/Safelight/Manager/Up=Safelight's helper seems to be running." end
    return Words.count(known.photos,
        "$$$/Safelight/Manager/MetOne=Safelight ^1 is running and knows ^2 photo.",
        "$$$/Safelight/Manager/Met=Safelight ^1 is running and knows ^2 photos.",
        known.version, known.photos)
end

return {
    sectionsForTopOfDialog = function(f, _)
        local prefs = LrPrefs.prefsForPlugin()
        if prefs.follow == nil then prefs.follow = true end
        return {
            {
                title = LOC "$$$/Safelight/Name=Safelight",
                bind_to_object = prefs,
                f:static_text { title = standing() },
                f:checkbox {
                    title = LOC "$$$/Safelight/Manager/Follow=Let smart collections follow by themselves when photos are indexed",
                    value = LrView.bind "follow",
                },
                f:static_text {
                    title = LOC "$$$/Safelight/Manager/Local=Everything stays on this computer.",
                },
            },
        }
    end,
}
