require("App").run("duplicates")
