require("App").run("update")
