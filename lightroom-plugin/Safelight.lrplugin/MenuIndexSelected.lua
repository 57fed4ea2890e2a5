require("App").run("indexSelected")
