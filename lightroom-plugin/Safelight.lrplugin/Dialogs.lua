-- Every dialog. Values come in and go out as plain tables; nothing in here knows helper or catalog.
-- deps: dialogs (LrDialogs), view (LrView), binding (LrBinding)
local Dialogs = {}

local WIDTH = 34

function Dialogs.new(deps)
    local self = {}
    local bind = deps.view.bind

    local function label(f, title)
        return f:static_text { title = title, alignment = "right", width = deps.view.share "safelight_label" }
    end

    local function field(f, title, key, width)
        return f:row { label(f, title), f:edit_field { value = bind(key), width_in_chars = width or WIDTH } }
    end

    local function choice(f, title, key, items)
        return f:row { label(f, title), f:popup_menu { value = bind(key), items = items } }
    end

    local function note(f, text)
        return f:static_text { title = text, width_in_chars = WIDTH + 20, height_in_lines = -1 }
    end

    -- Show rows(f) bound to values; the values as they are then, or nil where the user cancelled.
    local function form(context, title, action, values, rows)
        local f, props = deps.view.osFactory(), deps.binding.makePropertyTable(context)
        local keys = {}
        for key, value in pairs(values) do
            props[key] = value
            keys[#keys + 1] = key
        end
        local contents = rows(f)
        contents.bind_to_object = props
        contents.spacing = f:control_spacing()
        local pressed = deps.dialogs.presentModalDialog {
            title = title,
            contents = f:column(contents),
            actionVerb = action,
        }
        if pressed ~= "ok" then return nil end
        local given = {}
        for _, key in ipairs(keys) do given[key] = props[key] end
        return given
    end

    local function scopes()
        return {
            { title = LOC "$$$/Safelight/Scope/Catalog=The whole catalog", value = "catalog" },
            { title = LOC "$$$/Safelight/Scope/Source=What is shown now", value = "source" },
            { title = LOC "$$$/Safelight/Scope/Selection=The selected photos", value = "selection" },
        }
    end

    local function matches()
        return {
            { title = LOC "$$$/Safelight/Match/Good=Only what really matches", value = "good" },
            { title = LOC "$$$/Safelight/Match/Any=Also what comes nearest", value = "any" },
        }
    end

    local function ratings()
        local stars = {}
        for i = 0, 5 do
            stars[i + 1] = { title = i == 0 and LOC "$$$/Safelight/Smart/AnyRating=any" or ("*"):rep(i), value = i }
        end
        return stars
    end

    local function asked(f, values)
        local rows = { field(f, LOC "$$$/Safelight/Find/Words=Words:", "words") }
        if values.likeNames then
            rows[#rows + 1] = note(f, LOC("$$$/Safelight/Find/Like=Like: ^1", values.likeNames))
        end
        if values.unlikeNames then
            rows[#rows + 1] = f:checkbox {
                title = LOC("$$$/Safelight/Find/Unlike=Less like those: ^1", values.unlikeNames),
                value = bind "useUnlike",
            }
        end
        return rows
    end

    -- values: words, limit, scope, rating, since, before, match; likeNames, unlikeNames and useUnlike where there are any.
    function self.find(context, title, values)
        return form(context, title, LOC "$$$/Safelight/Find/Action=Find", values, function(f)
            local rows = asked(f, values)
            rows[#rows + 1] = field(f, LOC "$$$/Safelight/Find/Limit=At most:", "limit", 6)
            rows[#rows + 1] = choice(f, LOC "$$$/Safelight/Find/Scope=Among:", "scope", scopes())
            rows[#rows + 1] = choice(f, LOC "$$$/Safelight/Find/Match=Match:", "match", matches())
            rows[#rows + 1] = choice(f, LOC "$$$/Safelight/Smart/Rating=Rating at least:", "rating", ratings())
            rows[#rows + 1] = field(f, LOC "$$$/Safelight/Find/Since=Taken since:", "since", 12)
            rows[#rows + 1] = field(f, LOC "$$$/Safelight/Find/Until=Taken until:", "before", 12)
            rows[#rows + 1] = note(f, LOC "$$$/Safelight/Find/Help=A minus takes away: dog -beach. Dates: 2019, 2019-07, 30d, 2y.")
            return rows
        end)
    end

    -- values: words, name, limit, rating, keyword, since, before.
    function self.smart(context, values)
        local title = LOC "$$$/Safelight/Smart/DialogTitle=Smart Collection from Words"
        return form(context, title, LOC "$$$/Safelight/Smart/Action=Go On", values, function(f)
            return {
                field(f, LOC "$$$/Safelight/Find/Words=Words:", "words"),
                field(f, LOC "$$$/Safelight/Smart/Name=Name:", "name"),
                field(f, LOC "$$$/Safelight/Find/Limit=At most:", "limit", 6),
                choice(f, LOC "$$$/Safelight/Smart/Rating=Rating at least:", "rating", ratings()),
                field(f, LOC "$$$/Safelight/Smart/Keyword=With keyword:", "keyword"),
                field(f, LOC "$$$/Safelight/Find/Since=Taken since:", "since", 12),
                field(f, LOC "$$$/Safelight/Find/Until=Taken until:", "before", 12),
                note(f, LOC "$$$/Safelight/Smart/Help=Matching photos get a mark that the smart collection looks for. The marks follow when photos are indexed. Days are written 2019-07-04."),
            }
        end)
    end

    -- rows: { { title =, checked = false }, ... }; the same with checked as ticked, or nil.
    function self.review(context, title, action, intro, rows)
        local values = {}
        for i, row in ipairs(rows) do values["row" .. i] = row.checked or false end
        local given = form(context, title, action, values, function(f)
            local boxes = {}
            for i, row in ipairs(rows) do
                boxes[i] = f:checkbox { title = row.title, value = bind("row" .. i) }
            end
            return { note(f, intro), f:scrolled_view { width = 460, height = 360, f:column(boxes) } }
        end)
        if not given then return nil end
        local ticked = {}
        for i, row in ipairs(rows) do
            if given["row" .. i] then ticked[#ticked + 1] = row end
        end
        return ticked
    end

    -- values: scope, target ("one", "each"), keyword, label, flags.
    function self.duplicates(context, values)
        local title = LOC "$$$/Safelight/Duplicates/DialogTitle=Near-Duplicates"
        return form(context, title, LOC "$$$/Safelight/Find/Action=Find", values, function(f)
            return {
                choice(f, LOC "$$$/Safelight/Find/Scope=Among:", "scope", scopes()),
                choice(f, LOC "$$$/Safelight/Duplicates/Target=Make:", "target", {
                    { title = LOC "$$$/Safelight/Duplicates/One=one smart collection of all", value = "one" },
                    { title = LOC "$$$/Safelight/Duplicates/Each=a collection for each group", value = "each" },
                }),
                f:checkbox {
                    title = LOC "$$$/Safelight/Duplicates/Keyword=Give duplicates the keyword Safelight > Duplicates > duplicate",
                    value = bind "keyword",
                },
                f:checkbox { title = LOC "$$$/Safelight/Duplicates/Label=Give duplicates the red label", value = bind "label" },
                f:checkbox {
                    title = LOC "$$$/Safelight/Duplicates/Flags=Flag keepers as picked and duplicates as rejected",
                    value = bind "flags",
                },
            }
        end)
    end

    -- What is about to change; whether to go on.
    function self.preview(title, lines)
        return deps.dialogs.confirm(title, table.concat(lines, "\n"), LOC "$$$/Safelight/Preview/Go=Do It") == "ok"
    end

    function self.say(text, more)
        deps.dialogs.message(text, more, "info")
    end

    function self.warn(text, more)
        deps.dialogs.message(text, more, "warning")
    end

    function self.fault(text, more)
        deps.dialogs.message(text, more, "critical")
    end

    -- Said until the user ticks "do not show again".
    function self.hint(key, text, more)
        deps.dialogs.messageWithDoNotShow { message = text, info = more, actionPrefKey = key }
    end

    function self.bezel(text)
        deps.dialogs.showBezel(text)
    end

    return self
end

return Dialogs
