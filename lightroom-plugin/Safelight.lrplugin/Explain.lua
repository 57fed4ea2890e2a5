-- Every way in which the helper can be out of reach, in words, with the next step.
local Problem = require "Problem"

local Explain = {}

local INSTALL = "$$$/Safelight/Advice/Install=Install Safelight, then open a terminal and type: safelight lightroom install^nRestart Lightroom afterwards." -- luacheck: no max line length

function Explain.notInstalled(path)
    if path then
        return Problem.new(
            "not_installed",
            LOC("$$$/Safelight/Problem/Gone=Safelight is no longer where it was installed: ^1", path),
            LOC(INSTALL)
        )
    end
    return Problem.new(
        "not_installed",
        LOC "$$$/Safelight/Problem/NotInstalled=This plug-in does not know where Safelight is installed.",
        LOC(INSTALL)
    )
end

function Explain.notRunning()
    return Problem.new(
        "not_running",
        LOC "$$$/Safelight/Problem/NotRunning=Safelight's helper is not running.",
        LOC "$$$/Safelight/Advice/Again=Try again; it is started when it is needed."
    )
end

-- said: what the helper printed last, or nil.
function Explain.didNotStart(said)
    return Problem.new(
        "did_not_start",
        LOC "$$$/Safelight/Problem/DidNotStart=Safelight's helper did not start.",
        said or LOC "$$$/Safelight/Advice/Doctor=Open a terminal and type: safelight doctor"
    )
end

function Explain.portBusy(port)
    return Problem.new(
        "port_busy",
        LOC("$$$/Safelight/Problem/PortBusy=Another program answers at port ^1, where Safelight's helper should be.", port),
        LOC "$$$/Safelight/Advice/Restart=Open a terminal and type: safelight stop^nThen try again; the helper finds a free port."
    )
end

function Explain.refused()
    return Problem.new(
        "refused",
        LOC "$$$/Safelight/Problem/Refused=Safelight's helper refused this plug-in's key.",
        LOC "$$$/Safelight/Advice/Restart=Open a terminal and type: safelight stop^nThen try again; the helper finds a free port."
    )
end

function Explain.wrongVersion(said)
    return Problem.new(
        "wrong_version",
        LOC "$$$/Safelight/Problem/Version=This plug-in and the installed Safelight do not fit together.",
        said or LOC "$$$/Safelight/Advice/Update=Update Safelight, type in a terminal: safelight lightroom install^nand restart Lightroom."
    )
end

function Explain.modelMissing(name)
    return Problem.new(
        "model_missing",
        LOC("$$$/Safelight/Problem/Model=The model ^1, which looks at the photos, is not on this computer.", name),
        LOC("$$$/Safelight/Advice/Model=Open a terminal and type: safelight model fetch ^1", name)
    )
end

function Explain.slow()
    return Problem.new(
        "slow",
        LOC "$$$/Safelight/Problem/Slow=Safelight's helper did not answer in time.",
        LOC "$$$/Safelight/Advice/Slow=It may be busy indexing. Nothing was changed that is not in the journal; try again."
    )
end

function Explain.lost()
    return Problem.new(
        "lost",
        LOC "$$$/Safelight/Problem/Lost=The connection to Safelight's helper was lost.",
        LOC "$$$/Safelight/Advice/Lost=Try again: what is done is kept, and what is missing is done then."
    )
end

-- What the helper refused: what is common in words of our own, the rest as the helper says it, in English.
function Explain.told(code, said)
    if code == "not_indexed" then
        return Problem.new(
            code,
            LOC "$$$/Safelight/Problem/NotIndexed=This has not been indexed yet with the model in use.",
            LOC "$$$/Safelight/Advice/NotIndexed=Choose Index This Catalog first."
        )
    end
    if code == "busy" then
        return Problem.new(
            code,
            LOC "$$$/Safelight/Problem/Busy=Safelight's helper has too much to do just now.",
            LOC "$$$/Safelight/Advice/Soon=Try again in a moment."
        )
    end
    if code == "stopping" then
        return Problem.new(
            code,
            LOC "$$$/Safelight/Problem/Stopping=Safelight's helper is ending.",
            LOC "$$$/Safelight/Advice/Soon=Try again in a moment."
        )
    end
    return Problem.new(code, said)
end

-- path: of the catalog, which the helper has not met and was not told of by the user.
function Explain.noPlace(path)
    return Problem.new(
        "no_place",
        LOC "$$$/Safelight/Problem/NoPlace=Safelight has not met this catalog yet, and this plug-in could not tell it that you want it read.",
        LOC("$$$/Safelight/Advice/NoPlace=Open a terminal once and type: safelight index ^1", '"' .. path .. '"')
    )
end

-- Lightroom itself holds the catalog, for longer than anybody wants to wait.
function Explain.catalogBusy()
    return Problem.new(
        "catalog_busy",
        LOC "$$$/Safelight/Problem/CatalogBusy=Lightroom is busy with the catalog.",
        LOC "$$$/Safelight/Advice/CatalogBusy=Wait until it has finished, and try again; what is done is kept."
    )
end

return Explain
