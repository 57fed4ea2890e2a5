require("App").run("notDuplicates")
