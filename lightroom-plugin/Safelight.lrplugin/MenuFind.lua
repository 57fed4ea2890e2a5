require("App").run("find")
