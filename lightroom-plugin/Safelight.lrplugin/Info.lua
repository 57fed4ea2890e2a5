-- What Lightroom reads first, in a loader that knows no import, require or os.
-- 6.0 is the first SDK with thumbnails on request, the newest thing that is used here.
local items = {
    { title = LOC "$$$/Safelight/Menu/Find=Find by Words...", file = "MenuFind.lua" },
    { title = LOC "$$$/Safelight/Menu/Smart=Make a Smart Collection from Words...", file = "MenuSmart.lua" },
    {
        title = LOC "$$$/Safelight/Menu/Similar=Find Similar to the Selected Photos...",
        file = "MenuSimilar.lua",
        enabledWhen = "photosSelected",
    },
    {
        title = LOC "$$$/Safelight/Menu/LessLike=Remember the Selected Photos as Less Like Those",
        file = "MenuLessLike.lua",
        enabledWhen = "photosSelected",
    },
    {
        title = LOC "$$$/Safelight/Menu/Keywords=Suggest Keywords for the Selected Photos...",
        file = "MenuKeywords.lua",
        enabledWhen = "photosSelected",
    },
    { title = LOC "$$$/Safelight/Menu/Duplicates=Find Near-Duplicates...", file = "MenuDuplicates.lua" },
    {
        title = LOC "$$$/Safelight/Menu/ShowGroup=Select the Whole Duplicate Group",
        file = "MenuShowGroup.lua",
        enabledWhen = "photosSelected",
    },
    {
        title = LOC "$$$/Safelight/Menu/KeepThis=Keep This One of Its Duplicate Group",
        file = "MenuKeepThis.lua",
        enabledWhen = "photosSelected",
    },
    {
        title = LOC "$$$/Safelight/Menu/NotDuplicates=The Selected Photos Are Not Duplicates",
        file = "MenuNotDuplicates.lua",
        enabledWhen = "photosSelected",
    },
    { title = LOC "$$$/Safelight/Menu/Index=Index This Catalog...", file = "MenuIndex.lua" },
    {
        title = LOC "$$$/Safelight/Menu/IndexSelected=Index the Selected Photos",
        file = "MenuIndexSelected.lua",
        enabledWhen = "photosSelected",
    },
    { title = LOC "$$$/Safelight/Menu/Update=Update Living Smart Collections...", file = "MenuUpdate.lua" },
    { title = LOC "$$$/Safelight/Menu/Undo=Undo Last Safelight Change...", file = "MenuUndo.lua" },
}

return {
    LrSdkVersion = 14.0,
    LrSdkMinimumVersion = 6.0,
    LrToolkitIdentifier = "org.safelight.lightroom", -- never changes: the photos' fields are keyed to it
    LrPluginName = LOC "$$$/Safelight/Name=Safelight",
    LrInitPlugin = "Init.lua",
    LrForceInitPlugin = true, -- so that living collections follow without a click first
    LrPluginInfoProvider = "PluginInfo.lua",
    LrMetadataProvider = "MetadataProvider.lua",
    LrLibraryMenuItems = items,
    LrExportMenuItems = items, -- the Library menu exists in the Library module only
    VERSION = { major = 0, minor = 1, revision = 0 },
}
