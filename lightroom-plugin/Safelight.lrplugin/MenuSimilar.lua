require("App").run("similar")
