require("App").run("undo")
