require("App").run("showGroup")
