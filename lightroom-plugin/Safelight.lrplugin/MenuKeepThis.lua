require("App").run("keepThis")
